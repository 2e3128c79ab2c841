// Fast against slow (every pair, exactly), order, chains, blocks; and real digits: copies are found, honest
// ones are not.
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { openBackbone } from "../../../pipeline/backbone/backbone.ts";
import { BLOCK_ROWS } from "../../../pipeline/corpus/cosines.ts";
import { demoSplit } from "../../../pipeline/corpus/demo.ts";
import {
  type DuplicateInput,
  DuplicateInputError,
  type Featured,
  findDuplicates,
  NEAR,
} from "../../../pipeline/corpus/duplicates.ts";
import { loadCorpus } from "../../../pipeline/corpus/folder.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { STANDARD_SEED } from "../../../pipeline/standard-backbone.ts";
import { sha256 } from "../../../pipeline/store.ts";
import { NGRAMS, ngramVector } from "../../../pipeline/text/ngrams.ts";
import { seeds } from "../model/cases.ts";
import { dataFolder } from "./data.ts";
import { projection } from "./projection.ts";

/** The definition: each sample against every kept one before it, with distances of its own. */
function slow({ contents, features, d, reference }: DuplicateInput): Array<[number, number]> {
  const kept: number[] = [];
  const out: Array<[number, number]> = [];
  const distance = (a: Uint8Array | Int8Array, b: Uint8Array | Int8Array): number => {
    const dot = (x: typeof a, y: typeof a): number => {
      let sum = 0;
      for (let at = 0; at < x.length; at++) sum += (x[at] as number) * (y[at] as number);
      return sum;
    };
    const norms = dot(a, a) * dot(b, b);
    return 1 - (norms === 0 ? 0 : dot(a, b) / Math.sqrt(norms));
  };
  const h = (of: Int8Array, at: number): Int8Array => of.subarray(at * d, (at + 1) * d - 1);
  const farther = (distances: number[] = []): number =>
    Math.max(...[0, 1].map((half) => Math.min(...distances.filter((_, r) => r % 2 === half))));
  const rhoH = contents.map((_, i) =>
    farther(reference?.contents.map((__, r) => distance(h(features, i), h(reference.features, r)))),
  );
  const rhoC = contents.map((content) =>
    farther(reference?.contents.map((other) => distance(content, other))),
  );
  contents.forEach((content, i) => {
    const earliest = kept.find((j) => {
      const near = (rho: number[], part: number, far: number): boolean =>
        far <= part * Math.min(rho[i] as number, rho[j] as number);
      return (
        Buffer.compare(content, contents[j] as Uint8Array) === 0 ||
        near(rhoH, NEAR.features, distance(h(features, i), h(features, j))) ||
        near(rhoC, NEAR.contents, distance(content, contents[j] as Uint8Array))
      );
    });
    if (earliest === undefined) kept.push(i);
    else out.push([i, earliest]);
  });
  return out;
}

/** Random samples, many of them copies, exact or slightly changed, of earlier ones. */
function copied(seed: number | string, n: number, d: number, size: number): DuplicateInput {
  const random = seededRandom(`copied/${seed}`);
  const publicOnes = 30;
  const contents: Uint8Array[] = [];
  const features = new Int8Array(n * d);
  for (let i = 0; i < n; i++) {
    const kind = i === 0 ? 0 : random.below(4);
    const of = i === 0 ? 0 : random.below(i);
    const drawn = Uint8Array.from({ length: size }, () => random.below(256));
    const content = kind < 2 ? drawn : Uint8Array.from(contents[of] as Uint8Array);
    if (kind === 3) content[random.below(size)] = random.below(256);
    contents.push(content);
    for (let j = 0; j < d; j++) {
      const drift = kind === 3 && j === 1 ? 1 : 0;
      features[i * d + j] = kind < 2 ? random.below(200) - 100 : (features[of * d + j] as number) + drift;
    }
  }
  const drawn = (count: number): Uint8Array => Uint8Array.from({ length: count }, () => random.below(256));
  const reference = {
    contents: Array.from({ length: publicOnes }, () => drawn(size)),
    features: Int8Array.from(drawn(publicOnes * d), (v) => v - 128),
  };
  return { contents, features, d, reference };
}

describe("findDuplicates", () => {
  it("finds what comparing every pair finds, and gives the credit to the same one", async () => {
    await fc.assert(
      fc.asyncProperty(seeds, fc.integer({ min: 1, max: 60 }), async (seed, n) => {
        const input = copied(seed, n, 18, 20);
        const { kept, findings } = await findDuplicates(input);
        expect(findings.map(({ index, earliest }) => [index, earliest])).toEqual(slow(input));
        const all = [...kept, ...findings.map(({ index }) => index)].sort((a, b) => a - b);
        expect(all).toEqual(input.contents.map((_, i) => i));
      }),
      { numRuns: 25 },
    );
  });

  it("does not depend on blocks: more samples than fit one", async () => {
    const input = copied("blocks", BLOCK_ROWS + 500, 17, 16);
    const { findings } = await findDuplicates(input);
    expect(findings.map(({ index, earliest }) => [index, earliest])).toEqual(slow(input));
    expect(
      findings.filter(({ index, earliest }) => index >= BLOCK_ROWS && earliest < BLOCK_ROWS).length,
    ).toBeGreaterThan(50);
  });

  it("keeps near ones where there is nothing public to compare with, and says how alike two are", async () => {
    const d = 18;
    const one = Uint8Array.from({ length: 20 }, (_, i) => 10 * i);
    const h = Array.from({ length: d }, (_, j) => (j === d - 1 ? 64 : 5 * j - 40));
    const input = {
      contents: [one, one.map((v, i) => (i === 7 ? v + 1 : v)), Uint8Array.from(one), Uint8Array.of(1, 2)],
      features: Int8Array.from([...h, ...h, ...h, ...h.map((v, j) => (j === d - 1 ? v : -v))]),
      d,
    };
    const exact = await findDuplicates(input);
    expect(exact.kept).toEqual([0, 1, 3]);
    expect(exact.findings).toMatchObject([
      { index: 2, earliest: 0, kind: "exact", features: 1, contents: 1 },
    ]);
    // Contents of different lengths are compared by features alone.
    const random = seededRandom("public");
    const reference = {
      contents: [one, one],
      features: Int8Array.from({ length: 2 * d }, () => random.below(200) - 100),
    };
    const { findings } = await findDuplicates({ ...input, reference });
    expect(findings.map(({ index, kind }) => [index, kind])).toEqual([
      [1, "near"],
      [2, "exact"],
    ]);
    await expect(findDuplicates({ ...input, d: 4 })).rejects.toThrow(DuplicateInputError);
  });
});

describe("on real digits", async () => {
  const d = 32;
  const backbone = await openBackbone(projection(d));
  afterAll(() => backbone.close());
  const samplesOf = async (contents: readonly Uint8Array[]): Promise<Featured> => ({
    contents,
    features: await backbone.features(contents),
  });
  const publicOnes = demoSplit(STANDARD_SEED).publicSamples.map(({ content }) => content);
  const reference = await samplesOf(publicOnes);
  // The mnist package's digits are digits of MNIST: of the others, none is public.
  const known = new Set(publicOnes.map((content) => sha256(content)));
  const honest = loadCorpus(dataFolder("mnist-writers"), { limit: 20_000 })
    .samples.map(({ content }) => content)
    .filter((content) => !known.has(sha256(content)))
    .slice(0, 6_000);

  it("takes at most one of 6,000 honest digits, written by many hands, for a copy", async () => {
    expect(honest.length).toBe(6_000);
    const { findings } = await findDuplicates({ ...(await samplesOf(honest)), d, reference });
    expect(findings.length).toBeLessThanOrEqual(1);
  });

  it("finds copies that were touched up: noise, brightness, one pixel", async () => {
    const random = seededRandom("touched up");
    // The part of 300 copies that is found, at least: what is missed is written down, not hidden.
    const changes: Record<string, [number, (content: Uint8Array) => Uint8Array]> = {
      "a pixel one step off": [1, (c) => c.map((v, at) => (at === 400 ? v ^ 1 : v))],
      "a white pixel": [0.95, (c) => c.map((v, at) => (at === 0 ? 255 : v))],
      "noise of 8": [0.99, (c) => c.map((v) => Math.max(0, Math.min(255, v + random.below(17) - 8)))],
      "noise of 32": [0.8, (c) => c.map((v) => Math.max(0, Math.min(255, v + random.below(65) - 32)))],
      dimmed: [1, (c) => c.map((v) => Math.round(v * 0.8))],
    };
    const originals = honest.slice(0, 300);
    for (const [name, [least, change]] of Object.entries(changes)) {
      const input = await samplesOf([...originals, ...originals.map(change)]);
      const { findings } = await findDuplicates({ ...input, d, reference });
      expect(findings.filter(({ index, earliest }) => index !== earliest + 300)).toEqual([]);
      expect([name, findings.length / 300 >= least]).toEqual([name, true]);
    }
  });
});

describe("on real texts", () => {
  const texts = loadCorpus(join(dataFolder("banking77"), "train.csv"), { limit: 3_000 }).samples.map(
    ({ content }) => content,
  );
  // Likeness of texts is that of their n-grams; the few features given here are not looked at.
  const featured = (contents: readonly Uint8Array[]): Featured => ({
    contents,
    vectors: contents.map((content) => ngramVector(content, NGRAMS)),
    features: new Int8Array(2 * contents.length),
  });

  it("finds copies with other capitals or spaces, half of those with a word more, and little else", async () => {
    const reference = featured(texts.filter((_, i) => i % 2 === 0));
    const own = texts.filter((_, i) => i % 2 === 1).slice(0, 1_000);
    const before = await findDuplicates({ ...featured(own), d: 2, reference });
    // People do ask the same twice: those are near-duplicates, and few.
    expect(before.findings.length).toBeLessThan(0.02 * own.length);
    const originals = before.kept.slice(0, 100).map((i) => own[i] as Uint8Array);
    const text = (content: Uint8Array): string => new TextDecoder().decode(content);
    const changes: Record<string, [number, (content: Uint8Array) => string]> = {
      capitals: [1, (content) => text(content).toUpperCase()],
      spaces: [0.98, (content) => ` ${text(content).replaceAll(" ", "  ")}`],
      "a word more": [0.4, (content) => `${text(content)} please`],
    };
    for (const [name, [least, change]] of Object.entries(changes)) {
      const copies = originals.map((content) => new TextEncoder().encode(change(content)));
      const { findings } = await findDuplicates({ ...featured([...originals, ...copies]), d: 2, reference });
      expect(findings.filter(({ index, earliest }) => index !== earliest + originals.length)).toEqual([]);
      expect([name, findings.length / originals.length >= least, findings.length]).toEqual([
        name,
        true,
        findings.length,
      ]);
    }
  });
});
