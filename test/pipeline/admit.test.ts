// Duplicates do not pay: real digits, real money rule. And the order of arrival outlives the order of a file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { admitSamples, duplicateLines, foundDuplicates, withoutLeftOut } from "../../pipeline/admit.ts";
import { openBackbone } from "../../pipeline/backbone/backbone.ts";
import type { Sample } from "../../pipeline/corpus/corpus.ts";
import { demoSplit } from "../../pipeline/corpus/demo.ts";
import { adjoint } from "../../pipeline/influence/adjoint.ts";
import { shares } from "../../pipeline/influence/payouts.ts";
import { queriesMatrix } from "../../pipeline/influence/queries.ts";
import { scores, weights } from "../../pipeline/influence/scores.ts";
import { answers, fitModel } from "../../pipeline/model/model.ts";
import { openProject, type Project } from "../../pipeline/project.ts";
import { seededRandom } from "../../pipeline/random.ts";
import { STANDARD_SEED } from "../../pipeline/standard-backbone.ts";
import { loadProfile } from "../../prover/index.ts";
import { projection } from "./corpus/projection.ts";

/** What copying may raise a share by, at most. */
const COPY_TOLERANCE = 0.05;

const profile = loadProfile("default");
const folder = mkdtempSync(join(tmpdir(), "quittance-admit-"));
const backbone = await openBackbone(projection(profile.d));
const split = demoSplit(STANDARD_SEED);
afterAll(async () => {
  await backbone.close();
  rmSync(folder, { recursive: true, force: true });
});

async function inProject<T>(name: string, work: (project: Project) => Promise<T>): Promise<T> {
  const project = openProject({ folder: join(folder, name), create: {} });
  try {
    return await work(project);
  } finally {
    project.close();
  }
}

const corpusOf = (samples: readonly Sample[]) => ({ name: "digits", shape: [28, 28], classes: 10, samples });
const featuresOf = (samples: readonly Sample[]): Promise<Int8Array> =>
  backbone.features(samples.map(({ content }) => content));

/** Each contributor's part of the money for the demonstration's questions. */
async function paid(samples: readonly Sample[], features: Int8Array): Promise<Map<string, number>> {
  const names = [...new Set(samples.map(({ contributor }) => contributor))];
  const labels = samples.map(({ label }) => label);
  const contributors = samples.map(({ contributor }) => names.indexOf(contributor));
  const model = await fitModel({ features, labels, contributors, count: names.length, profile });
  const asked = await backbone.features(split.queries.map(({ content }) => content));
  const classes = await answers(model.w, asked, profile);
  const records = split.queries.map((_, q) => ({
    features: asked.subarray(q * profile.d, (q + 1) * profile.d),
    klass: classes[q] as number,
    digest: 0n,
    salt: 0n,
    weight: 100,
  }));
  const { y } = adjoint(model.a, model.lambda, queriesMatrix(records, profile), profile);
  const parts = shares(weights(scores(model.gradients, y, profile)));
  return new Map(names.map((name, c) => [name, parts[c] as number]));
}

const COPIER = "Hiro";
const own = split.contributed.filter(({ contributor }) => contributor === COPIER);
const copies = (
  of: readonly Sample[],
  times: number,
  change: (content: Uint8Array) => Uint8Array,
): Sample[] =>
  Array.from({ length: times }, (_, k) =>
    of.map((sample) => ({
      ...sample,
      id: `${sample.id}/copy-${k}`,
      contributor: COPIER,
      content: change(sample.content),
    })),
  ).flat();

describe("copying does not pay", async () => {
  const before = await paid(split.contributed, await featuresOf(split.contributed));
  const random = seededRandom("copies");
  const same = (content: Uint8Array): Uint8Array => Uint8Array.from(content);
  const noisy = (content: Uint8Array): Uint8Array =>
    content.map((v) => Math.max(0, Math.min(255, v + random.below(17) - 8)));
  const victim = split.contributed.filter(({ contributor }) => contributor === "Dmitri");
  const cases: ReadonlyArray<readonly [string, readonly Sample[]]> = [
    ["one's own digits, once", copies(own, 1, same)],
    ["one's own digits, five times", copies(own, 5, same)],
    ["one's own digits, five times, each with fresh noise", copies(own, 5, noisy)],
    ["another's digits", copies(victim, 1, same)],
    ["another's digits with noise", copies(victim, 1, noisy)],
  ];

  it.each(cases)("%s", async (name, extra) => {
    const samples = [...split.contributed, ...extra];
    const features = await featuresOf(samples);
    const ratio = async (of: readonly Sample[], h: Int8Array): Promise<number> =>
      ((await paid(of, h)).get(COPIER) ?? 0) / (before.get(COPIER) as number);
    const kept = await inProject(name.replaceAll(/\W+/g, "-"), (project) =>
      admitSamples({ project, backbone, corpus: corpusOf(samples), features, mode: "drop" }),
    );
    expect(await ratio(kept.samples, kept.features)).toBeLessThanOrEqual(1 + COPY_TOLERANCE);
    // The check would notice: let in, the same copies pay.
    expect(await ratio(samples, features)).toBeGreaterThan(1 + COPY_TOLERANCE);
  });
});

describe("admitSamples", () => {
  const few = split.contributed.slice(0, 30);
  const thief: Sample[] = few
    .slice(0, 3)
    .map((sample, i) => ({ ...sample, id: `theft-${i}`, contributor: "thief" }));

  it("gives the credit to who was there in an earlier run, wherever a file puts the copies", async () => {
    await inProject("arrival", async (project) => {
      const admit = async (samples: readonly Sample[]) =>
        admitSamples({
          project,
          backbone,
          corpus: corpusOf(samples),
          features: await featuresOf(samples),
          mode: "drop",
        });
      expect((await admit(few)).found).toEqual([]);
      const second = await admit([...thief, ...few]);
      expect(second.samples).toEqual(few);
      expect([...second.features]).toEqual([...(await featuresOf(few))]);
      expect(second.found.map(({ id, leftOut, earliest }) => [id, leftOut, earliest.id])).toEqual(
        few.slice(0, 3).map(({ id }, i) => [`theft-${i}`, true, id]),
      );
      expect(foundDuplicates(project)).toEqual(second.found);
      expect(withoutLeftOut(project, [...thief, ...few])).toEqual(few);
      expect(duplicateLines(second.found, 2)).toHaveLength(4);
    });
  });

  it("leaves out what it once left out, also where nothing public is there to compare with", async () => {
    await inProject("again", async (project) => {
      const nearly = few.slice(0, 2).map((sample, i) => ({
        ...sample,
        id: `nearly-${i}`,
        contributor: "thief",
        content: sample.content.map((v, at) => (at === 400 ? v ^ 1 : v)),
      }));
      const samples = [...few, ...nearly];
      const of = { project, backbone, corpus: corpusOf(samples), features: await featuresOf(samples) };
      const first = await admitSamples({ ...of, mode: "drop" });
      expect(first.found.map(({ id, kind }) => [id, kind])).toEqual([
        ["nearly-0", "near"],
        ["nearly-1", "near"],
      ]);
      const again = await admitSamples({ ...of, mode: "drop", reference: [] });
      expect([again.samples, again.found]).toEqual([few, first.found]);
      const kept = await admitSamples({ ...of, mode: "keep", reference: [] });
      expect(kept.samples).toEqual(samples);
    });
  });

  it("in a first run takes the file's order, and leaves in what the operator says", async () => {
    const samples = [...thief, ...few];
    const features = await featuresOf(samples);
    for (const [mode, left] of [
      ["keep", 0],
      ["exact", 3],
    ] as const) {
      await inProject(`first-${mode}`, async (project) => {
        const admitted = await admitSamples({ project, backbone, corpus: corpusOf(samples), features, mode });
        expect(admitted.samples.length).toBe(samples.length - left);
        expect(admitted.found.map(({ leftOut, kind }) => [leftOut, kind])).toEqual(
          Array.from({ length: 3 }, () => [left > 0, "exact"]),
        );
      });
    }
  });
});
