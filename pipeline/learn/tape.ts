/**
 * Reverse-mode differentiation that writes ONNX: a tape records which operator made which value, and
 * {@link Tape.gradient} walks it backwards, adding the nodes of the derivative to the same graph.
 *
 *   const g = graphBuilder("example");
 *   const t = openTape(g);
 *   const x = t.input("x", [8, 3]);
 *   const w = t.input("w", [3, 2]);
 *   const loss = mean(t, square(t, matmul(t, x, w)));       // operators.ts
 *   const [dw] = t.gradient(loss, [w]);                     // same dims as w
 *   g.output(dw.name, "dw", "float", dw.dims);
 *
 * Where things are: operators.ts (arithmetic, products, shapes), functions.ts (relu, gelu, softmax, layer
 * norm, cross-entropy, embedding, attention), image.ts (convolution and pooling), trainer.ts (AdamW, many
 * steps a run).
 *
 * Shapes are fixed when the graph is written: sums over broadcast axes and averages need them, and a batch
 * has one size anyway. A free size would save a second graph for another batch size and cost every operator
 * its checks.
 *
 * Only standard ONNX operators are written, so that any execution provider runs the result. The derivative's
 * own nodes are not recorded: there are no second derivatives.
 */
import type { Attribute, ElementType, GraphBuilder } from "../engine/graph.ts";

/** A value in a graph: its name there, its shape, its element type. */
export type Value = {
  readonly name: string;
  readonly dims: readonly number[];
  readonly type: ElementType;
};

/** The gradient with respect to one operand, from the gradient `dy` of the result. */
export type Backward = (dy: Value) => Value;

/** A graph under construction that remembers how to differentiate itself. */
export type Tape = {
  /** Declares an input of the graph. */
  readonly input: (name: string, dims: readonly number[], type?: ElementType) => Value;
  /** Names a value of a surrounding graph, or one that was made with the builder. */
  readonly value: (name: string, dims: readonly number[], type?: ElementType) => Value;
  /** Numbers known now. Equal scalars and shapes are stored once. */
  readonly constant: (dims: readonly number[], data: Float32Array) => Value;
  readonly scalar: (value: number) => Value;
  /** An int64 list: shapes, axes, starts. */
  readonly sizes: (values: readonly number[]) => Value;
  /** Adds a node without recording it: for what has no derivative, and for derivatives. */
  readonly node: (
    op: string,
    inputs: readonly Value[],
    dims: readonly number[],
    attributes?: Record<string, Attribute>,
    type?: ElementType,
  ) => Value;
  /** Records a result with one derivative an operand; `undefined` for an operand that has none. */
  readonly record: (
    result: Value,
    operands: readonly Value[],
    backwards: readonly (Backward | undefined)[],
  ) => Value;
  /**
   * Adds the gradient of a scalar with respect to each of `targets`.
   * @throws TapeShapeError when the loss is no scalar, or does not depend on a target.
   */
  readonly gradient: (loss: Value, targets: readonly Value[]) => Value[];
};

type Entry = {
  readonly result: Value;
  readonly operands: readonly Value[];
  readonly backwards: readonly (Backward | undefined)[];
};

/** Starts a tape on a graph that is being built. */
export function openTape(g: GraphBuilder, prefix = "c"): Tape {
  const entries: Entry[] = [];
  const known = new Map<string, Value>();
  const constant = (
    key: string,
    type: "float" | "int64",
    dims: readonly number[],
    data: Float32Array | BigInt64Array,
  ): Value => {
    const found = known.get(key);
    if (found) return found;
    const value: Value = { name: g.constant(`${prefix}.${known.size}`, type, dims, data), dims, type };
    known.set(key, value);
    return value;
  };
  const tape: Tape = {
    input: (name, dims, type = "float") => ({ name: g.input(name, type, dims), dims, type }),
    value: (name, dims, type = "float") => ({ name, dims, type }),
    constant: (dims, data) => constant(`data/${known.size}`, "float", dims, data),
    scalar: (value) => constant(`scalar/${value}`, "float", [], Float32Array.of(value)),
    sizes: (values) =>
      constant(`sizes/${values}`, "int64", [values.length], BigInt64Array.from(values, BigInt)),
    node: (op, inputs, dims, attributes = {}, type = "float") => ({
      name: g.node(
        op,
        inputs.map(({ name }) => name),
        attributes,
      ),
      dims,
      type,
    }),
    record: (result, operands, backwards) => {
      entries.push({ result, operands, backwards });
      return result;
    },
    gradient: (loss, targets) => {
      if (sizeOf(loss.dims) !== 1)
        throw new TapeShapeError(`A loss is one number, not [${loss.dims}]: take its mean.`);
      const reached = new Set(targets.map(({ name }) => name));
      for (const { result, operands } of entries) {
        if (operands.some(({ name }) => reached.has(name))) reached.add(result.name);
      }
      const gradients = new Map<string, Value>();
      gradients.set(loss.name, tape.node("Identity", [ones(tape, loss.dims)], loss.dims));
      for (const { result, operands, backwards } of [...entries].reverse()) {
        const dy = gradients.get(result.name);
        if (!dy || !reached.has(result.name)) continue;
        operands.forEach((operand, i) => {
          const backward = backwards[i];
          if (!backward || !reached.has(operand.name)) return;
          const part = backward(dy);
          const before = gradients.get(operand.name);
          gradients.set(operand.name, before ? tape.node("Add", [before, part], operand.dims) : part);
        });
      }
      return targets.map((target) => {
        const gradient = gradients.get(target.name);
        if (!gradient) throw new TapeShapeError(`The loss does not depend on ${target.name}: leave it out.`);
        return gradient;
      });
    },
  };
  return tape;
}

function ones(t: Tape, dims: readonly number[]): Value {
  return dims.length === 0 ? t.scalar(1) : t.constant([...dims], new Float32Array(sizeOf(dims)).fill(1));
}

/** The number of elements of a shape. */
export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, size) => product * size, 1);
}

/** Shapes that do not fit together, or a gradient that does not exist. */
export class TapeShapeError extends Error {
  override readonly name = "Tape.ShapeError";
}
