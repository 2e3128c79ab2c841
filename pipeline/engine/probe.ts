/**
 * The process that tries one provider (provider.ts): a small matrix product, reduced, compared with its known
 * result. Prints "works", or the reason why not.
 */
import { graphBuilder } from "./graph.ts";
import { encodeOnnx } from "./onnx.ts";
import { openSession, tensor } from "./ort.ts";
import type { Provider } from "./provider.ts";

const g = graphBuilder("probe");
const x = g.input("x", "float", [2, 2]);
const rows = g.constant("rows", "int64", [1], BigInt64Array.of(1n));
g.output(g.node("ReduceMax", [g.node("MatMul", [x, x]), rows], { keepdims: 0 }), "y", "float", [2]);

try {
  const session = await openSession(encodeOnnx(g.build()), { provider: process.argv[2] as Provider });
  const { y } = await session.run({ x: tensor("float", Float32Array.of(1, 2, 3, 4), [2, 2]) });
  const found = [...(y?.data ?? [])].map(Number);
  await session.close();
  process.stdout.write(found.join() === "10,22" ? "works" : `it computes ${found.join()} for 10,22`);
} catch (error) {
  const reasons = [(error as Error).cause, error].map((one) => (one as Error | undefined)?.message ?? "");
  const reason = reasons.find((one) => one !== "")?.split("\n")[0] ?? "it does not start";
  process.stdout.write(
    reason.replace(/^.*was false\. /, "").replace(/^\S+ /, (word) => (word.includes("/") ? "" : word)),
  );
}
