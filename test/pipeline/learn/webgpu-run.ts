/**
 * Trains a few steps on the provider named by the first argument and prints losses and a parameter as JSON;
 * a process of its own, because a provider is native code that may end it.
 */
import process from "node:process";
import type { SessionOptions } from "../../../pipeline/engine/ort.ts";
import { crossEntropy, layerNorm, oneHot, relu } from "../../../pipeline/learn/functions.ts";
import { conv, maxPool } from "../../../pipeline/learn/image.ts";
import { ones, uniform, zeros } from "../../../pipeline/learn/initial.ts";
import { dense, mean, reshape } from "../../../pipeline/learn/operators.ts";
import type { Value } from "../../../pipeline/learn/tape.ts";
import { openTrainer } from "../../../pipeline/learn/trainer.ts";
import { seededRandom } from "../../../pipeline/random.ts";

const [provider = "cpu", loop = "true"] = process.argv.slice(2);
const BATCH = 4;
const random = seededRandom("webgpu");
const trainer = await openTrainer({
  name: "webgpu",
  loop: loop === "true",
  session: { provider: provider as NonNullable<SessionOptions["provider"]> },
  parameters: {
    filters: { dims: [3, 1, 3, 3], values: uniform(random, [3, 1, 3, 3], 9) },
    shift: { dims: [3], values: zeros([3]) },
    gain: { dims: [12], values: ones([12]) },
    centre: { dims: [12], values: zeros([12]) },
    w: { dims: [12, 3], values: uniform(random, [12, 3], 12) },
    b: { dims: [3], values: zeros([3]) },
  },
  batch: { x: { type: "float", dims: [BATCH, 1, 8, 8] }, y: { type: "int64", dims: [BATCH] } },
  loss: (t, p, { x, y }) => {
    const v = (name: string): Value => p[name] as Value;
    const image = conv(t, x as Value, v("filters"), v("shift"), { stride: 2, pad: 1 });
    const flat = reshape(t, maxPool(t, relu(t, image), 2), [BATCH, 12]);
    const unit = layerNorm(t, flat, v("gain"), v("centre"));
    return mean(t, crossEntropy(t, dense(t, unit, v("w"), v("b")), oneHot(t, y as Value, 3)));
  },
  optimizer: { decay: 0.01 },
});
const losses = await trainer.train({
  steps: 6,
  rate: () => 0.01,
  feed: () => ({
    x: Float32Array.from({ length: BATCH * 64 }, () => random.uniform()),
    y: BigInt64Array.of(0n, 1n, 2n, 0n),
  }),
});
const parameters = Object.values(trainer.parameters()).flatMap(({ data }) => Array.from(data, Number));
await trainer.close();
console.log(JSON.stringify({ losses: [...losses], parameters }));
