// The seed of a run: given, or the commit's.

import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { runSeed } from "./seed.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

describe("the seed of a run", () => {
  it("is the one that is given, if it is one", () => {
    vi.stubEnv("QUITTANCE_SEED", "7");
    expect(runSeed()).toBe("7");
    for (const wrong of ["-1", "x", "4294967296"]) {
      vi.stubEnv("QUITTANCE_SEED", wrong);
      expect(() => runSeed()).toThrow(/below 2\^32/);
    }
  });

  it("is the same twice for a commit", () => {
    vi.stubEnv("QUITTANCE_SEED", "");
    expect(runSeed()).toBe(runSeed());
    expect(Number(runSeed())).toBeLessThan(2 ** 32);
  });

  it("is what properties draw from", () => {
    const drawn = (): number[] => fc.sample(fc.integer(), 20);
    expect(fc.readConfigureGlobal().seed).toBe(Number(process.env["QUITTANCE_SEED"]) | 0);
    expect(drawn()).toEqual(drawn());
  });
});
