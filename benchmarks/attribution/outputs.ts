// What a retrained network says: the log-odds log p/(1 − p) of each test digit's right class. Among retrained
// networks they order a digit exactly as its loss −log p does, so a rank correlation is the same with either.

import { encodeOnnx, graphBuilder, openGraph, tensor } from "../../pipeline/index.ts";
import { oneHot, type Samples, type Weights, withOnes } from "./sgd.ts";

/** An open forward graph. */
export type Outputs = {
  readonly logOdds: (weights: Weights, samples: Samples) => Promise<Float32Array>;
  readonly close: () => Promise<void>;
};

/** Opens the forward graph of networks of one shape. */
export async function openOutputs(sizes: readonly number[]): Promise<Outputs> {
  const session = await openGraph(encodeOnnx(logOddsGraph(sizes)));
  return {
    logOdds: async (weights, samples) => {
      const feeds = weights.map((w, l) => [
        `w${l}`,
        tensor("float", w, [(sizes[l] as number) + 1, sizes[l + 1] as number]),
      ]);
      const data = { x: withOnes(samples), y: oneHot(samples) };
      const { f } = await session.run({ ...data, ...Object.fromEntries(feeds) });
      return f?.data as Float32Array;
    },
    close: () => session.close(),
  };
}

/** `f = z_y − logsumexp of the others`, which does not cancel where p is close to 1. */
function logOddsGraph(sizes: readonly number[]) {
  const g = graphBuilder("log-odds");
  const layers = sizes.length - 1;
  let a = g.input("x", "float", ["n", (sizes[0] as number) + 1]);
  const y = g.input("y", "float", ["n", sizes[layers] as number]);
  const pads = g.constant("pads", "int64", [4], BigInt64Array.of(0n, 0n, 0n, 1n));
  const one = g.constant("one", "float", [], Float32Array.of(1));
  for (let l = 0; l < layers; l++) {
    const w = g.input(`w${l}`, "float", [(sizes[l] as number) + 1, sizes[l + 1] as number]);
    const z = g.node("MatMul", [a, w]);
    a = l === layers - 1 ? z : g.node("Pad", [g.node("Relu", [z]), pads, one]);
  }
  const axis = g.constant("axis", "int64", [1], BigInt64Array.of(1n));
  const far = g.constant("far", "float", [], Float32Array.of(1e9));
  const own = g.node("ReduceSum", [g.node("Mul", [a, y]), axis], { keepdims: 0 });
  const others = g.node("ReduceLogSumExp", [g.node("Sub", [a, g.node("Mul", [y, far])]), axis], {
    keepdims: 0,
  });
  g.output(g.node("Sub", [own, others]), "f", "float", ["n"]);
  return g.build();
}
