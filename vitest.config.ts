// How the tests run. Two things are forced by the engines under test:
//
// - The forks pool. snarkjs crashes when it is imported in a worker thread that its own curve code did not
//   start, and Hardhat's native chain keeps state per process, so every test file gets a process of its own.
// - Two workers at most and timeouts of minutes. A proof keeps one core busy for seconds; on a busy two-core
//   machine it takes many times that. A timeout here catches a hang, it never measures speed.

import { defineConfig } from "vitest/config";
import { tallyReporter } from "./test/reporter.ts";
import { runSeed } from "./test/seed.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 20_000,
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { QUITTANCE_SEED: runSeed() },
    setupFiles: ["test/setup.ts"],
    reporters: ["default", tallyReporter()],
    coverage: {
      provider: "v8",
      include: ["prover/**/*.ts", "pipeline/**/*.ts", "benchmarks/**/*.ts"],
    },
  },
});
