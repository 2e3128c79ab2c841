/**
 * `quittance export`: the explorer as a folder that any static server can serve, from any path, with the same
 * JSON that the service answers with under `data/`. Nothing private goes in: views and bundles are public by
 * their making.
 *
 * The folder is written beside its place and renamed at the end, so that a reader never meets half of it. A
 * folder that holds anything else is left alone: replacing it could cost somebody their files.
 */
import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { verifyingKeysDocument } from "../../prover/index.ts";
import { buildExplorer } from "../engine/vite.ts";
import type { Project } from "../project.ts";
import type { Session } from "../session.ts";
import { writeFileAtomic } from "../store.ts";
import { VERSION } from "../version.ts";
import { bundlePath } from "../views/bundles.ts";
import type { Views } from "../views/types.ts";
import { buildViews } from "../views/views.ts";
import { siteConfig } from "./config.ts";

/** What an export wrote. */
export type ExportedSite = {
  readonly folder: string;
  readonly models: number;
  readonly epochs: number;
  readonly bundles: number;
  readonly contributors: number;
};

/** Its presence says that a folder is an export. */
const MARK = "config.json";

/**
 * Writes the explorer and a project's public data to a folder, replacing an earlier export.
 *
 * @throws {ExportFolderError} when the folder holds something else
 * @throws {ExplorerBuildError} when the explorer does not build
 */
export async function exportSite(of: {
  readonly project: Project;
  readonly session: Session;
  readonly out: string;
  /** A build of the explorer; made when it is not given. */
  readonly explorer?: string;
}): Promise<ExportedSite> {
  const { project, session } = of;
  const out = resolve(of.out);
  assertReplaceable(out);
  const explorer = of.explorer ?? (await buildExplorer()).folder;
  const views = await buildViews(project, session);
  const staged = `${out}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  mkdirSync(dirname(out), { recursive: true });
  try {
    cpSync(explorer, staged, { recursive: true });
    for (const [path, answer] of answersOf(views)) writeJson(join(staged, "data", path), answer);
    const keys = verifyingKeysDocument(session.keys);
    writeJson(join(staged, "data", "keys", `${session.profile.name}.json`), keys);
    const bundles = copyBundles(project, views, staged);
    writeJson(join(staged, MARK), siteConfig(session, "static", VERSION));
    replace(out, staged);
    return {
      folder: out,
      models: views.models.length,
      epochs: views.epochs.length,
      bundles,
      contributors: views.contributors.length,
    };
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

/** The files of an export and what is in them: the service's routes with `.json`, all in small letters. */
export function answersOf(views: Views): ReadonlyArray<readonly [path: string, answer: unknown]> {
  return [
    ["datanets.json", views.datanets] as const,
    ...views.datanets.map((one) => [`datanets/${one.id}.json`, one] as const),
    ["models.json", views.models] as const,
    ...views.modelViews.map((one) => [`models/${one.id.toLowerCase()}.json`, one] as const),
    ...views.epochs.map(
      (one) => [`models/${one.model.toLowerCase()}/epochs/${one.number}.json`, one] as const,
    ),
    ["contributors.json", views.contributorSummaries] as const,
    ...views.contributors.map((one) => [`contributors/${one.address.toLowerCase()}.json`, one] as const),
  ];
}

function copyBundles(project: Project, views: Views, staged: string): number {
  let copied = 0;
  for (const { model, number } of views.epochs) {
    const path = bundlePath(project, model, number);
    if (path === undefined) continue;
    const target = join(staged, "data", "epochs", `${model.toLowerCase()}-${number}`, "bundle.json");
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
    copied += 1;
  }
  return copied;
}

function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, `${JSON.stringify(value)}\n`);
}

/** Puts the new folder in the place of the old one, which is gone only when the new one stands there. */
function replace(out: string, staged: string): void {
  if (!existsSync(out)) {
    renameSync(staged, out);
    return;
  }
  const old = `${staged}.old`;
  renameSync(out, old);
  renameSync(staged, out);
  rmSync(old, { recursive: true, force: true });
}

function assertReplaceable(out: string): void {
  if (!existsSync(out)) return;
  let names: string[];
  try {
    names = readdirSync(out);
  } catch {
    throw new ExportFolderError(out, "is a file");
  }
  if (names.length > 0 && !isExport(out)) throw new ExportFolderError(out, "holds other files");
}

function isExport(folder: string): boolean {
  try {
    const { mode } = JSON.parse(readFileSync(join(folder, MARK), "utf8")) as { readonly mode?: unknown };
    return mode === "static" && existsSync(join(folder, "index.html"));
  } catch {
    return false;
  }
}

/** The folder is in use for something else. */
export class ExportFolderError extends Error {
  override readonly name = "Export.Folder";
  constructor(folder: string, problem: string) {
    super(`${folder} ${problem}. Give a new or empty folder, or an earlier export, with --out.`);
  }
}
