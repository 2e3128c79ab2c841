/** The gas benchmark's small form: a training and two epochs with real proofs, up to the claims. */
import { describe, expect, it } from "vitest";
import { runGas } from "../../benchmarks/gas.ts";
import { CIRCUIT_NAMES } from "../../prover/index.ts";

describe("runGas", () => {
  it("reports every call, each within a transaction's limit, later ones no dearer than first ones", async () => {
    const figures = await runGas({ full: false });
    const gas = new Map(figures.map(({ name, value }) => [name, value]));
    for (const { name, value, unit } of figures) {
      expect(unit).toBe("gas");
      expect(value, name).toBeGreaterThan(21_000);
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
