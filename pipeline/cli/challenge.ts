/** `quittance dispute duplicate`: a proof against a verdict, and the list of what could be challenged. */
import { type Command, InvalidArgumentError } from "commander";
import { loadProfile, type ProfileName } from "../../prover/index.ts";
import { openBatchFile } from "../batch-file.ts";
import {
  type Challengeable,
  challenge,
  challengeable,
  chosen,
  type OpenedBatch,
  payReward,
} from "../challenge.ts";
import { NoDatanetError, projectDatanet } from "../contribute.ts";
import { adoptSent, contributionsOf } from "../contributions.ts";
import { timeText } from "../dates.ts";
import type { Desk } from "../desk.ts";
import type { Project } from "../project.ts";
import { recordsOf } from "../records.ts";
import { coinOf } from "../session.ts";
import { tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Here, type Place } from "./place.ts";
import { type Coin, coins, openUi, table } from "./ui.ts";

type Options = Place & { readonly as: string; readonly batches?: string; readonly unrewarded?: boolean };

/** Adds the subcommand. */
export function addDuplicateChallenge(dispute: Command): void {
  const duplicate = dispute
    .command("duplicate")
    .description("prove that an accepted batch repeats a content exactly, at its validators' cost")
    .argument(
      "[batch]",
      "the batch's number; left out: list what could be challenged",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    );
  addPlaceOptions(duplicate, { model: false })
    .option("--batches <file>", 'instead of a project: what "quittance datanet export" wrote')
    .option("--as <name>", "the challenger (on a local chain a derived wallet)", "challenger-1")
    .option(
      "--unrewarded",
      "send the proof even if it costs nobody stake: the batch is rejected all the same",
    )
    .addHelpText(
      "after",
      `
Looks for a content that stands twice in the batch, or in a batch that was accepted before it, proves it in zero knowledge
and sends the proof: proven, for the contract decides by it alone. The batch is rejected; whoever accepted it loses stake if
its verdict is still backed and the original was there to be seen. The challenger's part is paid in the same run.

The proof opens records of both batches. They lie in the project, or in the file that validators judge from; somebody who
was given neither cannot make it. A near duplicate is for validators to judge, and cannot be proven.
QUITTANCE_CHALLENGER_KEY signs on a chain that is not local, and pays the gas.

Examples:
  quittance dispute duplicate --project shop
  quittance dispute duplicate 2 --project shop
  quittance dispute duplicate 2 --batches batches.json --deployment deployment.json --chain http://127.0.0.1:8545
`,
    )
    .action(async (batch: number | undefined, options: Options, command: Command) => {
      if (options.batches !== undefined && options.project !== undefined)
        throw new InvalidArgumentError("A project keeps its records: leave out --batches.");
      await atPlace(options, "challenger", async (session, here) => {
        const { datanet, batches } = await openedAt(session, here, options.batches);
        const found = await challengeable(session, datanet, batches);
        const coin = await coinOf(session, session.deployment.token);
        if (batch === undefined) tell(command, found, listOf(found, coin));
        else await challengeOne(command, { session, found, batches, id: BigInt(batch), options, coin });
      });
    });
}

async function challengeOne(
  command: Command,
  of: {
    readonly session: Desk;
    readonly found: readonly Challengeable[];
    readonly batches: readonly OpenedBatch[];
    readonly id: bigint;
    readonly options: Options;
    readonly coin: Coin;
  },
): Promise<void> {
  const { session, found, batches, id, options, coin } = of;
  const ui = openUi(process.stderr);
  const challenger = await session.wallet(`challenger/${options.as}`);
  // A run that was cut off between the proof and the payment.
  const waiting = await payReward(session, challenger);
  if (waiting > 0n) ui.line(`  ${coins(waiting, coin)} of an earlier challenge were paid.`);
  const wanted = { id, batches, unrewarded: options.unrewarded === true };
  const pair = await chosen(session, found, wanted);
  const { slashed, reward } = await challenge({ session, ui, challenger, pair, batches });
  const paid = await payReward(session, challenger);
  const { earlier, places } = pair;
  const lost =
    slashed === 0n
      ? "Nobody loses stake by it."
      : `Whoever accepted it loses ${coins(slashed, coin)} of stake; of that ${coins(paid, coin)} were paid to ${challenger.address}.`;
  tell(
    command,
    { batch: id, earlier, places, challenger: challenger.address, slashed, reward, paid },
    `  Batch ${id} is rejected: ${whereText(pair)}, proven. ${lost}\n  No model that is committed from now on can take it.`,
  );
}

/** The records at hand: the project's, or those of a file. */
async function openedAt(
  session: Desk,
  { project }: Here,
  file: string | undefined,
): Promise<{ readonly datanet: bigint; readonly batches: readonly OpenedBatch[] }> {
  if (project === undefined) {
    if (file === undefined)
      throw new InvalidArgumentError(
        'A proof opens records of two batches: --project FOLDER, or --batches FILE of "quittance datanet export".',
      );
    return openBatchFile(file, session.deployment).given;
  }
  return await projectBatches(project, session);
}

async function projectBatches(
  project: Project,
  session: Desk,
): Promise<{ readonly datanet: bigint; readonly batches: readonly OpenedBatch[] }> {
  const datanet = projectDatanet(project);
  if (datanet === undefined) throw new NoDatanetError(project.folder);
  await adoptSent(project, session, datanet);
  const profile = loadProfile(session.deployment.profile as ProfileName);
  const batches = contributionsOf(project, datanet).map(({ id, root }) => ({
    ...{ id, records: recordsOf(project, root, profile) },
  }));
  return { datanet, batches };
}

function listOf(found: readonly Challengeable[], coin: Coin): string {
  if (found.length === 0)
    return "  No batch that could be rejected holds a content twice, or one that was accepted before it.";
  const rows = found.map((one) => [
    String(one.batch),
    whereText(one),
    coins(one.slashed, coin),
    coins(one.reward, coin),
    one.why ?? (one.until === 0n ? "" : timeText(one.until)),
  ]);
  return `${table(["batch", "what", "validators lose", "challenger gets", "until, or why nothing"], rows)}\n  Challenge one: quittance dispute duplicate BATCH, with the same options.`;
}

function whereText({ batch, earlier, places }: Challengeable): string {
  const first = `sample ${places.earlier + 1} of ${earlier === batch ? "its own" : `batch ${earlier}`}`;
  return `sample ${places.later + 1} is ${first}`;
}
