/**
 * Finds the bundle of an epoch. `settle` names it by the epoch's number alone, and a project may hold several
 * models, so the file is asked whose it is.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import type { Project } from "../project.ts";

const owners = new Map<string, { readonly stamp: number; readonly model: string }>();

/** The path of an epoch's bundle; undefined if the project has none of this model. */
export function bundlePath(project: Project, modelId: string, epoch: number): string | undefined {
  const path = project.path("out", `epoch-${epoch}.json`);
  if (!existsSync(path)) return undefined;
  const stamp = statSync(path).mtimeMs;
  let owner = owners.get(path);
  if (owner?.stamp !== stamp) {
    const { model } = JSON.parse(readFileSync(path, "utf8")) as { readonly model?: { readonly id?: string } };
    owner = { stamp, model: String(model?.id).toLowerCase() };
    owners.set(path, owner);
  }
  return owner.model === modelId.toLowerCase() ? path : undefined;
}
