/**
 * A project's backbones: `backbones/HASH.onnx`, one file for each that a model of the project used, so that
 * an auditor gets the very file that a model names. The state `backbone` holds the hash of the one that the
 * next training uses.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Code } from "../prover/index.ts";
import { backboneHash } from "./backbone/backbone.ts";
import { type Adopted, adoptEncoder } from "./backbone/encoder.ts";
import type { Ui } from "./cli/ui.ts";
import type { Corpus } from "./corpus/corpus.ts";
import { proverThreads } from "./environment.ts";
import type { Project } from "./project.ts";
import { publicContents, standardBackbone } from "./standard-backbone.ts";
import { writeFileAtomic } from "./store.ts";
import { textBackbone } from "./text/backbone.ts";

/** An encoder that the operator brings. */
export type BroughtEncoder = {
  /** Path of the ONNX file. */
  readonly path: string;
  /** Public contents to measure ranges on; by default the standard public digits, if they fit. */
  readonly contents?: readonly Uint8Array[];
};

/**
 * What a backbone of texts is made from: the words of the classes, and the public texts if they are given.
 */
export type TextSource = { readonly words: Code; readonly publicTexts?: Corpus };

/**
 * The backbone for a training: the one that is brought, or one trained on the public texts that are given, or
 * the one that the project used before, or the standard one. It is kept in the project.
 *
 * @throws EncoderFileError and what {@link adoptEncoder} refuses, PublicTextsMissingError, and what
 * {@link textBackbone} refuses
 */
export async function trainingBackbone(of: {
  readonly project: Project;
  readonly d: number;
  readonly ui: Ui;
  readonly brought?: BroughtEncoder;
  /** Given if the data is text, for which there is no standard backbone. */
  readonly texts?: TextSource;
}): Promise<Uint8Array> {
  const { project, d, ui, brought, texts } = of;
  if (brought !== undefined) {
    const adopted = await ui.step(`Backbone from ${brought.path}`, () => adopt(brought, d));
    ui.line(`  ${adopted.summary}`);
    return keep(project, adopted.onnx);
  }
  if (texts?.publicTexts !== undefined) {
    const { samples, classes } = texts.publicTexts;
    const { words } = texts;
    const onnx = await ui.step(`Backbone: train on ${samples.length} public texts, quantise`, (report) =>
      textBackbone(samples, classes, { d, words }, report),
    );
    return keep(project, onnx);
  }
  const before = project.readState<{ hash: string }>("backbone");
  if (before !== undefined) return keptBackbone(project, before.hash);
  if (texts !== undefined) throw new PublicTextsMissingError();
  const onnx = await ui.step("Backbone: train on public digits, quantise", (report) =>
    standardBackbone(d, report),
  );
  return keep(project, onnx);
}

/** The backbone of a model. @throws BackboneMissingError when the project's file is gone or altered. */
export function keptBackbone(project: Project, hash: string): Uint8Array {
  const path = backbonePath(project, hash);
  if (!existsSync(path)) throw new BackboneMissingError(path, "is not there");
  const onnx = readFileSync(path);
  if (backboneHash(onnx) !== hash) throw new BackboneMissingError(path, "has another hash than its name");
  return onnx;
}

/** Where the project keeps a backbone. */
export function backbonePath(project: Project, hash: string): string {
  return project.path("backbones", `${hash}.onnx`);
}

/** Puts a copy of a model's backbone beside its bundle, and returns the copy's path. */
export function shareBackbone(project: Project, hash: string, folder: string): string {
  const path = join(folder, `backbone-${hash.slice(0, 16)}.onnx`);
  writeFileAtomic(path, keptBackbone(project, hash));
  return path;
}

async function adopt({ path, contents }: BroughtEncoder, d: number): Promise<Adopted> {
  let file: Uint8Array;
  try {
    file = readFileSync(path);
  } catch (cause) {
    throw new EncoderFileError(`Cannot read ${path}: check that the path is right and readable.`, { cause });
  }
  return adoptEncoder(file, contents ?? publicContents(), { d, threads: proverThreads() });
}

function keep(project: Project, onnx: Uint8Array): Uint8Array {
  const hash = backboneHash(onnx);
  writeFileAtomic(backbonePath(project, hash), onnx);
  project.writeState("backbone", { hash });
  return onnx;
}

/** The project's copy of a backbone cannot be used. */
export class BackboneMissingError extends Error {
  override readonly name = "Project.BackboneMissing";
  constructor(path: string, reason: string) {
    super(`${path} ${reason}. Put the backbone's file back (a copy lies beside each bundle).`);
  }
}

/** Texts to train on, and nothing that reads texts. */
export class PublicTextsMissingError extends Error {
  override readonly name = "Project.PublicTextsMissing";
  constructor() {
    super(
      "The data is text, and this project has no backbone that reads it. Give labelled texts that nobody is paid " +
        "for with --public FILE (the backbone is trained on them), or a backbone with --backbone FILE.",
    );
  }
}

/** An encoder's file that cannot be read. */
export class EncoderFileError extends Error {
  override readonly name = "Project.EncoderFile";
}
