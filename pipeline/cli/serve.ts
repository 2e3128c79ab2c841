/** `quittance serve`: paid answers over HTTP, until it is told to stop. */
import type { Command } from "commander";
import { createService } from "../service/service.ts";
import { tell, wholeNumber } from "./options.ts";
import { projectOption, withSession } from "./project.ts";

type ServeOptions = {
  readonly project: string;
  readonly host: string;
  readonly port: number;
  readonly fee: number;
};

/** Adds the command to the tree. */
export function addServeCommand(root: Command): void {
  root
    .command("serve")
    .description("answer paid queries over HTTP, show the project's pages, settle when told to")
    .addOption(projectOption())
    .option("--host <address>", "where to listen", "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber(0, 65_535), 8_402)
    .option("--fee <units>", "price of an answer, in fee units", wholeNumber(1, 65_535), 100)
    .action(async (options: ServeOptions, command: Command) => {
      const { host, port, fee } = options;
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const service = await createService({ project, session, feeUnits: fee });
        const stopped = new Promise<string>((resolve) => {
          process.once("SIGINT", resolve).once("SIGTERM", resolve);
        });
        try {
          const url = await service.listen({ host, port });
          const model = service.context.model.id;
          tell(
            command,
            { url, model, pid: process.pid },
            `  Serving model ${model}\n  on ${url} (Ctrl-C ends it)`,
          );
          ui.line(`  ${await stopped}: finishing what is in hand.`);
        } finally {
          await service.close();
        }
      });
    });
}
