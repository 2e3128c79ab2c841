/** `quittance audit`: everything that is said of a project and its epochs, computed again. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { loadKeys, loadProfile } from "../../prover/index.ts";
import { auditProject } from "../audit.ts";
import { type EpochBundle, readBundle } from "../bundle.ts";
import { currentModel, type ModelState } from "../commit.ts";
import { keysFolder } from "../environment.ts";
import { openProject, type Project } from "../project.ts";
import { type Check, verifyBundle } from "../verify.ts";
import { checkLines } from "./check.ts";
import { wholeNumber } from "./options.ts";
import { EXIT, plainJson } from "./output.ts";
import { openUi } from "./ui.ts";

type AuditOptions = { readonly project: string; readonly epoch?: number; readonly keys?: string };

/** Adds the command to the tree. */
export function addAuditCommand(root: Command): void {
  root
    .command("audit")
    .description("recompute a project's figures from its contents, one sample at a time")
    .requiredOption("-p, --project <folder>", "the project, or a copy of it that the operator handed out")
    .option("--epoch <n>", "the settled epoch to look at (default: the last one)", wholeNumber(1, 1_000_000))
    .option("--keys <folder>", "the verifying keys (default: the local keys in the cache, or QUITTANCE_KEYS)")
    .addHelpText(
      "after",
      `
Features from contents, sums, gradients, weights, answers and influence are computed again by their definitions,
compared with what was committed, and the epoch's bundle is verified. Lines that could not be looked at are "open".
Exits with 0 only if nothing is in doubt.

Examples:
  quittance audit --project out/demo
  quittance audit --project shop --epoch 2
`,
    )
    .action(async (options: AuditOptions, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      const ui = openUi();
      const project = openProject({ folder: options.project });
      try {
        const bundle = bundleOf(project, options.epoch);
        const model = modelOf(project, bundle);
        const profile = loadProfile(project.config.profile);
        const checks: Check[] = await ui.step("Recompute every sample", (report) =>
          auditProject({ project, profile, model, report, ...(bundle === undefined ? {} : { bundle }) }),
        );
        if (bundle !== undefined) {
          const keys = await loadKeys(options.keys ?? keysFolder(bundle.profile));
          checks.push(...(await ui.step("Verify the bundle", () => verifyBundle(bundle, keys))));
        }
        const ok = checks.every((check) => check.ok);
        if (!ok) process.exitCode = EXIT.doubt;
        const end = ok ? "Nothing is in doubt." : "IN DOUBT: the lines with ✗ do not hold.";
        process.stdout.write(json ? plainJson({ ok, checks }) : `${checkLines(checks)}\n${end}\n`);
      } finally {
        project.close();
      }
    });
}

function bundleOf(project: Project, epoch?: number): EpochBundle | undefined {
  const path = (n: number): string => project.path("out", `epoch-${n}.json`);
  if (epoch !== undefined) {
    if (!existsSync(path(epoch))) throw new NotSettledError(epoch, project.folder);
    return readBundle(path(epoch));
  }
  let last = 0;
  while (existsSync(path(last + 1))) last++;
  return last === 0 ? undefined : readBundle(path(last));
}

/** The bundle's model: the present one, or one that it was made from by forgetting. */
function modelOf(project: Project, bundle?: EpochBundle): ModelState {
  const current = currentModel(project);
  if (bundle === undefined || bundle.model.id === current.id) return current;
  return project.readState<ModelState>(`lineage/${bundle.model.id.slice(2, 18)}`) ?? current;
}

/** The epoch has no bundle. */
export class NotSettledError extends Error {
  override readonly name = "Audit.NotSettled";
  constructor(epoch: number, folder: string) {
    super(`Epoch ${epoch} of ${folder} is not settled: leave --epoch out, or ask the operator to settle it.`);
  }
}
