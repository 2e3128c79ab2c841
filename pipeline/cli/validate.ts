/** `quittance validate`: verdicts on batches, from a project or from a file of batches alone. */
import { dirname, join } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { DataRecord } from "../../prover/index.ts";
import { BatchFileError, openBatchFile } from "../batch-file.ts";
import { NoDatanetError, projectDatanet } from "../contribute.ts";
import { adoptSent, type Contribution, contributionsOf } from "../contributions.ts";
import { timeText } from "../dates.ts";
import type { Project } from "../project.ts";
import { coinOf, type Session } from "../session.ts";
import { judgeBatches, payValidators, reviewAll, reviewOpened } from "../validate.ts";
import { judgeAlone, type Moved } from "../validate-alone.ts";
import { tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { withSession } from "./project.ts";
import { coins, openUi, table } from "./ui.ts";

type ValidateOptions = Place & {
  readonly validators: number;
  readonly collect?: boolean;
  readonly batches?: string;
  readonly keep?: string;
};

/** Adds the command to the tree. */
export function addValidateCommand(root: Command): void {
  const validate = root
    .command("validate")
    .description("judge the recorded batches: review, commit a verdict, show it, close the round");
  addPlaceOptions(validate, { model: false })
    .option("--batches <file>", 'instead of a project: what "quittance datanet export" wrote')
    .option(
      "--keep <folder>",
      "with --batches: where hidden verdicts are kept (default: verdicts, beside it)",
    )
    .option("--validators <n>", "local chains: how many validators judge", wholeNumber(1, 50), 3)
    .option("--collect", "free the stake behind verdicts that stand, and pay validators their fees")
    .addHelpText(
      "after",
      `
A validator looks at three things: that the records open the signed root, and that no content is in an earlier batch or
twice in this one. It stakes tokens on its verdict, and commits to it before it is shown, so that nobody copies it.

On a local chain the validators are derived wallets, and the clock is moved through the windows. Elsewhere you are one
validator, with QUITTANCE_VALIDATOR_KEY: the first run commits, a run after the commit window shows the verdict, and the
round is closed when it can be. The verdict's salt is kept in the project, or in the folder --keep; do not lose it in
between. Without a project, whoever holds the records hands them over in a file ("quittance datanet export").

Examples:
  quittance validate --project shop --validators 3
  quittance validate --project shop --collect
  quittance validate --batches batches.json --deployment deployment.json --chain http://127.0.0.1:8545
`,
    )
    .action(async (options: ValidateOptions, command: Command) => {
      if (options.project === undefined) {
        await validateAtDesk(options, command);
        return;
      }
      const { project: folder } = options;
      await withSession({ folder, role: "validator" }, async (project, session, ui) => {
        const local = session.chain.kind === "local";
        const validators = await Promise.all(
          Array.from(
            { length: local ? options.validators : 1 },
            (_, i) => `validator/validator-${i + 1}`,
          ).map((label) => session.wallet(label)),
        );
        const [first] = validators;
        if (first === undefined) return;
        const datanet = datanetOf(project);
        await adoptSent(project, session, datanet);
        const batches = await standing(session, contributionsOf(project, datanet));
        if (options.collect === true) {
          const ids = batches.map(({ id }) => id);
          await collectFees(command, { session, ui, datanet, validators, batches: ids });
          return;
        }
        const reviewed = reviewAll(project, session, batches);
        if (local) {
          const judged = await judgeBatches({ session, ui, validators, reviewed });
          const rows = judged.map(({ batch, status }, i) => [
            String(batch),
            status,
            reviewed[i]?.finding.reason ?? "",
          ]);
          tell(command, judged, table(["batch", "status", "reason"], rows));
          return;
        }
        const verdicts = project.path("state", "verdicts");
        tellMoved(command, await judgeAlone({ folder: verdicts, session, validator: first, reviewed }));
      });
    });
}

/** A validator with its own key and a file of batches, and nobody's project. */
async function validateAtDesk(options: ValidateOptions, command: Command): Promise<void> {
  const { batches: file, collect } = options;
  if (file === undefined)
    throw new InvalidArgumentError(
      'Say which batches: --project FOLDER, or --batches FILE of "quittance datanet export".',
    );
  const ui = openUi(process.stderr);
  await atPlace(options, "validator", async (session) => {
    const { contracts, deployment } = session;
    const { given, profile } = openBatchFile(file, deployment);
    const validator = await session.wallet("validator/you");
    if (collect === true) {
      const ids = given.batches.map(({ id }) => id);
      const { datanet } = given;
      await collectFees(command, { session, ui, datanet, validators: [validator], batches: ids });
      return;
    }
    const opened: { id: bigint; root: bigint; records: readonly DataRecord[] }[] = [];
    for (const { id, records } of given.batches) {
      const { root, datanet, withdrawnAt } = await contracts.batch(id);
      if (datanet !== given.datanet) throw new BatchFileError(file, `batch ${id} is of another datanet`);
      if (withdrawnAt === 0n) opened.push({ id, root, records });
    }
    const folder = options.keep ?? join(dirname(file), "verdicts");
    const reviewed = reviewOpened(opened, profile);
    tellMoved(command, await judgeAlone({ folder, session, validator, reviewed }));
  });
}

/** Frees stakes, and pays validators in each of the datanet's tokens. */
async function collectFees(
  command: Command,
  of: Omit<Parameters<typeof payValidators>[0], "token">,
): Promise<void> {
  const { session, datanet } = of;
  const paid: { validator: string; token: string; paid: bigint; text: string }[] = [];
  for (const token of await session.contracts.datanetTokens(datanet)) {
    const coin = await coinOf(session, token);
    for (const one of await payValidators({ ...of, token }))
      paid.push({ ...one, token, text: coins(one.paid, coin) });
  }
  const rows = paid.map(({ validator, text }) => [validator, text]);
  tell(
    command,
    paid.map(({ text: _text, ...one }) => one),
    table(["validator", "paid"], rows),
  );
}

function tellMoved(command: Command, moved: readonly Moved[]): void {
  const rows = moved.map(({ batch, did, status, next }) => [
    String(batch),
    did,
    status,
    next === undefined ? "" : timeText(next),
  ]);
  const next = moved.flatMap((one) => one.next ?? []);
  const again =
    next.length === 0 ? "" : `\n  Run the same command again after ${timeText(Math.min(...next))}.`;
  tell(command, moved, `${table(["batch", "did", "status", "go on after"], rows)}${again}`);
}

/** Batches that nobody took back. */
async function standing(session: Session, batches: readonly Contribution[]): Promise<Contribution[]> {
  const kept: Contribution[] = [];
  for (const batch of batches)
    if ((await session.contracts.batch(batch.id)).withdrawnAt === 0n) kept.push(batch);
  return kept;
}

function datanetOf(project: Project): bigint {
  const id = projectDatanet(project);
  if (id === undefined) throw new NoDatanetError(project.folder);
  return id;
}
