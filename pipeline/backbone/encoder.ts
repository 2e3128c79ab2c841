/**
 * Bring your own: any ONNX encoder becomes a backbone, or is refused with the reason.
 *
 * The contract of a backbone: one uint8 input `[n, bytes]`, one int8 output `[n, d]` whose last column is the
 * constant bias, and the same bits on every device.
 *
 * - A graph of integer operators with that input and output is taken as it is, byte for byte, so that its
 *   hash is the hash of the file that was given. Its operators and types are checked one by one, and so are
 *   products of uint8 by int8, which saturate on some processors.
 * - Any other graph is read as a chain of float layers (read-encoder.ts) and quantised (quantise.ts) with
 *   ranges measured on public contents; what that cost is reported as the share of variance that is kept.
 *
 * Either way the result is run several times, in blocks of different sizes and on different numbers of
 * threads, and must give the same bits. That is a test, not a proof, which is why the operators are checked
 * too: one machine cannot show what another would do.
 */
import type { Graph, Node, Tensor } from "../engine/graph.ts";
import { decodeOnnx } from "../engine/onnx.ts";
import { backboneHash, openBackbone } from "./backbone.ts";
import { activations } from "./floats.ts";
import { quantise } from "./quantise.ts";
import { EncoderOperatorError, EncoderShapeError, readEncoder } from "./read-encoder.ts";

/** A backbone made from somebody's encoder. */
export type Adopted = {
  readonly onnx: Uint8Array;
  readonly hash: string;
  /** Taken as it is, or made from floats. */
  readonly kind: "integer" | "quantised";
  /** Of a quantised one: how much of the encoder's variance a linear read-out of its bytes keeps, 0 to 1. */
  readonly agreement?: number;
  /** One line for people. */
  readonly summary: string;
};

/** Contents that the checks run on. */
const CHECKED = 96;

/**
 * Makes a backbone of `d` features from an ONNX file.
 *
 * @param contents public contents, of the size that the encoder reads
 * @throws OnnxFormatError, EncoderOperatorError, EncoderShapeError, EncoderDeterminismError, and what
 * quantise.ts refuses
 */
export async function adoptEncoder(
  file: Uint8Array,
  contents: readonly Uint8Array[],
  options: { readonly d: number; readonly threads?: number },
): Promise<Adopted> {
  const { d, threads = 1 } = options;
  const graph = decodeOnnx(file);
  if (isInteger(graph)) {
    checkOperators(graph);
    await checkBits(file, contents, d);
    const hash = backboneHash(file);
    return { onnx: file, hash, kind: "integer", summary: `An integer graph, taken as it is: ${hash}` };
  }
  const network = readEncoder(graph);
  const size = network.input.reduce((product, length) => product * length, 1);
  checkContents(contents, size);
  const { onnx, hash } = await quantise(network, contents, { d, threads });
  await checkBits(onnx, contents, d);
  const agreement = await agreementOf(network, onnx, contents, d);
  const percent = (agreement * 100).toFixed(1);
  return {
    onnx,
    hash,
    kind: "quantised",
    agreement,
    summary: `Quantised to integers, ${percent} % of its features' variance kept: ${hash}`,
  };
}

function isInteger({ inputs, outputs }: Graph): boolean {
  return inputs.some(({ type }) => type === "uint8") && outputs[0]?.type === "int8";
}

/** Operators that are exact on integers, whatever runs them. */
const EXACT = new Set(
  (
    "Abs Add And BitShift Cast Clip Concat Constant ConstantOfShape ConvInteger Div Equal Expand Flatten Gather " +
    "GatherElements GatherND Greater GreaterOrEqual Identity Less LessOrEqual MatMulInteger Max MaxPool Min Mod " +
    "Mul Neg Not Or Pad ReduceMax ReduceMin ReduceSum Relu Reshape Shape Sign Slice Split Squeeze Sub Tile " +
    "Transpose Unsqueeze Where"
  ).split(" "),
);
const INTEGER_CODES = new Set([2, 3, 6, 7, 9]);
/** Two products of 255 by this stay within 16 bits. */
const PAIR_LIMIT = 64;

function checkOperators(graph: Graph): void {
  const rounding = new Set(["float", "double"]);
  for (const [name, { type }] of Object.entries(graph.constants)) {
    if (rounding.has(type)) throw refused(`The constant ${name}`, `is ${type}, whose sums round differently`);
  }
  for (const node of graph.nodes) {
    const what = `${node.op} (which makes ${node.outputs[0]})`;
    if (!EXACT.has(node.op)) throw refused(what, "is not exact in integers on every device");
    const to = node.op === "Cast" ? node.attributes.to : 6;
    if (typeof to === "number" && !INTEGER_CODES.has(to)) throw refused(what, "turns integers into floats");
    const held = node.attributes.value;
    if (typeof held === "object" && "tensor" in held && rounding.has(held.tensor.type))
      throw refused(what, `holds ${held.tensor.type} values`);
    if (node.op === "MatMulInteger" || node.op === "ConvInteger") checkSaturation(graph, node, what);
  }
}

function checkSaturation(graph: Graph, node: Node, what: string): void {
  const weights: Tensor | undefined = graph.constants[node.inputs[1] ?? ""];
  if (weights?.type === "uint8") return;
  const small =
    weights?.type === "int8" && (weights.data as Int8Array).every((w) => Math.abs(w) <= PAIR_LIMIT);
  if (small) return;
  throw refused(
    what,
    `multiplies uint8 by int8 weights beyond ±${PAIR_LIMIT} (or unknown ones), which saturate on processors without VNNI; ` +
      "store them as uint8 with zero point 128",
  );
}

function refused(what: string, why: string): EncoderOperatorError {
  return new EncoderOperatorError(`${what} ${why}. Export the float encoder instead: it is quantised here.`);
}

/** The same bits again, in other blocks, on other numbers of threads; `d` columns, the last one constant. */
async function checkBits(onnx: Uint8Array, contents: readonly Uint8Array[], d: number): Promise<void> {
  const backbones = await Promise.all([1, 2, 1].map((threads) => openBackbone(onnx, { threads })));
  try {
    const [first, second, third] = backbones as [Open, Open, Open];
    if (first.d !== d) {
      throw new EncoderShapeError(
        `The encoder gives ${first.d} features and the profile has ${d}, the last of them the bias: export that many.`,
      );
    }
    if (!first.text) checkContents(contents, first.inputSize);
    const sample = contents.slice(0, CHECKED);
    const whole = await first.features(sample);
    const bias = whole[d - 1];
    if (bias === 0 || whole.some((value, at) => at % d === d - 1 && value !== bias))
      throw new EncoderShapeError(
        "The encoder's last feature must be a constant other than 0, the bias: append it.",
      );
    const runs = [
      await second.features(sample),
      await third.features(sample),
      await pieces(second, sample, 7),
    ];
    for (const other of [...runs, await pieces(third, sample, 1)]) {
      const at = other.findIndex((value, i) => value !== whole[i]);
      if (at >= 0) {
        throw new EncoderDeterminismError(
          `Feature ${at % d} of content ${Math.floor(at / d)} differs between two runs. A backbone must give the same ` +
            "bits every time: remove what depends on the batch, on threads or on chance.",
        );
      }
    }
  } finally {
    for (const backbone of backbones) await backbone.close();
  }
}

type Open = Awaited<ReturnType<typeof openBackbone>>;

async function pieces(backbone: Open, contents: readonly Uint8Array[], size: number): Promise<Int8Array> {
  const out = new Int8Array(contents.length * backbone.d);
  for (let start = 0; start < contents.length; start += size)
    out.set(await backbone.features(contents.slice(start, start + size)), start * backbone.d);
  return out;
}

/** Squared correlation of each float output with its bytes, weighted by the output's variance. */
async function agreementOf(
  network: ReturnType<typeof readEncoder>,
  onnx: Uint8Array,
  contents: readonly Uint8Array[],
  d: number,
): Promise<number> {
  const floats = (await activations(network, contents)).at(-1) as Float32Array;
  const width = floats.length / contents.length;
  const backbone = await openBackbone(onnx);
  const bytes = await backbone.features(contents);
  await backbone.close();
  const column = (values: ArrayLike<number>, of: number, j: number): number[] =>
    contents.map((_, i) => values[i * of + j] as number);
  const centred = (values: readonly number[]): number[] => {
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((total, value, i) => total + value * (b[i] as number), 0);
  const features = Array.from({ length: d - 1 }, (_, j) => centred(column(bytes, d, j)));
  let [kept, all] = [0, 0];
  for (let j = 0; j < width; j++) {
    const output = centred(column(floats, width, j));
    // A projection's directions are uncorrelated, so what each explains adds up; without one, only the
    // output's own feature counts.
    const own = width > d - 1 ? features : [features[j] as number[]];
    const variance = dot(output, output);
    const explained = own.reduce((sum, h) => sum + dot(output, h) ** 2 / Math.max(dot(h, h), 1e-9), 0);
    kept += Math.min(explained, variance);
    all += variance;
  }
  return all === 0 ? 0 : kept / all;
}

function checkContents(contents: readonly Uint8Array[], size: number): void {
  if (contents.length >= CHECKED && contents.every((content) => content.length === size)) return;
  const length = contents[0]?.length ?? 0;
  throw new EncoderShapeError(
    `The encoder reads ${size} bytes; checking it needs at least ${CHECKED} public contents of that size, ` +
      `and there are ${contents.length} of ${length}. Give some with --public.`,
  );
}

/** An encoder that does not give the same bits twice. */
export class EncoderDeterminismError extends Error {
  override readonly name = "Backbone.EncoderDeterminismError";
}

export { EncoderOperatorError, EncoderShapeError };
