/**
 * Trains with ONNX Runtime: writes one graph that holds forward pass, backward pass and AdamW, many steps a
 * run, and feeds it.
 *
 *   const trainer = await openTrainer({
 *     name: "linear",
 *     parameters: {
 *       w: { dims: [3, 2], values: uniform(random, [3, 2], 3) },
 *       b: { dims: [2], values: zeros([2]) },
 *     },
 *     batch: { x: { type: "float", dims: [16, 3] }, y: { type: "float", dims: [16, 2] } },
 *     loss: (t, { w, b }, { x, y }) => mean(t, square(t, sub(t, dense(t, x, w, b), y))),
 *     optimizer: { decay: 0.01 },
 *   });
 *   const rate = cosineRate(1e-3, 200);
 *   const losses = await trainer.train({ steps: 200, rate, feed: (step) => ({ x, y }) });
 *   const { w } = trainer.parameters();
 *   await trainer.close();
 *
 * `batch` names what changes every step; `shared` what stays (a whole data set in bytes, say, from which a
 * step gathers its rows: then `batch` is only their numbers). Many models train at once when parameters get a
 * leading axis (`[M, k, m]`) and the loss is the *sum* over models: AdamW works on each element alone, so
 * none of them notices the others.
 *
 * The steps of a run stand in a Loop whose carried values are parameters and AdamW's two sums. The road not
 * taken by default is one step a run with the state fed back (`loop: false`): for providers that lack Loop.
 * It is slower on the CPU (`npm run bench -- learn` has the ratio), because every step copies the state out
 * and in.
 *
 * Deterministic: the same feeds give the same bits on the same machine with the same number of threads. Other
 * processors may round sums in another order; a *quantised* network is what carries the same bits everywhere.
 */
import { type ElementType, type GraphBuilder, graphBuilder, type Tensor } from "../engine/graph.ts";
import { encodeOnnx } from "../engine/onnx.ts";
import { openSession, type SessionOptions, tensor } from "../engine/ort.ts";
import { type AdamW, RATES, rates, update } from "./adamw.ts";
import { openTape, sizeOf, type Tape, type Value } from "./tape.ts";

/** A parameter: its shape, its first values, and whether weight decay touches it (default: not vectors). */
export type Parameter = {
  readonly dims: readonly number[];
  readonly values: Float32Array;
  readonly decays?: boolean;
};

/** A value that is fed. */
export type Slot = { readonly type: ElementType; readonly dims: readonly number[] };

/** A scalar loss from parameters, the step's batch and what is shared. */
export type Loss = (
  t: Tape,
  parameters: Readonly<Record<string, Value>>,
  batch: Readonly<Record<string, Value>>,
) => Value;

/** What to train. Names of parameters, batch and shared values must differ from each other. */
export type TrainerSpec = {
  readonly name: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
  readonly batch: Readonly<Record<string, Slot>>;
  /** Fed once, whole, to every run. */
  readonly shared?: Readonly<Record<string, Tensor>>;
  readonly loss: Loss;
  readonly optimizer?: AdamW;
  /** Steps in one run of the graph. Default 32. */
  readonly stepsPerRun?: number;
  /** False: one step a run, state fed back. Default true. */
  readonly loop?: boolean;
  readonly session?: SessionOptions;
};

/** How long to train and on what. */
export type TrainRun = {
  readonly steps: number;
  /** The learning rate of a step, counted from 0. */
  readonly rate: (step: number) => number;
  /** The batch of a step: one array for each name in `batch`, with as many values as its dims. */
  readonly feed: (step: number) => Readonly<Record<string, Tensor["data"]>>;
  /** Called between runs with the part done and the mean loss since the last call. */
  readonly onProgress?: (done: number, loss: number) => void;
  readonly signal?: AbortSignal;
};

/** An open trainer. */
export type Trainer = {
  /** Trains on; steps count on from the last call. Returns the loss of every step. */
  readonly train: (run: TrainRun) => Promise<Float32Array>;
  /** The parameters now. */
  readonly parameters: () => Readonly<Record<string, Tensor>>;
  readonly close: () => Promise<void>;
};

/**
 * Writes the training graph and opens it.
 * @throws TapeShapeError for shapes that do not fit, TrainerFeedError for first values of another size.
 */
export async function openTrainer(spec: TrainerSpec): Promise<Trainer> {
  const { stepsPerRun = 32, loop = true, shared = {}, optimizer = {} } = spec;
  const names = Object.keys(spec.parameters);
  const session = await openSession(encodeOnnx(trainingGraph(spec)), spec.session);
  const state: Record<string, Tensor> = {};
  for (const name of names) {
    const { dims, values } = spec.parameters[name] as Parameter;
    checkSize(name, values.length, sizeOf(dims));
    state[name] = tensor("float", values, dims);
    for (const kind of ["m", "v"])
      state[`${name}.${kind}`] = tensor("float", new Float32Array(values.length), dims);
  }
  let taken = 0;

  const run = async (first: number, count: number, options: TrainRun): Promise<Float32Array> => {
    const feeds: Record<string, Tensor> = { ...shared, ...state };
    const lead = loop ? [count] : [];
    const batches = Array.from({ length: count }, (_, i) => options.feed(first + i));
    for (const [name, { type, dims }] of Object.entries(spec.batch)) {
      const size = sizeOf(dims);
      const parts = batches.map((batch) => batch[name]);
      for (const part of parts) checkSize(name, part?.length ?? 0, size);
      feeds[name] = tensor(type, joined(parts as Tensor["data"][], size), [...lead, ...dims]);
    }
    const steps = new Float32Array(count * RATES);
    for (let i = 0; i < count; i++)
      steps.set(rates(taken + i + 1, options.rate(first + i), optimizer), i * RATES);
    feeds.rates = tensor("float", steps, [...lead, RATES]);
    if (loop) feeds.count = tensor("int64", BigInt64Array.of(BigInt(count)), []);
    const results = await session.run(feeds);
    for (const name of Object.keys(state)) state[name] = results[`${name}.next`] as Tensor;
    taken += count;
    return results.losses?.data as Float32Array;
  };

  return {
    train: async (options) => {
      const losses = new Float32Array(options.steps);
      const width = loop ? stepsPerRun : 1;
      for (let first = 0; first < options.steps; first += width) {
        options.signal?.throwIfAborted();
        const part = await run(first, Math.min(width, options.steps - first), options);
        losses.set(part, first);
        options.onProgress?.(
          Math.min(1, (first + width) / options.steps),
          part.reduce((sum, loss) => sum + loss, 0) / part.length,
        );
      }
      return losses;
    },
    parameters: () => Object.fromEntries(names.map((name) => [name, state[name] as Tensor])),
    close: session.close,
  };
}

/** The graph that {@link openTrainer} runs, for looking at. */
export function trainingGraph(spec: TrainerSpec): ReturnType<GraphBuilder["build"]> {
  const { loop = true, shared = {} } = spec;
  const g = graphBuilder(`quittance-train-${spec.name}`, "Forward, backward and AdamW.");
  const names = Object.keys(spec.parameters);
  const states = names.flatMap((name) => {
    const { dims } = spec.parameters[name] as Parameter;
    return [name, `${name}.m`, `${name}.v`].map((value) => ({ value, dims }));
  });
  const lead = loop ? ["steps"] : [];
  for (const { value, dims } of states) g.input(value, "float", dims);
  for (const [name, { type, dims }] of Object.entries(shared)) g.input(name, type, dims);
  for (const [name, { type, dims }] of Object.entries(spec.batch)) g.input(name, type, [...lead, ...dims]);
  g.input("rates", "float", [...lead, RATES]);
  const outputs = states.map(({ value, dims }) => ({ name: `${value}.next`, dims }));

  if (!loop) {
    const t = openTape(g);
    const batch = mapEntries(spec.batch, ({ type, dims }, name) => t.value(name, dims, type));
    const done = step(t, spec, (name) => name, batch, t.value("rates", [RATES]));
    outputs.forEach(({ name, dims }, i) => {
      g.output((done.state[i] as Value).name, name, "float", dims);
    });
    g.output(done.loss.name, "losses", "float", [1]);
    return g.build();
  }
  g.input("count", "int64", []);
  const body = graphBuilder("step", "", "s");
  const at = body.input("at", "int64", []);
  const going = body.input("going", "bool", []);
  for (const { value, dims } of states) body.input(`${value}.now`, "float", dims);
  const t = openTape(body, "k");
  const pick = (name: string, dims: readonly number[], type: ElementType): Value =>
    t.node("Gather", [t.value(name, [], type), t.value(at, [], "int64")], dims, { axis: 0 }, type);
  const batch = mapEntries(spec.batch, ({ type, dims }, name) => pick(name, dims, type));
  const done = step(t, spec, (name) => `${name}.now`, batch, pick("rates", [RATES], "float"));
  body.output(going, "go", "bool", []);
  done.state.forEach((value, i) => {
    body.output(value.name, `${states[i]?.value}.new`, "float", value.dims);
  });
  body.output(done.loss.name, "loss", "float", [1]);

  const always = g.constant("always", "bool", [], Uint8Array.of(1));
  const results = g.nodes("Loop", ["count", always, ...states.map(({ value }) => value)], states.length + 1, {
    body: { graph: body.build() },
  });
  outputs.forEach(({ name, dims }, i) => {
    g.output(results[i] as string, name, "float", dims);
  });
  const flat = g.constant("flat", "int64", [1], BigInt64Array.of(-1n));
  g.output(g.node("Reshape", [results.at(-1) as string, flat]), "losses", "float", ["steps"]);
  return g.build();
}

/** One step on a tape: the new state in the order parameter, m, v, and the loss as `[1]`. */
function step(
  t: Tape,
  spec: TrainerSpec,
  now: (name: string) => string,
  batch: Readonly<Record<string, Value>>,
  numbers: Value,
): { readonly state: readonly Value[]; readonly loss: Value } {
  const parameters = mapEntries(spec.parameters, ({ dims }, name) => t.value(now(name), dims));
  const shared = mapEntries(spec.shared ?? {}, ({ type, dims }, name) => t.value(name, dims, type));
  const loss = spec.loss(t, parameters, { ...shared, ...batch });
  const gradients = t.gradient(loss, Object.values(parameters));
  const rate = (i: number): Value =>
    t.node("Slice", [numbers, t.sizes([i]), t.sizes([i + 1]), t.sizes([0])], [1]);
  const settings = { keep: rate(0), alpha: rate(1), epsilon: rate(2) };
  const state = Object.entries(spec.parameters).flatMap(([name, { dims, decays = dims.length > 1 }], i) => {
    const before = {
      value: parameters[name] as Value,
      m: t.value(now(`${name}.m`), dims),
      v: t.value(now(`${name}.v`), dims),
    };
    const after = update(t, before, gradients[i] as Value, settings, { ...spec.optimizer, decays });
    return [after.value, after.m, after.v];
  });
  return { state, loss: t.node("Reshape", [loss, t.sizes([1])], [1]) };
}

function mapEntries<A, B>(
  record: Readonly<Record<string, A>>,
  map: (value: A, name: string) => B,
): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));
}

function joined(parts: readonly Tensor["data"][], size: number): Tensor["data"] {
  const [first] = parts as [Tensor["data"]];
  if (parts.length === 1) return first;
  const all = new (first.constructor as new (length: number) => Tensor["data"])(size * parts.length);
  // The union of array types has no common `set`; parts of one name are all of one type.
  parts.forEach((part, i) => {
    (all as Float32Array).set(part as Float32Array, i * size);
  });
  return all;
}

function checkSize(name: string, length: number, size: number): void {
  if (length !== size)
    throw new TrainerFeedError(
      `${name} has ${length} values where its dims hold ${size}: check what is fed.`,
    );
}

/** Values that do not fit the declared shape. */
export class TrainerFeedError extends Error {
  override readonly name = "Trainer.FeedError";
}
