/** `quittance serve`: paid answers over HTTP, until it is told to stop. */
import { type Command, InvalidArgumentError } from "commander";
import type { WorkPlace } from "../jobs/spec.ts";
import { operatorToken } from "../secrets.ts";
import { DEFAULT_SETTINGS } from "../service/context.ts";
import { createService } from "../service/service.ts";
import { tellDue } from "./due.ts";
import { tell, wholeNumber } from "./options.ts";
import { projectOption, withSession } from "./project.ts";
import { workersOption } from "./work.ts";

type ServeOptions = {
  readonly project: string;
  readonly host: string;
  readonly port: number;
  readonly fee: number;
  readonly queue: number;
  readonly batch: number;
  readonly rate: number;
  readonly payerRate: number;
  readonly sealed: number;
  readonly trustProxy?: boolean;
  readonly workers: WorkPlace;
};

/** Adds the command to the tree. */
export function addServeCommand(root: Command): void {
  root
    .command("serve")
    .description("answer paid queries over HTTP, show the project's pages, settle when told to")
    .addOption(projectOption())
    .option("--host <address>", "where to listen", hostName, "127.0.0.1")
    .option("--port <n>", "port; 0 takes a free one", wholeNumber(0, 65_535), 8_402)
    .option("--fee <units>", "price of an answer, in fee units", wholeNumber(1, 65_535), 100)
    .option(
      "--queue <n>",
      "requests that may wait; more are refused with 503",
      wholeNumber(1, 100_000),
      DEFAULT_SETTINGS.maxQueue,
    )
    .option("--batch <n>", "answers in one run", wholeNumber(1, 256), DEFAULT_SETTINGS.maxBatch)
    .option(
      "--rate <n>",
      "requests a minute of one address",
      wholeNumber(1, 100_000_000),
      DEFAULT_SETTINGS.ratePerAddress,
    )
    .option(
      "--payer-rate <n>",
      "paid answers a minute of one payer",
      wholeNumber(1, 100_000_000),
      DEFAULT_SETTINGS.ratePerPayer,
    )
    .option(
      "--sealed <n>",
      "full epochs that may wait to be settled; with more, answers are refused with 503",
      wholeNumber(0, 1_000),
      DEFAULT_SETTINGS.sealedEpochs,
    )
    .option("--trust-proxy", "believe x-forwarded-for: only behind a proxy of your own that sets it")
    .addOption(workersOption())
    .addHelpText(
      "after",
      `
Listens on this machine alone unless told otherwise; put a proxy with TLS in front of anything wider. The project is in use
as long as it runs. SIGTERM or Ctrl-C: nothing new is taken, what is in hand is answered, and it ends.

QUITTANCE_OPERATOR_TOKEN (or _FILE) lets whoever has it settle: POST /epochs/settle. On a chain that is not local
QUITTANCE_OPERATOR_KEY (or _FILE) signs receipts. Files with secrets must be of mode 0600. QUITTANCE_LOG sets the level of
the log on standard error (JSON lines). /openapi.json lists the routes.

Examples:
  quittance serve --project shop
  curl -s http://127.0.0.1:8402/models
`,
    )
    .action(async (options: ServeOptions, command: Command) => {
      const { host, port, fee, workers } = options;
      const token = operatorToken();
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const stopped = new Promise<string>((resolve) => {
          process.once("SIGINT", resolve).once("SIGTERM", resolve);
        });
        const service = await createService({
          project,
          session,
          feeUnits: fee,
          settings: {
            maxQueue: options.queue,
            maxBatch: options.batch,
            ratePerAddress: options.rate,
            ratePerPayer: options.payerRate,
            sealedEpochs: options.sealed,
            trustProxy: options.trustProxy === true,
          },
          work: { workers, notice: (message) => ui.line(`  ${message}`) },
          ...(token === undefined ? {} : { operatorToken: token }),
        });
        try {
          const url = await service.listen({ host, port });
          const model = service.context.model.id;
          tell(
            command,
            { url, model, pid: process.pid },
            `  Serving model ${model}\n  on ${url} (Ctrl-C ends it)`,
          );
          const due = service.context.due.now();
          const seconds = due === undefined ? 0 : due.dueBy - due.left;
          tellDue(due, { clock: { seconds, of: "chain" }, folder: project.folder, ui });
          ui.line(`  ${await stopped}: finishing what is in hand.`);
        } finally {
          await service.close();
        }
      });
    });
}

function hostName(text: string): string {
  if (/^[A-Za-z0-9.:_-]+$/.test(text)) return text;
  throw new InvalidArgumentError("Give an address of this machine, for example 127.0.0.1 or 0.0.0.0.");
}
