/**
 * Which samples of a corpus may enter batches: all but those that repeat an earlier one
 * (corpus/duplicates.ts).
 *
 * "Earlier" is by arrival, not by the order of a file: the project remembers which content it saw first and
 * from whom. Whoever copies a colleague's samples and has them read in before his gains nothing, if his were
 * there in an earlier run.
 *
 * What is left out is kept in the project's state and listed, with who has the earliest; it stays left out in
 * later runs, also of a file with other samples or without public ones to compare with, because batches that
 * were signed must be found again. The finding is
 * **reproducible** from the contents; that it is right to leave it out is **governed**: an operator may keep
 * near-duplicates or all of them, and the list then says that as well.
 */
import { createHash } from "node:crypto";
import type { Backbone } from "./backbone/backbone.ts";
import type { Corpus, Sample } from "./corpus/corpus.ts";
import { demoSplit } from "./corpus/demo.ts";
import { type Featured, findDuplicates } from "./corpus/duplicates.ts";
import type { Project } from "./project.ts";
import { STANDARD_SEED } from "./standard-backbone.ts";

/** What is done about duplicates: leave out all, leave out exact ones, or leave in all and list them. */
export type DuplicateMode = "drop" | "exact" | "keep";

/** A sample that repeats an earlier one, in words that a list can show. */
export type FoundDuplicate = {
  readonly id: string;
  readonly contributor: string;
  readonly kind: "exact" | "near";
  readonly leftOut: boolean;
  /** The earliest one, whose contributor keeps the credit. */
  readonly earliest: { readonly id: string; readonly contributor: string };
  readonly features: number;
  readonly contents?: number;
};

/** The samples that enter, in the corpus's order, their features, and what was found. */
export type Admitted = {
  readonly samples: readonly Sample[];
  readonly features: Int8Array;
  readonly found: readonly FoundDuplicate[];
};

/** Looks for duplicates and leaves out what the mode says. `features` are the corpus's, `n × d`. */
export async function admitSamples(of: {
  readonly project: Project;
  readonly backbone: Backbone;
  readonly corpus: Corpus;
  readonly features: Int8Array;
  readonly mode: DuplicateMode;
  /** Samples that nobody is paid for; if absent the public digits, where contents are digits. */
  readonly reference?: readonly { readonly content: Uint8Array }[];
}): Promise<Admitted> {
  const { project, backbone, corpus, features, mode } = of;
  const { d } = backbone;
  const { samples } = corpus;
  const order = arrivalOrder(project, samples);
  const row = (i: number): Int8Array => features.subarray(i * d, (i + 1) * d);
  const arrived = order.map((i) => samples[i] as Sample);
  const { findings } = await findDuplicates({
    contents: arrived.map(({ content }) => content),
    ...vectorsOf(backbone, arrived),
    features: gather(order, row, d),
    d,
    ...(await referenceOf(backbone, corpus, of.reference)),
  });
  const leaveOut = new Set<number>();
  const found = findings.map((finding): FoundDuplicate => {
    const { kind } = finding;
    const leftOut = mode === "drop" || (mode === "exact" && kind === "exact");
    if (leftOut) leaveOut.add(order[finding.index] as number);
    const [own, first] = [arrived[finding.index] as Sample, arrived[finding.earliest] as Sample];
    return {
      id: own.id,
      contributor: own.contributor,
      kind,
      leftOut,
      earliest: { id: first.id, contributor: first.contributor },
      features: finding.features,
      ...(finding.contents === undefined ? {} : { contents: finding.contents }),
    };
  });
  const before = earlierFindings(project, samples, found, mode);
  const place = new Map(samples.map((sample, i) => [keyOf(sample), i]));
  for (const { leftOut, ...own } of before.here) if (leftOut) leaveOut.add(place.get(keyOf(own)) as number);
  const here = [...found, ...before.here];
  project.writeState("duplicates", [...here, ...before.elsewhere]);
  const kept = samples.map((_, i) => i).filter((i) => !leaveOut.has(i));
  return { samples: kept.map((i) => samples[i] as Sample), features: gather(kept, row, d), found: here };
}

const keyOf = ({ id, contributor }: { readonly id: string; readonly contributor: string }): string =>
  JSON.stringify([id, contributor]);

/** What earlier runs found and this one did not: of these samples, and of others. */
function earlierFindings(
  project: Project,
  samples: readonly Sample[],
  found: readonly FoundDuplicate[],
  mode: DuplicateMode,
): { readonly here: readonly FoundDuplicate[]; readonly elsewhere: readonly FoundDuplicate[] } {
  const known = new Set(found.map(keyOf));
  const present = new Set(samples.map(keyOf));
  const rest = foundDuplicates(project).filter((one) => !known.has(keyOf(one)));
  const here = rest
    .filter((one) => present.has(keyOf(one)))
    .map((one) => ({ ...one, leftOut: mode === "drop" || (mode === "exact" && one.kind === "exact") }));
  return { here, elsewhere: rest.filter((one) => !present.has(keyOf(one))) };
}

/** What {@link admitSamples} found when the model was trained. */
export function foundDuplicates(project: Project): readonly FoundDuplicate[] {
  return project.readState<FoundDuplicate[]>("duplicates") ?? [];
}

/** The samples but those that were left out when the model was trained. */
export function withoutLeftOut(project: Project, samples: readonly Sample[]): Sample[] {
  const out = new Set(
    foundDuplicates(project)
      .filter(({ leftOut }) => leftOut)
      .map(keyOf),
  );
  return samples.filter((sample) => !out.has(keyOf(sample)));
}

/** One line about what was found, and one about each of the first few. */
export function duplicateLines(found: readonly FoundDuplicate[], most = 10): string[] {
  if (found.length === 0) return [];
  const left = found.filter(({ leftOut }) => leftOut).length;
  const lines = found
    .slice(0, most)
    .map(
      ({ id, contributor, kind, leftOut, earliest }) =>
        `    ${leftOut ? "left out" : "kept"}: ${id} of ${contributor}, ${kind === "exact" ? "the same as" : "nearly"} ${earliest.id} of ${earliest.contributor}`,
    );
  const rest = found.length > most ? [`    … and ${found.length - most} more, in state/duplicates.json`] : [];
  return [
    `  ${found.length} samples repeat earlier ones; ${left} are left out, the earliest keep the credit.`,
    ...lines,
    ...rest,
  ];
}

/** Positions of the samples in the order in which the project first saw them; new ones are remembered. */
function arrivalOrder(project: Project, samples: readonly Sample[]): number[] {
  const kept = project.readState<{ readonly seen: Uint8Array }>("arrivals")?.seen ?? new Uint8Array();
  const seen = new Map<string, number>();
  for (let at = 0; at < kept.length; at += KEY_BYTES) {
    const key = Buffer.from(kept.subarray(at, at + KEY_BYTES)).toString("latin1");
    if (!seen.has(key)) seen.set(key, seen.size);
  }
  const before = seen.size;
  // The same content from the same contributor has one arrival; copies within a file follow each other.
  const arrival = samples.map(({ content, contributor }) => {
    const own = createHash("sha256").update(contributor, "utf8").update("\u0000").update(content).digest();
    const key = own.subarray(0, KEY_BYTES).toString("latin1");
    const at = seen.get(key) ?? seen.size;
    seen.set(key, at);
    return at;
  });
  if (seen.size > before) {
    project.writeState("arrivals", {
      seen: new Uint8Array(Buffer.from([...seen.keys()].join(""), "latin1")),
    });
  }
  return samples.map((_, i) => i).sort((a, b) => (arrival[a] as number) - (arrival[b] as number) || a - b);
}

const KEY_BYTES = 16;

function gather(order: readonly number[], row: (index: number) => Int8Array, d: number): Int8Array {
  const out = new Int8Array(order.length * d);
  for (const [place, index] of order.entries()) out.set(row(index), place * d);
  return out;
}

async function referenceOf(
  backbone: Backbone,
  { shape }: Corpus,
  given: readonly { readonly content: Uint8Array }[] | undefined,
): Promise<{ readonly reference?: Featured }> {
  const digits = shape.length === 2 && shape.every((side) => side === 28);
  const samples = given ?? (digits ? demoSplit(STANDARD_SEED).publicSamples : []);
  if (samples.length === 0) return {};
  const contents = samples.map(({ content }) => content);
  const features = await backbone.features(contents);
  return { reference: { contents, features, ...vectorsOf(backbone, samples) } };
}

/** What the backbone reads of texts, which have no common length; nothing for other contents. */
function vectorsOf(
  { text, bytes }: Backbone,
  samples: readonly { readonly content: Uint8Array }[],
): { readonly vectors?: readonly Uint8Array[] } {
  return text ? { vectors: samples.map(({ content }) => bytes(content)) } : {};
}
