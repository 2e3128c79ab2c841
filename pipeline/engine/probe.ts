/**
 * The process that tries one provider (provider.ts): products of small whole numbers, which float32 computes
 * exactly in any order, reduced and compared with the CPU's; and then whether it keeps up with the CPU,
 * because a software renderer is a WebGPU device too, hundreds of times slower. Prints "works", or the reason
 * why not.
 */
import { performance } from "node:perf_hooks";
import { graphBuilder } from "./graph.ts";
import { encodeOnnx } from "./onnx.ts";
import { openSession, tensor } from "./ort.ts";

const ROWS = 256;
const INNER = 32;
const COLUMNS = 4096;
const CHUNK = 64;
/**
 * A provider may take this much longer than the CPU on this small product: starting a kernel takes its time.
 */
const PATIENCE = { ms: 20, times: 5 };

async function measure(provider: string): Promise<{ found: string; ms: number }> {
  const g = graphBuilder("probe");
  const product = g.node("MatMul", [
    g.constant(
      "u",
      "float",
      [ROWS, INNER],
      Float32Array.from({ length: ROWS * INNER }, (_, i) => (i % 7) - 3),
    ),
    g.input("h", "float", [INNER, COLUMNS]),
  ]);
  const shape = BigInt64Array.from([ROWS, COLUMNS / CHUNK, CHUNK], BigInt);
  const chunked = g.node("Reshape", [product, g.constant("shape", "int64", [3], shape)]);
  const within = g.constant("within", "int64", [1], BigInt64Array.of(2n));
  const reduced = g.node("ReduceMax", [chunked, within], { keepdims: 0 });
  g.output(reduced, "y", "float", [ROWS, COLUMNS / CHUNK]);
  const session = await openSession(encodeOnnx(g.build()), { provider });
  try {
    const h = Float32Array.from({ length: INNER * COLUMNS }, (_, i) => (i % 11) - 5);
    const times: number[] = [];
    let found = "";
    for (let turn = 0; turn < 2; turn++) {
      const start = performance.now();
      const { y } = await session.run({ h: tensor("float", h, [INNER, COLUMNS]) });
      times.push(performance.now() - start);
      found = [...(y?.data ?? [])].join();
    }
    return { found, ms: Math.min(...times) };
  } finally {
    await session.close();
  }
}

const provider = process.argv[2] ?? "cpu";
try {
  const cpu = await measure("cpu");
  const own = provider === "cpu" ? cpu : await measure(provider);
  if (own.found !== cpu.found) process.stdout.write("it computes something else than the CPU");
  else if (own.ms > PATIENCE.ms + PATIENCE.times * cpu.ms)
    process.stdout.write(`it is ${Math.round(own.ms / cpu.ms)} times slower than the CPU`);
  else process.stdout.write("works");
} catch (error) {
  const reasons = [(error as Error).cause, error].map((one) => (one as Error | undefined)?.message ?? "");
  const reason = reasons.find((one) => one !== "")?.split("\n")[0] ?? "it does not start";
  process.stdout.write(reason.replace(/^.*was false\. /, ""));
}
