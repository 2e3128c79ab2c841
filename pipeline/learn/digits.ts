/**
 * Trains networks for handwritten digits, on public digits that nobody is paid for.
 *
 *   mlp    784 → 256 → d − 1                                            relu between
 *   conv   28×28 → 16 filters 5×5 → 32 filters 5×5 → d − 1              strides of 2 in place of pooling
 *
 * A linear head from the d − 1 features to the classes stands on top while training (softmax cross-entropy)
 * and is thrown away: what is kept are features that *some* linear head can read, which is what the ridge
 * head is. Its labels are its contributors'; the public labels shape the features only.
 */
import type { Layer, Network, Window } from "../backbone/layers.ts";
import type { SessionOptions } from "../engine/ort.ts";
import { seededRandom } from "../random.ts";
import { cosineRate } from "./adamw.ts";
import { distorter } from "./augment.ts";
import { crossEntropy, oneHot, relu } from "./functions.ts";
import { conv } from "./image.ts";
import { uniform, zeros } from "./initial.ts";
import { cast, dense, mean, reshape, scale } from "./operators.ts";
import type { Tape, Value } from "./tape.ts";
import { openTrainer, type Parameter } from "./trainer.ts";

/** A labelled public digit. */
export type LabelledContent = { readonly content: Uint8Array; readonly label: number };

/** How to train. Everything has a default that suits a few thousand digits. */
export type DigitOptions = {
  readonly kind?: "conv" | "mlp";
  /** Features with the bias, which the network does not make: it learns `d − 1`. */
  readonly d?: number;
  readonly classes?: number;
  readonly steps?: number;
  readonly batch?: number;
  readonly rate?: number;
  readonly seed?: string;
  /** As in trainer.ts: false runs one step at a time. */
  readonly loop?: boolean;
  readonly session?: SessionOptions;
  readonly onProgress?: (done: number, loss: number) => void;
  readonly signal?: AbortSignal;
};

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const HIDDEN = 256;
const FILTERS = [16, 32] as const;
const KERNEL = 5;
const WINDOW: Window = { kernel: [KERNEL, KERNEL], stride: [2, 2], pads: [2, 2, 2, 2] };
const FLAT = FILTERS[1] * 7 * 7;

/**
 * Trains a digit network.
 *
 * @example
 * ```ts
 * const network = await trainDigits(demoSplit("quittance/demo").publicSamples, { d: 32 });
 * const { onnx } = await quantise(network, contents);
 * ```
 */
export async function trainDigits(
  samples: readonly LabelledContent[],
  options: DigitOptions = {},
): Promise<Network> {
  const { kind = "conv", d = 32, classes = 10, batch = 64, rate = 2e-3, seed = "digits" } = options;
  const { steps = 3000, loop = true, session = {} } = options;
  const random = seededRandom(`${seed}/${kind}/${d}`);
  const parameters: Record<string, Parameter> = {};
  const weight = (name: string, dims: readonly number[], fanIn: number): void => {
    parameters[`${name}.w`] = { dims, values: uniform(random, dims, fanIn) };
    const outputs = [kind === "conv" && dims.length === 4 ? (dims[0] as number) : (dims[1] as number)];
    parameters[`${name}.b`] = { dims: outputs, values: zeros(outputs) };
  };
  if (kind === "conv") {
    weight("one", [FILTERS[0], 1, KERNEL, KERNEL], KERNEL ** 2);
    weight("two", [FILTERS[1], FILTERS[0], KERNEL, KERNEL], FILTERS[0] * KERNEL ** 2);
    weight("features", [FLAT, d - 1], FLAT);
  } else {
    weight("one", [PIXELS, HIDDEN], PIXELS);
    weight("features", [HIDDEN, d - 1], HIDDEN);
  }
  weight("head", [d - 1, classes], d - 1);

  const trainer = await openTrainer({
    name: `digits-${kind}`,
    parameters,
    batch: { x: { type: "uint8", dims: [batch, PIXELS] }, y: { type: "int64", dims: [batch] } },
    loss: (t, p, { x, y }) => {
      const features = forward(t, kind, p, x as Value);
      const logits = dense(t, features, p["head.w"] as Value, p["head.b"] as Value);
      return mean(t, crossEntropy(t, logits, oneHot(t, y as Value, classes)));
    },
    optimizer: { decay: 0.02 },
    loop,
    session,
  });
  try {
    const distort = distorter(SIDE);
    const next = epochs(samples.length, random.shuffle);
    await trainer.train({
      steps,
      rate: cosineRate(rate, steps),
      feed: () => {
        const x = new Uint8Array(batch * PIXELS);
        const y = new BigInt64Array(batch);
        for (let i = 0; i < batch; i++) {
          const sample = samples[next()] as LabelledContent;
          distort(sample.content, random, x, i * PIXELS);
          y[i] = BigInt(sample.label);
        }
        return { x, y };
      },
      ...(options.onProgress ? { onProgress: options.onProgress } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    const trained = trainer.parameters();
    const values = (name: string): Float32Array => trained[name]?.data as Float32Array;
    return network(kind, d, values);
  } finally {
    await trainer.close();
  }
}

/** Contents as bytes → features. */
function forward(t: Tape, kind: "conv" | "mlp", p: Readonly<Record<string, Value>>, x: Value): Value {
  const n = x.dims[0] as number;
  const v = (name: string): Value => p[name] as Value;
  const input = scale(t, cast(t, x, "float"), 1 / 255);
  if (kind === "mlp")
    return dense(t, relu(t, dense(t, input, v("one.w"), v("one.b"))), v("features.w"), v("features.b"));
  const window = { stride: 2, pad: 2 };
  const image = reshape(t, input, [n, 1, SIDE, SIDE]);
  const one = relu(t, conv(t, image, v("one.w"), v("one.b"), window));
  const two = relu(t, conv(t, one, v("two.w"), v("two.b"), window));
  return dense(t, reshape(t, two, [n, FLAT]), v("features.w"), v("features.b"));
}

/** The trained network as data, without its head. */
function network(kind: "conv" | "mlp", d: number, values: (name: string) => Float32Array): Network {
  const of = (name: string): { weights: Float32Array; bias: Float32Array } => ({
    weights: values(`${name}.w`),
    bias: values(`${name}.b`),
  });
  const layers: Layer[] =
    kind === "mlp"
      ? [{ kind: "dense", inputs: PIXELS, outputs: HIDDEN, relu: true, ...of("one") }]
      : [
          { kind: "conv", inputs: 1, outputs: FILTERS[0], relu: true, ...WINDOW, ...of("one") },
          { kind: "conv", inputs: FILTERS[0], outputs: FILTERS[1], relu: true, ...WINDOW, ...of("two") },
        ];
  const inputs = kind === "mlp" ? HIDDEN : FLAT;
  layers.push({ kind: "dense", inputs, outputs: d - 1, relu: false, ...of("features") });
  return { input: kind === "mlp" ? [PIXELS] : [1, SIDE, SIDE], scale: 1 / 255, shift: 0, layers };
}

/** Every sample once in a new order, then again. */
function epochs(count: number, shuffle: (items: readonly number[]) => number[]): () => number {
  const all = Array.from({ length: count }, (_, i) => i);
  let order: number[] = [];
  return () => {
    if (order.length === 0) order = shuffle(all);
    return order.pop() as number;
  };
}
