/**
 * Names of a project's classes, in the order of their numbers, kept as the state `labels`. Statements,
 * receipts and circuits know numbers only; names are for people, and for reading the next file of the same
 * project alike.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Corpus } from "./corpus/corpus.ts";
import type { Project } from "./project.ts";
import { parsePlain } from "./store.ts";

type LabelState = { readonly names: readonly string[] };

/** Keeps the names of a corpus' classes, if it has any. */
export function keepLabels(project: Project, { labels }: Corpus): void {
  if (labels !== undefined) project.writeState("labels", { names: [...labels] });
}

/** The names that a project keeps; undefined where classes are numbers. */
export function projectLabels(project: Project): readonly string[] | undefined {
  return project.readState<LabelState>("labels")?.names;
}

/** The same of a folder that may not be a project yet: its data is read before it is opened. */
export function labelsIn(folder: string): readonly string[] | undefined {
  const path = join(folder, "state", "labels.json");
  return existsSync(path) ? (parsePlain(readFileSync(path, "utf8")) as LabelState).names : undefined;
}

/** What a class is called: its name, or its number. */
export function className(labels: readonly string[] | undefined, klass: number): string {
  return labels?.[klass] ?? String(klass);
}
