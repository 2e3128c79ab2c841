/**
 * Graphs as plain data: tensors, operations, and a builder that names the values in between.
 *
 * A graph is written to a file by onnx.ts and run by ort.ts; neither of their engines shows here.
 */

/** Element types by ONNX name, each with its code in the file and its array here. */
export const ELEMENT_TYPES = {
  float: { code: 1, array: Float32Array },
  uint8: { code: 2, array: Uint8Array },
  int8: { code: 3, array: Int8Array },
  int32: { code: 6, array: Int32Array },
  int64: { code: 7, array: BigInt64Array },
  bool: { code: 9, array: Uint8Array },
  double: { code: 11, array: Float64Array },
} as const;

/** An element type that tensors may have. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** The arrays that hold tensors. `bool` is one byte an element. */
export type TensorData = Float32Array | Float64Array | Uint8Array | Int8Array | Int32Array | BigInt64Array;

/** Values with a shape. */
export type Tensor = {
  readonly type: ElementType;
  readonly dims: readonly number[];
  readonly data: TensorData;
};

/** An input or output: a text in `dims` names a size that is free. */
export type ValueInfo = {
  readonly name: string;
  readonly type: ElementType;
  readonly dims: readonly (number | string)[];
};

/**
 * An attribute: whole numbers become INT or INTS, text STRING; a number that is not whole, a tensor and the
 * body of a Loop or Scan say what they are.
 */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly tensor: Tensor }
  | { readonly graph: Graph };

/** One operation. */
export type Node = {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
};

/** A graph: what an ONNX file holds, without its wrapping. */
export type Graph = {
  readonly name: string;
  readonly doc: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly nodes: readonly Node[];
};

/** Builds a graph step by step; every method returns the name of the value that it made. */
export type GraphBuilder = {
  readonly input: (name: string, type: ElementType, dims: readonly (number | string)[]) => string;
  readonly constant: (name: string, type: ElementType, dims: readonly number[], data: TensorData) => string;
  readonly node: (op: string, inputs: readonly string[], attributes?: Record<string, Attribute>) => string;
  /** A node with several results. */
  readonly nodes: (
    op: string,
    inputs: readonly string[],
    count: number,
    attributes?: Record<string, Attribute>,
  ) => string[];
  readonly output: (
    value: string,
    name: string,
    type: ElementType,
    dims: readonly (number | string)[],
  ) => void;
  readonly build: () => Graph;
};

/**
 * Starts a graph. A graph inside another (the body of a Loop) sees the values around it, so its own names
 * must differ from theirs: give it a `prefix` of its own.
 *
 * @example
 * ```ts
 * const g = graphBuilder("double");
 * const x = g.input("x", "int32", ["n"]);
 * g.output(g.node("Add", [x, x]), "y", "int32", ["n"]);
 * const bytes = encodeOnnx(g.build());
 * ```
 */
export function graphBuilder(name: string, doc = "", prefix = "v"): GraphBuilder {
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const constants: Record<string, Tensor> = {};
  const nodes: Node[] = [];
  const add = (
    op: string,
    operands: readonly string[],
    count: number,
    attributes: Record<string, Attribute>,
  ): string[] => {
    const first = `${prefix}${nodes.length}`;
    const values = Array.from({ length: count }, (_, i) => (i === 0 ? first : `${first}.${i}`));
    nodes.push({ op, inputs: operands, outputs: values, attributes });
    return values;
  };
  return {
    input: (input, type, dims) => {
      inputs.push({ name: input, type, dims });
      return input;
    },
    constant: (constant, type, dims, data) => {
      constants[constant] = { type, dims, data };
      return constant;
    },
    node: (op, operands, attributes = {}) => add(op, operands, 1, attributes)[0] as string,
    nodes: (op, operands, count, attributes = {}) => add(op, operands, count, attributes),
    output: (value, output, type, dims) => {
      nodes.push({ op: "Identity", inputs: [value], outputs: [output], attributes: {} });
      outputs.push({ name: output, type, dims });
    },
    build: () => ({ name, doc, inputs, outputs, constants, nodes }),
  };
}
