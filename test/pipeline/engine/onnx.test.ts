import { describe, expect, it } from "vitest";
import { graphBuilder, type Tensor } from "../../../pipeline/engine/graph.ts";
import { decodeOnnx, encodeOnnx, OnnxFormatError } from "../../../pipeline/engine/onnx.ts";
import { openSession, SessionOpenError, SessionRunError, tensor } from "../../../pipeline/engine/ort.ts";

function sample() {
  const g = graphBuilder("sample", "all types");
  const x = g.input("x", "int64", ["n", 2]);
  const w = g.constant("w", "int64", [2, 2], BigInt64Array.of(1n, -(2n ** 60n), 3n, 4n));
  g.constant("b", "int8", [3], Int8Array.of(-1, 0, 1));
  g.constant("f", "double", [], Float64Array.of(0.1));
  const y = g.node("Transpose", [g.node("MatMul", [x, w])], { perm: [1, 0] });
  g.output(y, "y", "int64", [2, "n"]);
  return g.build();
}

describe("ONNX files", () => {
  it("are read back as written, and have the same bytes every time", () => {
    const bytes = encodeOnnx(sample());
    expect(decodeOnnx(bytes)).toEqual(sample());
    expect(encodeOnnx(sample())).toEqual(bytes);
    expect(encodeOnnx(decodeOnnx(bytes))).toEqual(bytes);
  });

  it("run, with 64-bit integers exact", async () => {
    const session = await openSession(encodeOnnx(sample()));
    expect(session.inputs[0]).toMatchObject({ name: "x", type: "int64" });
    expect(session.outputs[0]).toMatchObject({ name: "y", type: "int64" });
    const { y } = await session.run({ x: tensor("int64", BigInt64Array.of(1n, 1n, 3n, -1n), [2, 2]) });
    expect(y?.dims).toEqual([2, 2]);
    expect([...((y as Tensor).data as BigInt64Array)]).toEqual([
      4n,
      0n,
      4n - 2n ** 60n,
      -(3n * 2n ** 60n) - 4n,
    ]);
    await session.close();
    await session.close();
    await expect(session.run({})).rejects.toThrow(SessionRunError);
  });

  it("refuse a shape that does not fit its values, and bytes that are no file", async () => {
    const g = graphBuilder("bad");
    g.constant("c", "int8", [4], Int8Array.of(1));
    expect(() => encodeOnnx(g.build())).toThrow(OnnxFormatError);
    expect(() => decodeOnnx(Uint8Array.of(9, 9, 9))).toThrow(OnnxFormatError);
    expect(() => decodeOnnx(new Uint8Array())).toThrow(/holds no graph/);
    await expect(openSession(Uint8Array.of(1))).rejects.toThrow(SessionOpenError);
    const session = await openSession(encodeOnnx(sample()));
    await expect(session.run({ x: tensor("int64", BigInt64Array.of(1n), [1, 1]) })).rejects.toThrow(
      /Check the shapes/,
    );
    await session.close();
  });
});
