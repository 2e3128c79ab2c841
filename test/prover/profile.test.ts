import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  CIRCUIT_NAMES,
  circuitSource,
  loadProfile,
  mainSource,
  PROFILE_NAMES,
  type Profile,
  type ProfileName,
  ProfileUnknownError,
  rangeProblems,
} from "../../prover/profile.ts";

describe("profiles", () => {
  it("load, frozen, and refuse an unknown name with the known ones", () => {
    expect(loadProfile("default")).toMatchObject({
      name: "default",
      d: 32,
      m: 10,
      queries: 45,
      contributors: 6,
    });
    expect(loadProfile("tiny")).toMatchObject({ name: "tiny", d: 4, m: 3 });
    expect(Object.isFrozen(loadProfile("tiny"))).toBe(true);
    expect(() => loadProfile("huge" as ProfileName)).toThrow(ProfileUnknownError);
    expect(() => loadProfile("huge" as ProfileName)).toThrow(/tiny, default/);
  });

  it("have the same widths, so that the tiny one tests the real arithmetic", () => {
    const widths = (profile: Profile) => Object.entries(profile).filter(([name]) => name.endsWith("Bits"));
    expect(widths(loadProfile("tiny"))).toEqual(widths(loadProfile("default")));
  });

  it("have widths that fit their sizes, and each rule is one that can break", () => {
    const profile = loadProfile("default");
    expect(PROFILE_NAMES.map((name) => rangeProblems(loadProfile(name)))).toEqual(
      PROFILE_NAMES.map(() => []),
    );
    const broken: [Partial<Profile>, RegExp][] = [
      [{ aBits: 30 }, /aBits/],
      [{ scoreDiffBits: 40 }, /scoreDiffBits/],
      [{ qBits: 29 }, /qBits/],
      [{ rBits: 35 }, /rBits/],
      [{ yBits: 220 }, /yBits/],
      [{ sBits: 252 }, /sBits/],
      [{ scaleBits: 230 }, /scaleBits/],
    ];
    for (const [change, rule] of broken)
      expect(rangeProblems({ ...profile, ...change }).join()).toMatch(rule);
  });

  it("name templates that exist, and write their main source", () => {
    for (const profile of PROFILE_NAMES.map(loadProfile)) {
      for (const circuit of CIRCUIT_NAMES) {
        const { file } = circuitSource(circuit, profile);
        expect(existsSync(join(import.meta.dirname, "../..", file))).toBe(true);
      }
    }
    const source = mainSource(loadProfile("default"), "weights");
    expect(source).toContain('include "circuits/weights.circom";');
    expect(source).toContain("component main {public [commitY, commitG, w]} = Weights(32, 10, 6, 56, 112);");
  });
});
