// The whole demonstration, as a user starts it: the command-line tool in a process of its own.
//
// Cold: an empty cache, so circuits and keys are made first. Warm: the same again with that cache and
// a new project. The small form runs the same two on the tiny profile, where proofs take a second.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DemoResult } from "../pipeline/index.ts";
import type { Figure } from "./types.ts";

const CLI = fileURLToPath(new URL("../pipeline/cli/main.ts", import.meta.url));

/** Runs the demonstration cold and warm. */
export async function runDemo({ full }: { readonly full: boolean }): Promise<Figure[]> {
  const profile = full ? "default" : "tiny";
  const folder = await mkdtemp(join(tmpdir(), "quittance-demo-"));
  try {
    const cold = await timed(folder, profile, "cold");
    const warm = await timed(folder, profile, "warm");
    return [
      { name: "demo.cold.seconds", value: cold.seconds, unit: "s" },
      { name: "demo.warm.seconds", value: warm.seconds, unit: "s" },
      // The demonstration proves the training too, so both names stand for the same run.
      { name: "demo.training_warm.seconds", value: warm.seconds, unit: "s" },
      // Both proving threads, the chain and everything else in one process.
      { name: "demo.peak.mib", value: warm.result.peakMib, unit: "MiB" },
      { name: "demo.accuracy", value: warm.result.accuracy, unit: "share of test digits" },
      { name: "demo.mislabelled.share", value: warm.result.mislabelledShare, unit: "share of the money" },
      { name: "payout.l1_error", value: warm.result.payoutL1Error, unit: "L1 distance of shares" },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timed(
  folder: string,
  profile: string,
  run: string,
): Promise<{ seconds: number; result: DemoResult }> {
  const args = [
    "demo",
    "--json",
    "--profile",
    profile,
    "--project",
    join(folder, run),
    "--out",
    join(folder, `${run}-out`),
  ];
  const start = performance.now();
  const text = await new Promise<string>((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, QUITTANCE_CACHE: join(folder, "cache") },
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.once("error", reject);
    child.once("close", (code) => (code === 0 ? resolve(output) : reject(new DemoFailedError(code, output))));
  });
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return { seconds, result: (JSON.parse(text) as { result: DemoResult }).result };
}

/** The demonstration ended with an error. */
export class DemoFailedError extends Error {
  override readonly name = "Demo.Failed";
  constructor(code: number | null, output: string) {
    super(`The demonstration ended with code ${code}: ${output.slice(0, 2_000)}`);
  }
}
