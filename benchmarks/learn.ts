// What training in ONNX Runtime costs on this machine's CPU: a step of the two digit networks (a batch of 64,
// its distortion included), the many steps of a Loop against one step a run with the state fed back, and the
// whole training of the standard backbone.
//
// Both ways of running a step are measured in turns, and the quicker of two rounds counts, so that their
// ratio depends little on what else the machine is doing.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import process from "node:process";
import { demoSplit, standardBackbone, trainDigits } from "../pipeline/index.ts";
import type { Figure } from "./types.ts";

const ROUNDS = 2;

/** Measures training. */
export async function runLearn({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const { publicSamples } = demoSplit("benchmark/learn");
  const figures: Figure[] = [];
  for (const kind of ["mlp", "conv"] as const) {
    const steps = full ? (kind === "mlp" ? 512 : 256) : 32;
    const quickest = { loop: Infinity, fedBack: Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of ["loop", "fedBack"] as const) {
        const ms = await timed(() => trainDigits(publicSamples, { kind, steps, loop: way === "loop" }));
        quickest[way] = Math.min(quickest[way], ms / steps);
      }
    }
    figures.push(
      { name: `${kind}.step.ms`, value: quickest.loop, unit: "ms, one thread" },
      {
        name: `${kind}.fed_back.ratio`,
        value: quickest.fedBack / quickest.loop,
        unit: "one step a run / Loop",
      },
    );
  }
  const cache = mkdtempSync(join(tmpdir(), "quittance-learn-"));
  const before = process.env.QUITTANCE_CACHE;
  process.env.QUITTANCE_CACHE = cache;
  try {
    const ms = await timed(() => standardBackbone(full ? 32 : 4));
    figures.push({ name: "standard.seconds", value: ms / 1_000, unit: "s, two threads" });
  } finally {
    if (before === undefined) delete process.env.QUITTANCE_CACHE;
    else process.env.QUITTANCE_CACHE = before;
    rmSync(cache, { recursive: true, force: true });
  }
  return figures;
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
