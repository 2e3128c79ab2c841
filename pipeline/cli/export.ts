/** `quittance export`: the project's pages as a folder for any static server. */
import type { Command } from "commander";
import { exportSite } from "../site/export.ts";
import { tell } from "./options.ts";
import { projectOption, withSession } from "./project.ts";

/** Adds the command to the tree. */
export function addExportCommand(root: Command): void {
  root
    .command("export")
    .description("write the project's pages to a folder that any static server can serve")
    .addOption(projectOption())
    .requiredOption("--out <folder>", "where to: a new or empty folder, or an earlier export")
    .addHelpText(
      "after",
      `
The folder holds the explorer, the public views of datanets, models, epochs and contributors, the bundles of settled
epochs and the verifying keys. It works from any path, asks no other host for anything, and checks epochs in the
reader's browser.

Example:
  quittance export --project shop --out public && python3 -m http.server --directory public
`,
    )
    .action(async (options: { project: string; out: string }, command: Command) => {
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const site = await ui.step("Pages", () => exportSite({ project, session, out: options.out }));
        const { models, epochs, bundles, contributors, folder } = site;
        const counted = `${models} models, ${epochs} epochs (${bundles} to verify), ${contributors} contributors`;
        tell(command, site, `  ${counted}\n  in ${folder}: serve it from anywhere`);
      });
    });
}
