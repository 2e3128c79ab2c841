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
    // A code adds up several scores, so only the lead of one class over another needs more room.
    const others = (name: ProfileName) =>
      widths(loadProfile(name)).filter(([width]) => width !== "scoreDiffBits");
    for (const name of ["tiny-codes", "tickets32"] as const) expect(others(name)).toEqual(others("default"));
  });

  it("give each class a word: unit vectors, unless they name a code", () => {
    expect(loadProfile("tiny")).toMatchObject({
      classes: 3,
      words: [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ],
    });
    const { d, m, classes, words } = loadProfile("tickets32");
    expect([d, m, classes, words.length]).toEqual([32, 16, 77, 77]);
    expect(words.every((word) => word.length === m)).toBe(true);
  });

  it("have widths that fit their sizes, and each rule is one that can break", () => {
    const profile = loadProfile("default");
    const { words } = profile;
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
      [{ words: words.map((word) => word.map((value) => 2 * value)) }, /scoreDiffBits/],
      [{ words: words.map((word) => word.map((value) => 8 * value)) }, /qBits/],
      [{ words: [...words.slice(1), words[1] as readonly number[]] }, /code: the words differ/],
      [
        { words: words.map((word, k) => (k === 0 ? word.map((value) => 2 * value) : word)) },
        /a shortest one/,
      ],
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
    // Without a code a circuit is what it was before there were codes, byte for byte: keys stay valid.
    expect(mainSource(loadProfile("default"), "inference")).toContain(
      "= Inference(32, 10, 45, 28, 32, 16, 41);",
    );
    const coded = mainSource(loadProfile("tiny-codes"), "samples");
    expect(coded).toContain('include "circuits/coded/samples.circom";');
    expect(coded).toContain(
      "= CodedSamples(4, 3, 5, [[0,0,0],[1,1,1],[1,-1,-1],[-1,1,-1],[-1,-1,1]], 5, 28);",
    );
  });
});
