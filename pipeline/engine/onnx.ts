/**
 * Writes and reads ONNX files: the small part of onnx.proto that integer and linear-algebra graphs need.
 *
 * Field numbers are those of github.com/onnx/onnx, `onnx/onnx.proto3` (IR version 10, operator set 21).
 * Graphs are plain data here; a {@link GraphBuilder} names the values in between. The bytes of a graph depend
 * on nothing but the graph, in the order it was built, so that a file can be named by its hash. Tensors are
 * little-endian `raw_data`, as ONNX asks.
 *
 * Only this file imports protobufjs.
 */
import protobuf from "protobufjs/light.js";
import {
  type Attribute,
  ELEMENT_TYPES,
  type ElementType,
  type Graph,
  type Tensor,
  type TensorData,
  type ValueInfo,
} from "./graph.ts";

/** The bytes of an ONNX file (IR 10, operator set 21). The same graph gives the same bytes. */
export function encodeOnnx(graph: Graph): Uint8Array {
  const message = {
    irVersion: 10,
    producerName: "quittance",
    opsetImport: [{ domain: "", version: 21 }],
    graph: encodeGraph(graph),
  };
  const problem = Model.verify(message);
  if (problem !== null) throw new OnnxFormatError(`The graph ${graph.name} cannot be written: ${problem}.`);
  return Model.encode(Model.fromObject(message)).finish();
}

function encodeGraph(graph: Graph): object {
  return {
    name: graph.name,
    docString: graph.doc,
    node: graph.nodes.map((node) => ({
      input: node.inputs,
      output: node.outputs,
      opType: node.op,
      attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
    })),
    initializer: Object.entries(graph.constants).map(([name, tensor]) => encodeTensor(name, tensor)),
    input: graph.inputs.map(encodeValueInfo),
    output: graph.outputs.map(encodeValueInfo),
  };
}

/**
 * Reads an ONNX file: one that {@link encodeOnnx} could have written, or another exporter's that uses the
 * same types.
 * @throws OnnxFormatError when the bytes are no ONNX file, or use what this project does not.
 */
export function decodeOnnx(bytes: Uint8Array): Graph {
  let model: ModelMessage;
  try {
    model = Model.toObject(Model.decode(bytes), {
      longs: Number,
      arrays: true,
      defaults: true,
    }) as ModelMessage;
  } catch (cause) {
    throw new OnnxFormatError("These bytes are not an ONNX file: take the file that was written here.", {
      cause,
    });
  }
  const graph = model.graph;
  if (!graph || graph.node.length === 0) {
    throw new OnnxFormatError("This ONNX file holds no graph: take the file that was written here.");
  }
  return decodeGraph(graph);
}

function decodeGraph(graph: GraphMessage): Graph {
  return {
    name: graph.name,
    doc: graph.docString,
    inputs: graph.input.map(decodeValueInfo),
    outputs: graph.output.map(decodeValueInfo),
    constants: Object.fromEntries(graph.initializer.map((tensor) => [tensor.name, decodeTensor(tensor)])),
    nodes: graph.node.map((node) => ({
      op: node.domain === "" || node.domain === "ai.onnx" ? node.opType : `${node.domain}.${node.opType}`,
      inputs: node.input,
      outputs: node.output,
      attributes: Object.fromEntries(node.attribute.map((a) => [a.name, decodeAttribute(a)])),
    })),
  };
}

/** The documentation text of an ONNX file's graph, whatever else is in it; empty for bytes that are none. */
export function onnxDoc(bytes: Uint8Array): string {
  try {
    const { graph } = Model.toObject(Model.decode(bytes), { defaults: true }) as Partial<ModelMessage>;
    return graph?.docString ?? "";
  } catch {
    return "";
  }
}

const ATTRIBUTE = { float: 1, int: 2, string: 3, tensor: 4, graph: 5, floats: 6, ints: 7 } as const;

function encodeAttribute(name: string, value: Attribute): object {
  if (typeof value === "number") return { name, i: value, type: ATTRIBUTE.int };
  if (typeof value === "string") return { name, s: new TextEncoder().encode(value), type: ATTRIBUTE.string };
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE.float };
  if ("floats" in value) return { name, floats: value.floats, type: ATTRIBUTE.floats };
  if ("tensor" in value) return { name, t: encodeTensor("", value.tensor), type: ATTRIBUTE.tensor };
  if ("graph" in value) return { name, g: encodeGraph(value.graph), type: ATTRIBUTE.graph };
  return { name, ints: value, type: ATTRIBUTE.ints };
}

function decodeAttribute(a: AttributeMessage): Attribute {
  if (a.type === ATTRIBUTE.int) return a.i;
  if (a.type === ATTRIBUTE.string) return new TextDecoder().decode(a.s);
  if (a.type === ATTRIBUTE.ints) return a.ints;
  if (a.type === ATTRIBUTE.float) return { float: a.f };
  if (a.type === ATTRIBUTE.floats) return { floats: a.floats };
  if (a.type === ATTRIBUTE.tensor && a.t) return { tensor: decodeTensor(a.t) };
  if (a.type === ATTRIBUTE.graph && a.g) return { graph: decodeGraph(a.g) };
  throw new OnnxFormatError(`Attribute ${a.name} is of type ${a.type}, which is not used here.`);
}

function encodeTensor(name: string, { type, dims, data }: Tensor): object {
  if (dims.reduce((product, size) => product * size, 1) !== data.length) {
    throw new OnnxFormatError(
      `Constant ${name} has ${data.length} values for the shape [${dims.join(", ")}].`,
    );
  }
  const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, dims, dataType: ELEMENT_TYPES[type].code, rawData };
}

function decodeTensor(message: TensorMessage): Tensor {
  const { name, dims, dataType, rawData } = message;
  const type = elementType(dataType);
  const { array } = ELEMENT_TYPES[type];
  const count = dims.reduce((product, size) => product * size, 1);
  if (rawData.length === 0 && count > 0) return { type, dims, data: typedValues(message, type, count) };
  if (rawData.length !== count * array.BYTES_PER_ELEMENT) {
    throw new OnnxFormatError(
      `Constant ${name} has ${rawData.length} bytes for the shape [${dims.join(", ")}].`,
    );
  }
  // A copy, because a view needs an aligned offset.
  return { type, dims, data: new array(Uint8Array.from(rawData).buffer) };
}

/** Values in the field of their type, as some exporters write them. */
function typedValues(message: TensorMessage, type: ElementType, count: number): TensorData {
  const { floatData, doubleData, int64Data, int32Data } = message;
  const values = { float: floatData, double: doubleData, int64: int64Data }[type as string] ?? int32Data;
  if (values.length !== count) {
    throw new OnnxFormatError(
      `Constant ${message.name} has ${values.length} values for the shape [${message.dims.join(", ")}]; ` +
        "files with external data are not read: export it as one file.",
    );
  }
  if (type === "int64") return BigInt64Array.from(values, BigInt);
  return (ELEMENT_TYPES[type].array as Float64ArrayConstructor).from(values) as TensorData;
}

function encodeValueInfo({ name, type, dims }: ValueInfo): object {
  const dim = dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: ELEMENT_TYPES[type].code, shape: { dim } } } };
}

function decodeValueInfo({ name, type }: ValueInfoMessage): ValueInfo {
  const dims = type.tensorType.shape.dim.map((size) => size.dimParam || size.dimValue);
  return { name, type: elementType(type.tensorType.elemType), dims };
}

function elementType(code: number): ElementType {
  for (const [name, type] of Object.entries(ELEMENT_TYPES))
    if (type.code === code) return name as ElementType;
  throw new OnnxFormatError(`Element type ${code} is not used here.`);
}

type AttributeMessage = {
  name: string;
  f: number;
  i: number;
  s: Uint8Array;
  t: TensorMessage | null;
  g: GraphMessage | null;
  floats: number[];
  ints: number[];
  type: number;
};
type TensorMessage = {
  name: string;
  dims: number[];
  dataType: number;
  rawData: Uint8Array;
  floatData: number[];
  int32Data: number[];
  int64Data: number[];
  doubleData: number[];
};
type DimMessage = { dimValue: number; dimParam: string };
type ValueInfoMessage = {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: DimMessage[] } } };
};
type NodeMessage = {
  input: string[];
  output: string[];
  opType: string;
  domain: string;
  attribute: AttributeMessage[];
};
type GraphMessage = {
  name: string;
  docString: string;
  node: NodeMessage[];
  initializer: TensorMessage[];
  input: ValueInfoMessage[];
  output: ValueInfoMessage[];
};
type ModelMessage = { graph?: GraphMessage | null };

/** A message's fields as `name: [number, type]`; a type in brackets is repeated. */
function fields(entries: Record<string, readonly [number, string]>): protobuf.IType {
  return {
    fields: Object.fromEntries(
      Object.entries(entries).map(([name, [id, type]]) => [
        name,
        type.startsWith("[") ? { id, type: type.slice(1, -1), rule: "repeated" } : { id, type },
      ]),
    ),
  };
}

const Model = protobuf.Root.fromJSON({
  options: { syntax: "proto3" },
  nested: {
    Model: fields({
      irVersion: [1, "int64"],
      producerName: [2, "string"],
      graph: [7, "Graph"],
      opsetImport: [8, "[Opset]"],
    }),
    Opset: fields({ domain: [1, "string"], version: [2, "int64"] }),
    Graph: fields({
      node: [1, "[Node]"],
      name: [2, "string"],
      initializer: [5, "[Tensor]"],
      docString: [10, "string"],
      input: [11, "[ValueInfo]"],
      output: [12, "[ValueInfo]"],
    }),
    Node: fields({
      input: [1, "[string]"],
      output: [2, "[string]"],
      opType: [4, "string"],
      attribute: [5, "[Attribute]"],
      domain: [7, "string"],
    }),
    Attribute: fields({
      name: [1, "string"],
      f: [2, "float"],
      i: [3, "int64"],
      s: [4, "bytes"],
      t: [5, "Tensor"],
      g: [6, "Graph"],
      floats: [7, "[float]"],
      ints: [8, "[int64]"],
      type: [20, "int32"],
    }),
    Tensor: fields({
      dims: [1, "[int64]"],
      dataType: [2, "int32"],
      floatData: [4, "[float]"],
      int32Data: [5, "[int32]"],
      int64Data: [7, "[int64]"],
      name: [8, "string"],
      rawData: [9, "bytes"],
      doubleData: [10, "[double]"],
    }),
    ValueInfo: fields({ name: [1, "string"], type: [2, "ValueType"] }),
    ValueType: fields({ tensorType: [1, "TensorType"] }),
    TensorType: fields({ elemType: [1, "int32"], shape: [2, "Shape"] }),
    Shape: fields({ dim: [1, "[Dim]"] }),
    Dim: fields({ dimValue: [1, "int64"], dimParam: [2, "string"] }),
  },
}).lookupType("Model");

/** Bytes that are no ONNX file of ours, or a graph that cannot be written as one. */
export class OnnxFormatError extends Error {
  override readonly name = "Onnx.FormatError";
}
