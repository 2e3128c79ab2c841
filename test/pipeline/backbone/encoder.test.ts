/** Encoders from elsewhere: what is taken, what is quantised, and what is refused with the reason. */
import { describe, expect, it } from "vitest";
import { openBackbone } from "../../../pipeline/backbone/backbone.ts";
import { adoptEncoder } from "../../../pipeline/backbone/encoder.ts";
import { activations } from "../../../pipeline/backbone/floats.ts";
import { quantise } from "../../../pipeline/backbone/quantise.ts";
import { readEncoder } from "../../../pipeline/backbone/read-encoder.ts";
import { graphBuilder } from "../../../pipeline/engine/graph.ts";
import { decodeOnnx, encodeOnnx, OnnxFormatError } from "../../../pipeline/engine/onnx.ts";
import { openSession, type Session, tensor } from "../../../pipeline/engine/ort.ts";
import { contents, encoderFile, mlp, type Part } from "./networks.ts";

const images = contents(160, 128);
const pads = { pads: [1, 1, 1, 1] };
const convolutional: readonly Part[] = [
  ["Sub", [[]]],
  ["Div", [[]]],
  ["Conv", [[6, 2, 3, 3], [6]], { kernel_shape: [3, 3], ...pads }],
  ["BatchNormalization", [[6], [6], [6], [6]], { epsilon: { float: 0.001 } }],
  ["MaxPool", [], { kernel_shape: [2, 2], strides: [2, 2] }],
  ["Relu"],
  ["Conv", [[18, 6, 3, 3]], { kernel_shape: [3, 3], strides: [2, 2], ...pads }],
  ["Relu"],
  ["Reshape"],
  ["MatMul", [[72, 10]]],
  ["Add", [[10]]],
  ["Relu"],
  ["Gemm", [[14, 10], [14]], { transB: 1 }],
];

async function floats(
  file: Uint8Array,
  bytes: readonly Uint8Array[],
  dims: readonly number[],
): Promise<Float32Array> {
  const session: Session = await openSession(file);
  const data = Float32Array.from(bytes.flatMap((content) => [...content].map((byte) => byte / 255)));
  const { features } = await session.run({ input: tensor("float", data, [bytes.length, ...dims]) });
  await session.close();
  return features?.data as Float32Array;
}

describe("a float encoder", () => {
  it("is read as the chain that it is, with batch norm folded", async () => {
    const file = encoderFile(["n", 2, 8, 8], convolutional);
    const network = readEncoder(decodeOnnx(file));
    expect(network.layers.map(({ kind }) => kind)).toEqual(["conv", "maxPool", "conv", "dense", "dense"]);
    const own = (await activations(network, images)).at(-1) as Float32Array;
    const theirs = await floats(file, images, [2, 8, 8]);
    expect(own).toHaveLength(theirs.length);
    const largest = Math.max(...theirs.map(Math.abs));
    own.forEach((value, i) => {
      expect(Math.abs(value - (theirs[i] as number))).toBeLessThan(1e-5 * largest);
    });
  });

  it("is quantised to the profile's features, and says what that kept", async () => {
    const adopted = await adoptEncoder(encoderFile(["n", 2, 8, 8], convolutional), images, { d: 9 });
    expect(adopted.kind).toBe("quantised");
    expect(adopted.agreement).toBeGreaterThan(0.8);
    expect(adopted.agreement).toBeLessThan(1);
    const backbone = await openBackbone(adopted.onnx);
    expect([backbone.d, backbone.inputSize, backbone.hash]).toEqual([9, 128, adopted.hash]);
    await backbone.close();
    // With as many features as outputs nothing is projected away.
    const whole = await adoptEncoder(encoderFile(["n", 20], [["MatMul", [[20, 8]]]]), contents(160, 20), {
      d: 9,
    });
    expect(whole.agreement).toBeGreaterThan(0.99);
  });

  it("that reads bytes itself gives the same network", () => {
    const byBytes = encoderFile(
      ["n", 20],
      [
        ["Cast", [], { to: 1 }],
        ["Div", [[]]],
        ["MatMul", [[20, 8]]],
      ],
      "uint8",
    );
    const network = readEncoder(decodeOnnx(byBytes));
    expect(network.scale).toBeGreaterThan(0.5);
    expect(network.input).toEqual([20]);
  });

  const refusals: readonly (readonly [string, readonly Part[], RegExp])[] = [
    ["an activation without an integer form", [["MatMul", [[20, 8]]], ["Sigmoid"]], /Sigmoid.*Relu/],
    [
      "a product after the first layer",
      [
        ["MatMul", [[20, 8]]],
        ["Mul", [[]]],
      ],
      /Mul .*only a bias/,
    ],
    ["scaled Gemm", [["Gemm", [[20, 8], [8]], { alpha: { float: 0.5 } }]], /alpha/],
    ["a computed shape", [["MatMul", [[20, 8]]], ["Shape"]], /Shape.*Flatten/],
    ["a turned input", [["Transpose", [], { perm: [1, 0] }]], /Transpose/],
    [
      "sizes that do not fit",
      [
        ["MatMul", [[20, 8]]],
        ["MatMul", [[9, 8]]],
      ],
      /9 inputs follows 8/,
    ],
  ];
  it.each(refusals)("with %s is refused by name", (_, parts, reason) => {
    expect(() => readEncoder(decodeOnnx(encoderFile(["n", 20], parts)))).toThrow(reason);
  });

  it("with a mean before Relu is refused, since the two do not commute", () => {
    const mean: readonly Part[] = [convolutional[2] as Part, ["GlobalAveragePool"], ["Relu"]];
    const file = encoderFile(["n", 2, 8, 8], mean);
    expect(() => readEncoder(decodeOnnx(file))).toThrow(/Relu.*before averaging/);
  });

  it("with free sizes, too few contents, or no ONNX at all is refused", async () => {
    const free = encoderFile(["n", "width"], [["Relu"]]);
    expect(() => readEncoder(decodeOnnx(free))).toThrow(/must be fixed/);
    const file = encoderFile(["n", 20], [["MatMul", [[20, 8]]]]);
    await expect(adoptEncoder(file, images, { d: 9 })).rejects.toThrow(/reads 20 bytes.*--public/);
    await expect(adoptEncoder(Uint8Array.of(1, 2, 3), images, { d: 9 })).rejects.toThrow(OnnxFormatError);
  });
});

describe("an integer encoder", () => {
  const vectors = contents(160, 20);

  it("is taken as it is, byte for byte", async () => {
    const { onnx, hash } = await quantise(mlp(9), vectors, { d: 9 });
    const adopted = await adoptEncoder(onnx, vectors, { d: 9 });
    expect(adopted).toMatchObject({ kind: "integer", hash });
    expect(adopted.onnx).toBe(onnx);
    await expect(adoptEncoder(onnx, vectors, { d: 8 })).rejects.toThrow(/gives 9 features/);
    await expect(adoptEncoder(onnx, images, { d: 9 })).rejects.toThrow(/reads 20 bytes/);
  });

  /** A graph from bytes to int8 whose middle is given. */
  const graph = (middle: (g: ReturnType<typeof graphBuilder>, x: string) => string): Uint8Array => {
    const g = graphBuilder("integer");
    const sum = middle(g, g.input("x", "uint8", ["n", 20]));
    g.output(g.node("Cast", [sum], { to: 3 }), "h", "int8", ["n", 4]);
    return encodeOnnx(g.build());
  };
  const product = (type: "int8" | "uint8", weight: number) =>
    graph((g, x) => {
      const data = type === "int8" ? new Int8Array(80).fill(weight) : new Uint8Array(80).fill(weight);
      const wide = g.node("MatMulInteger", [x, g.constant("w", type, [20, 4], data)]);
      return g.node("Div", [wide, g.constant("k", "int32", [], Int32Array.of(100_000))]);
    });

  it("is refused for saturating products, floats, unknown operators and a missing bias", async () => {
    await expect(adoptEncoder(product("int8", 100), vectors, { d: 4 })).rejects.toThrow(
      /saturate.*zero point 128/,
    );
    // Small weights cannot saturate; here nothing makes the last column constant but zero.
    await expect(adoptEncoder(product("int8", 3), vectors, { d: 4 })).rejects.toThrow(/the bias/);
    const floating = graph((g, x) => {
      const scaled = g.node("Mul", [
        g.node("Cast", [x], { to: 1 }),
        g.constant("s", "float", [], Float32Array.of(0.1)),
      ]);
      return g.node("Slice", [
        scaled,
        ...[0, 4, 1].map((v, i) => g.constant(`i${i}`, "int64", [1], BigInt64Array.of(BigInt(v)))),
      ]);
    });
    await expect(adoptEncoder(floating, vectors, { d: 4 })).rejects.toThrow(/constant s is float/);
    const chance = graph((g, x) => g.node("RandomUniformLike", [x]));
    await expect(adoptEncoder(chance, vectors, { d: 4 })).rejects.toThrow(/RandomUniformLike.*not exact/);
  });

  it("that looks at the other contents of its block is caught", async () => {
    const mixing = graph((g, x) => {
      const wide = g.node("Cast", [x], { to: 6 });
      const axes = g.constant("axes", "int64", [1], BigInt64Array.of(0n));
      const most = g.node("ReduceMax", [wide, axes], { keepdims: 1 });
      const cut = [0, 3, 1].map((v, i) => g.constant(`i${i}`, "int64", [1], BigInt64Array.of(BigInt(v))));
      const three = g.node("Slice", [
        g.node("Div", [g.node("Sub", [most, wide]), g.constant("k", "int32", [], Int32Array.of(3))]),
        ...cut,
      ]);
      const pad = g.constant("pad", "int64", [4], BigInt64Array.of(0n, 0n, 0n, 1n));
      return g.node("Pad", [three, pad, g.constant("bias", "int32", [], Int32Array.of(64))]);
    });
    await expect(adoptEncoder(mixing, vectors, { d: 4 })).rejects.toThrow(/differs between two runs/);
  });
});
