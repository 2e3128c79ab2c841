/** The gas benchmark's small form: two epochs with real proofs, from registration to claims. */
import { describe, expect, it } from "vitest";
import { runGas } from "../../benchmarks/gas.ts";

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
    ]) {
      expect(gas.has(`gas.${call}`), call).toBe(true);
    }
  });
});
