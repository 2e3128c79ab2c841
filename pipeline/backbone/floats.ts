/**
 * A network in floating point, run by ONNX Runtime over contents: for measuring the ranges of its layers, and
 * for saying how near its integers come to it. Nothing that is committed to is computed here.
 */
import { ELEMENT_TYPES, graphBuilder, type Tensor } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";
import { LayerShapeError, type Network, type Shape, shapeAfter } from "./layers.ts";

const BLOCK = 128;

/**
 * The values after every layer, for each content: `[layer]`, row-major `contents × values`.
 *
 * @throws LayerShapeError when a content has another number of bytes than the network reads.
 */
export async function activations(
  network: Network,
  contents: readonly Uint8Array[],
  options: SessionOptions = {},
): Promise<Float32Array[]> {
  const session = await openSession(floatGraph(network), options);
  const widths = shapes(network).map(sizeOf);
  const all = widths.map((width) => new Float32Array(width * contents.length));
  try {
    for (let start = 0; start < contents.length; start += BLOCK) {
      const block = contents.slice(start, start + BLOCK);
      const bytes = new Uint8Array(block.length * sizeOf(network.input));
      block.forEach((content, i) => {
        checkContent(content, sizeOf(network.input));
        bytes.set(content, i * content.length);
      });
      const results = await session.run({ x: tensor("uint8", bytes, [block.length, sizeOf(network.input)]) });
      all.forEach((values, i) => {
        values.set((results[`layer${i}`] as Tensor).data as Float32Array, start * (widths[i] as number));
      });
    }
    return all;
  } finally {
    await session.close();
  }
}

/** The shape after every layer. */
export function shapes(network: Network): Shape[] {
  let shape = network.input;
  return network.layers.map((layer) => {
    shape = shapeAfter(shape, layer);
    return shape;
  });
}

/** The network as a float graph whose outputs are those of all layers. */
function floatGraph(network: Network): Uint8Array {
  const g = graphBuilder("floats");
  const number = (name: string, value: number): string =>
    g.constant(name, "float", [], Float32Array.of(value));
  const reshape = (value: string, name: string, shape: Shape): string => {
    const dims = BigInt64Array.from([-1, ...shape], BigInt);
    return g.node("Reshape", [value, g.constant(name, "int64", [dims.length], dims)]);
  };
  const bytes = g.input("x", "uint8", ["n", sizeOf(network.input)]);
  const real = g.node("Mul", [
    g.node("Cast", [bytes], { to: ELEMENT_TYPES.float.code }),
    number("scale", network.scale),
  ]);
  let value = reshape(g.node("Add", [real, number("shift", network.shift)]), "input", network.input);
  let shape: Shape = network.input;
  network.layers.forEach((layer, i) => {
    const name = `layer${i}`;
    if (layer.kind === "dense") {
      if (shape.length > 1) value = reshape(value, `${name}.flat`, [sizeOf(shape)]);
      const weights = g.constant(`${name}.w`, "float", [layer.inputs, layer.outputs], layer.weights);
      value = g.node("Gemm", [value, weights, g.constant(`${name}.b`, "float", [layer.outputs], layer.bias)]);
    } else {
      const window = { kernel_shape: layer.kernel, strides: layer.stride, pads: layer.pads };
      if (layer.kind === "conv") {
        const dims = [layer.outputs, layer.inputs, ...layer.kernel];
        const weights = g.constant(`${name}.w`, "float", dims, layer.weights);
        value = g.node(
          "Conv",
          [value, weights, g.constant(`${name}.b`, "float", [layer.outputs], layer.bias)],
          window,
        );
      } else value = g.node(layer.kind === "maxPool" ? "MaxPool" : "AveragePool", [value], window);
    }
    if ("relu" in layer && layer.relu) value = g.node("Relu", [value]);
    shape = shapeAfter(shape, layer);
    g.output(value, name, "float", ["n", ...shape]);
  });
  return encodeOnnx(g.build());
}

function checkContent(content: Uint8Array, size: number): void {
  if (content.length === size) return;
  throw new LayerShapeError(
    `A content has ${content.length} bytes and the network reads ${size}: resize it.`,
  );
}

function sizeOf(shape: Shape): number {
  return shape.reduce((product, length) => product * length, 1);
}
