/**
 * The gas benchmark's small form: a training and two epochs with real proofs, up to the claims; and the
 * economy at its real sizes against the snapshot that is kept, and against the aims.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { readSnapshot, snapshotChanges } from "../../benchmarks/gas-snapshot.ts";
import { findBenchmark, runBenchmark } from "../../benchmarks/run.ts";
import type { Figure } from "../../benchmarks/types.ts";
import { CIRCUIT_NAMES } from "../../prover/index.ts";

let figures: readonly Figure[] = [];

beforeAll(async () => {
  ({ figures } = await runBenchmark(findBenchmark("gas"), false));
}, 1_800_000);

/** Most gas of a call, as the economy was planned. */
const AIMS = {
  "settle.c64.gas": 600_000,
  "settle.c64.first.gas": 600_000,
  "claim.later.gas": 61_000,
  "answer.amortised1000.gas": 5_000,
  "answer.amortised1000.first.gas": 5_000,
};
/** Sums of several transactions, and shares of one. */
const NO_TRANSACTION = /^(?:answer|verify)\./;

describe("the economy's gas", () => {
  it("is that of the snapshot: node benchmarks/gas-snapshot.ts --write keeps another", () => {
    const kept = readSnapshot();
    expect(Object.keys(kept)).toContain("settle.c512.gas");
    const economy = figures.filter(({ name }) => name in kept || !/^(?:gas|verify)\./.test(name));
    expect(snapshotChanges(kept, economy)).toEqual([]);
  });

  it("keeps the aims", () => {
    for (const [name, most] of Object.entries(AIMS)) {
      const value = figures.find((figure) => figure.name === name)?.value;
      expect(value, name).toBeGreaterThan(0);
      expect(value, name).toBeLessThanOrEqual(most);
    }
  });

  it("is compared by figure: one that is new, gone, or moved by more than a fifth of a percent", () => {
    const now = (name: string, value: number): Figure => ({ name, value, unit: "gas" });
    expect(snapshotChanges({ a: 1000 }, [now("a", 1002)])).toEqual([]);
    expect(snapshotChanges({ a: 1000 }, [now("a", 1003)])).toHaveLength(1);
    expect(snapshotChanges({ a: 1000 }, [now("a", 997)])).toHaveLength(1);
    expect(snapshotChanges({ a: 1000 }, [now("b", 1000)])).toHaveLength(2);
  });
});

describe("runGas", () => {
  it("reports every call, each within a transaction's limit, later ones no dearer than first ones", () => {
    const gas = new Map(figures.map(({ name, value }) => [name, value]));
    for (const { name, value, unit } of figures) {
      expect(unit).toBe("gas");
      if (!NO_TRANSACTION.test(name)) expect(value, name).toBeGreaterThan(21_000);
      expect(value, name).toBeLessThan(2 ** 24);
    }
    for (const call of ["contribute", "deposit", "commitEpoch", "settle", "claim"]) {
      expect(gas.get(`gas.${call}.later`), call).toBeLessThan(gas.get(`gas.${call}.first`) as number);
    }
    for (const call of [
      "register",
      "commitModel",
      "proveInference.first",
      "proveAdjoint.first",
      "proveWeights.first",
      "beginTraining",
      "proveTraining",
    ]) {
      expect(gas.has(`gas.${call}`), call).toBe(true);
    }
    for (const circuit of CIRCUIT_NAMES) {
      const of = (figure: string): number => gas.get(`verify.${circuit}.${figure}`) ?? Number.NaN;
      const falling = [4, 16, 32].map((size) => of(`batch${size}.gas_per_proof`));
      expect([of("single.gas"), ...falling]).toEqual([of("single.gas"), ...falling].sort((a, b) => b - a));
      // A batch of one does the work of a single call, and little more.
      expect(of("batch1.gas_per_proof")).toBeLessThan(of("single.gas") * 1.05);
    }
    expect(gas.get("verify.batch16.gas_per_proof")).toBeLessThan(68_000);
  });
});
