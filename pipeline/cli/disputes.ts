/** `quittance dispute`: bonds, and what can cost them. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { chainTime } from "../chain/client.ts";
import { DISPUTE_KIND, type DisputeView } from "../chain/types.ts";
import { currentModel } from "../commit.ts";
import { timeText } from "../dates.ts";
import type { Desk } from "../desk.ts";
import { answerDispute, DisputeClosedError, disputeById, receiptArgs } from "../disputes.ts";
import { checksumAddress, isAddressText, sameAddress } from "../engine/ethers.ts";
import { parseReceipt, type Receipt } from "../receipts.ts";
import { coinOf } from "../session.ts";
import { passUntil } from "../windows.ts";
import { addDuplicateChallenge } from "./challenge.ts";
import { tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { projectOption, travelOption, unitsOf, withSession } from "./project.ts";
import { type Coin, coins, table } from "./ui.ts";

type InProject = { readonly project: string };
type Challenging = Place & { readonly as: string };
type Travelling = InProject & { readonly travel?: boolean };

const number = wholeNumber(1, Number.MAX_SAFE_INTEGER);

/** Adds the command and its subcommands to the tree. */
export function addDisputeCommands(root: Command): void {
  const dispute = root
    .command("dispute")
    .description(
      "an operator's bond, and disputes: omitted receipts, unproven batches, two receipts for one, false verdicts",
    )
    .addHelpText(
      "after",
      `
Receipts are attested: a signature that is worth what the operator's bond holds. Whoever wins is paid from the bond and
collects; every dispute ends within a bounded time, with the operator's answer or without.

Examples:
  quittance dispute bond --project shop --amount 1
  quittance dispute omission shop/receipts/…/000003.json --project shop --as alice
  quittance dispute answer 1 --project shop
  quittance dispute duplicate --project shop
  quittance dispute show --project shop
`,
    );
  addBond(dispute);
  addChallenges(dispute);
  addDuplicateChallenge(dispute);
  addEnds(dispute);
  addShow(dispute);
}

function addBond(dispute: Command): void {
  dispute
    .command("bond")
    .description("post a bond for the project's model, or take it back")
    .addOption(projectOption())
    .requiredOption("--amount <tokens>", "how much, in the model's token")
    .option("--withdraw", "take the amount back: the first run asks for it, a run after the delay pays it")
    .addOption(travelOption())
    .addHelpText(
      "after",
      "\nExamples:\n  quittance dispute bond --project shop --amount 1\n  quittance dispute bond --project shop --amount 1 --withdraw\n",
    )
    .action(async (options: Travelling & { amount: string; withdraw?: boolean }, command: Command) => {
      await withSession({ folder: options.project }, async (project, session) => {
        const { id, token } = currentModel(project);
        const { contracts, operator } = session;
        const coin = await coinOf(session, token);
        const amount = unitsOf(options.amount, coin);
        if (amount === 0n) throw new InvalidArgumentError("Give an amount above zero.");
        if (options.withdraw !== true) {
          session.record("post bond", await contracts.postBond(operator, id, amount));
        } else {
          if ((await contracts.bondOf(id)).requested < amount)
            session.record("ask for bond", await contracts.requestBond(operator, id, amount));
          const { readyAt } = await contracts.bondOf(id);
          const early = readyAt > BigInt(await chainTime(session.chain));
          if (!early || options.travel === true) {
            await passUntil(session, readyAt, "The bond is free", options.travel === true);
            session.record("withdraw bond", await contracts.withdrawBond(operator, id));
          }
        }
        const bond = await contracts.bondOf(id);
        const asked =
          bond.requested === 0n
            ? ""
            : `\n  ${coins(bond.requested, coin)} asked back: ready ${timeText(bond.readyAt)}, then run this again.`;
        tell(command, { model: id, ...bond }, `  ${bondText(bond, coin)}${asked}`);
      });
    });
}

function addChallenges(dispute: Command): void {
  const omission = dispute
    .command("omission")
    .description("say as its payer that a receipt is not in its epoch, or that the epoch is overdue")
    .argument("<receipt>", "the receipt's file");
  addPlaceOptions(omission, { model: false })
    .option(
      "--as <name>",
      "the payer (on a local chain a wallet derived from the project's secret)",
      "payer-1",
    )
    .addHelpText(
      "after",
      `
Takes a stake of about the fee (QUITTANCE_PAYER_KEY signs on a chain that is not local). Without an answer within the
window the payer gets stake, fee and half of a penalty; with one, the operator gets the stake.

Example:
  quittance dispute omission shop/receipts/…/000003.json --project shop --as alice
  quittance dispute omission receipt.json --deployment deployment.json --chain http://127.0.0.1:8545
`,
    )
    .action(async (file: string, options: Challenging, command: Command) => {
      const receipt = readReceipt(file);
      await atPlace(options, "payer", async (session, here) => {
        const wallet = await session.wallet(`payer/${options.as}`);
        const { contracts, deployment } = session;
        if (
          session.chain.kind === "local" &&
          sameAddress(await contracts.tokenOf(receipt.modelId), deployment.token)
        ) {
          const { stake } = await contracts.omissionTerms(receipt.modelId, receipt.feeUnits);
          await session.endow(wallet, stake);
        }
        const opened = await contracts.challengeOmission(wallet, receiptArgs(receipt), receipt.signature);
        session.record("challenge omission", opened);
        await tellDispute(command, session, opened.dispute, here.how);
      });
    });

  const batch = dispute
    .command("batch")
    .description("demand the training proof of one batch of an unproven model")
    .argument("<index>", "the batch's place in the model, from 0", wholeNumber(0, 1_000_000));
  addPlaceOptions(batch)
    .option("--as <name>", "the challenger (on a local chain a derived wallet)", "challenger-1")
    .addHelpText(
      "after",
      `
Takes a stake (QUITTANCE_CHALLENGER_KEY signs on a chain that is not local). Without a valid proof within the window the
model is frozen and the bond slashed.

Example:
  quittance dispute batch 0 --project shop
`,
    )
    .action(async (index: number, options: Challenging, command: Command) => {
      await atPlace(options, "challenger", async (session, here) => {
        const { id, token } = await here.model();
        const { contracts, deployment } = session;
        const wallet = await session.wallet(`challenger/${options.as}`);
        if (session.chain.kind === "local" && sameAddress(token, deployment.token))
          await session.endow(wallet, await contracts.batchStake(id));
        const opened = await contracts.challengeBatch(wallet, id, index);
        session.record("challenge batch", opened);
        await tellDispute(command, session, opened.dispute, here.how);
      });
    });

  const equivocation = dispute
    .command("equivocation")
    .description("show two different receipts that the operator signed for one request")
    .argument("<a>", "a receipt's file")
    .argument("<b>", "another one's");
  addPlaceOptions(equivocation, { model: false })
    .option("--as <name>", "who shows them (on a local chain a derived wallet)", "challenger-1")
    .addHelpText(
      "after",
      "\nSlashes the bond at once; the reward is the payer's whom the receipts name, whoever shows them.\nQUITTANCE_CHALLENGER_KEY signs on a chain that is not local.\n\nExample:\n  quittance dispute equivocation a.json b.json --project shop\n",
    )
    .action(async (a: string, b: string, options: Challenging, command: Command) => {
      const [first, second] = [readReceipt(a), readReceipt(b)];
      await atPlace(options, "challenger", async (session, here) => {
        const { contracts } = session;
        const wallet = await session.wallet(`challenger/${options.as}`);
        const token = await contracts.tokenOf(first.modelId);
        const before = await contracts.collectableAward(token, first.payer);
        const mined = await contracts.reportEquivocation(
          ...[wallet, receiptArgs(first), first.signature, receiptArgs(second), second.signature],
        );
        session.record("report equivocation", mined);
        const reward = (await contracts.collectableAward(token, first.payer)) - before;
        const coin = await coinOf(session, token);
        const model = here.project === undefined ? ` --model ${first.modelId}` : "";
        const collect = `quittance dispute collect ${first.payer} ${here.how}${model}`;
        tell(
          command,
          { model: first.modelId, requestId: first.requestId, reward, account: first.payer },
          `  The bond is slashed; ${coins(reward, coin)} is for ${first.payer}: ${collect}`,
        );
      });
    });
}

function addEnds(dispute: Command): void {
  dispute
    .command("answer")
    .description("answer a dispute as the operator, with a proof")
    .argument("<id>", "the dispute's number", number)
    .addOption(projectOption())
    .addHelpText(
      "after",
      "\nProves that the receipt is in its epoch, or that the batch made the model.\n\nExample:\n  quittance dispute answer 1 --project shop\n",
    )
    .action(async (id: number, options: InProject, command: Command) => {
      await withSession({ folder: options.project }, async (project, session, ui) => {
        await answerDispute({ project, session, ui, id: BigInt(id) });
        await tellDispute(command, session, BigInt(id), `--project ${options.project}`);
      });
    });

  const resolve = dispute
    .command("resolve")
    .description("end a dispute that nobody answered in time (anybody may)")
    .argument("<id>", "the dispute's number", number);
  addPlaceOptions(resolve, { model: false })
    .addOption(travelOption())
    .addHelpText("after", "\nExample:\n  quittance dispute resolve 1 --project shop --travel\n")
    .action(async (id: number, options: Place & { travel?: boolean }, command: Command) => {
      await atPlace(options, "challenger", async (session, here) => {
        const { contracts, operator } = session;
        const view = await disputeById(session, BigInt(id));
        if (!view.open) throw new DisputeClosedError(BigInt(id));
        const deadline = await contracts.disputeDeadline(BigInt(id));
        await passUntil(session, deadline, "The window to answer ends", options.travel === true);
        const batch = DISPUTE_KIND[Number(view.kind)] === "batch";
        const mined = batch
          ? await contracts.resolveBatch(operator, BigInt(id))
          : await contracts.resolveOmission(operator, BigInt(id));
        session.record("resolve dispute", mined);
        await tellDispute(command, session, BigInt(id), here.how);
      });
    });

  const collect = dispute
    .command("collect")
    .description("pay an account what disputes gave it (anybody may)")
    .argument("<account>", "its address");
  addPlaceOptions(collect)
    .addHelpText("after", "\nExample:\n  quittance dispute collect 0x… --project shop\n")
    .action(async (account: string, options: Place, command: Command) => {
      if (!isAddressText(account)) throw new InvalidArgumentError(`"${account}" is no address.`);
      await atPlace(options, "challenger", async (session, here) => {
        const { token } = await here.model();
        const to = checksumAddress(account);
        const owed = await session.contracts.collectableAward(token, to);
        if (owed > 0n)
          session.record("collect award", await session.contracts.collectAward(session.operator, token, to));
        tell(
          command,
          { account: to, paid: owed },
          `  ${to} was paid ${coins(owed, await coinOf(session, token))}.`,
        );
      });
    });
}

function addShow(dispute: Command): void {
  const show = dispute.command("show").description("the model's bond, and its disputes");
  addPlaceOptions(show)
    .addHelpText("after", "\nExample:\n  quittance dispute show --project shop\n")
    .action(async (options: Place, command: Command) => {
      await atPlace(options, "challenger", async (session, here) => {
        const { id: model, token } = await here.model();
        const { contracts } = session;
        const coin = await coinOf(session, token);
        const bond = await contracts.bondOf(model);
        const found: Array<DisputeView & { readonly id: bigint }> = [];
        const count = await contracts.disputeCount();
        for (let id = 1n; id <= count; id++) {
          const view = await contracts.disputeOf(id);
          if (view.model === model) found.push({ id, ...view });
        }
        const rows = found.map((one) => [
          String(one.id),
          DISPUTE_KIND[Number(one.kind)] ?? "none",
          one.open ? "open" : "closed",
          timeText(one.deadline),
          coins(one.stake, coin),
          one.challenger,
        ]);
        const frozen = await contracts.isFrozen(model);
        tell(
          command,
          { model, frozen, bond, disputes: found },
          `  ${bondText(bond, coin)}${frozen ? " The model is FROZEN." : ""}\n` +
            table(["#", "kind", "state", "answer until", "stake", "challenger"], rows),
        );
      });
    });
}

async function tellDispute(command: Command, session: Desk, id: bigint, how: string): Promise<void> {
  const { contracts } = session;
  const view = await contracts.disputeOf(id);
  const token = await contracts.tokenOf(view.model);
  const coin = await coinOf(session, token);
  const kind = DISPUTE_KIND[Number(view.kind)] ?? "none";
  const collectable = await contracts.collectableAward(token, view.challenger);
  const frozen = await contracts.isFrozen(view.model);
  const model = how.startsWith("--project") ? "" : ` --model ${view.model}`;
  const collect = `quittance dispute collect ${view.challenger} ${how}${model}`;
  const won =
    collectable > 0n ? ` ${view.challenger} can collect ${coins(collectable, coin)}: ${collect}` : "";
  const text = view.open
    ? `is open: stake ${coins(view.stake, coin)}; the operator can answer until ${timeText(await contracts.disputeDeadline(id))}.`
    : `is closed.${won}${frozen ? " The model is FROZEN." : ""}`;
  tell(command, { dispute: id, ...view, kind, collectable, frozen }, `  Dispute ${id} (${kind}) ${text}`);
}

function bondText(bond: { readonly amount: bigint; readonly reserved: bigint }, coin: Coin): string {
  return `Bond: ${coins(bond.amount, coin)}, of it ${coins(bond.reserved, coin)} put aside for open disputes.`;
}

function readReceipt(file: string): Receipt {
  return parseReceipt(readFileSync(file, "utf8"), file);
}
