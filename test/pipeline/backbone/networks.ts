/** Small networks with drawn weights, and float encoders as files, for the tests of this folder. */
import type { Layer, Network, WeightLayer } from "../../../pipeline/backbone/layers.ts";
import { type Attribute, type ElementType, graphBuilder } from "../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { uniform } from "../../../pipeline/learn/initial.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const random = seededRandom("networks");

/** A dense layer with drawn weights. */
export function denseLayer(inputs: number, outputs: number, relu: boolean): WeightLayer {
  const weights = uniform(random, [inputs, outputs], inputs);
  return { kind: "dense", inputs, outputs, weights, bias: uniform(random, [outputs], 40), relu };
}

/** A convolution with drawn filters. */
export function convLayer(inputs: number, outputs: number, stride: number, relu: boolean): WeightLayer {
  const weights = uniform(random, [outputs, inputs, 3, 3], 9 * inputs);
  const window = { kernel: [3, 3], stride: [stride, stride], pads: [1, 1, 1, 1] } as const;
  return { kind: "conv", inputs, outputs, weights, bias: uniform(random, [outputs], 40), relu, ...window };
}

/** A pooling layer. */
export function poolLayer(kind: "maxPool" | "meanPool", size: number): Layer {
  return { kind, kernel: [size, size], stride: [size, size], pads: [0, 0, 0, 0] };
}

/** A vector of bytes through a hidden layer that is not rectified, so that its zero lies inside. */
export const mlp = (d: number): Network => ({
  input: [20],
  scale: 1 / 255,
  shift: 0,
  layers: [denseLayer(20, 16, false), denseLayer(16, 12, true), denseLayer(12, d - 1, false)],
});

/** Two channels of 8×8, normalised, with every kind of layer, ending in a pooling that is projected. */
export const convolutional = (): Network => ({
  input: [2, 8, 8],
  scale: 1 / 64,
  shift: -0.7,
  layers: [
    convLayer(2, 6, 1, true),
    poolLayer("maxPool", 2),
    convLayer(6, 9, 1, true),
    poolLayer("meanPool", 2),
  ],
});

/** Contents in which neighbouring bytes resemble each other, as in images. */
export function contents(count: number, bytes: number, seed = "contents"): Uint8Array[] {
  const draw = seededRandom(seed);
  return Array.from({ length: count }, () => {
    let value = draw.below(256);
    return Uint8Array.from({ length: bytes }, () => {
      value = Math.max(0, Math.min(255, value + draw.below(81) - 40));
      return value;
    });
  });
}

/** A node of an encoder: operator, weights by shape, attributes. */
export type Part = readonly [
  op: string,
  shapes?: readonly (readonly number[])[],
  attributes?: Record<string, Attribute>,
];

/** A float encoder as an exporter would write it: a chain of nodes with drawn constants. */
export function encoderFile(
  input: readonly (number | string)[],
  parts: readonly Part[],
  type: ElementType = "float",
): Uint8Array {
  const g = graphBuilder("encoder");
  let value = g.input("input", type, input);
  parts.forEach(([op, shapes = [], attributes = {}], i) => {
    const operands = shapes.map((dims, j) => {
      const fan = dims.length > 1 ? dims.slice(op === "Conv" ? 1 : 0, op === "Conv" ? 4 : 1) : [12];
      const drawn = uniform(
        random,
        dims,
        fan.reduce((a, b) => a * b, 1),
      );
      // Scalars normalise the input; variances are positive.
      const data =
        dims.length === 0 || op === "BatchNormalization" ? drawn.map((x) => Math.abs(x) + 0.5) : drawn;
      return g.constant(`w${i}.${j}`, "float", dims, data);
    });
    const reshaped =
      op === "Reshape" ? [g.constant(`s${i}`, "int64", [2], BigInt64Array.of(-1n, 72n))] : operands;
    value = g.node(op, [value, ...reshaped], attributes);
  });
  g.output(value, "features", "float", ["n", "k"]);
  return encodeOnnx(g.build());
}
