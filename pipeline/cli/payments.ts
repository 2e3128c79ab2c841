/** The command deposit. Vouchers are in `vouchers.ts`. */
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { chainTime } from "../chain/client.ts";
import type { ChannelView } from "../chain/types.ts";
import { timeText } from "../dates.ts";
import type { Desk } from "../desk.ts";
import type { Account } from "../engine/ethers.ts";
import { coinOf } from "../session.ts";
import { passUntil } from "../windows.ts";
import { writeKeyFile } from "./key-file.ts";
import { tell } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { travelOption, unitsOf } from "./project.ts";
import { type Coin, coins } from "./ui.ts";
import { addVoucherCommands } from "./vouchers.ts";

/** Adds the commands to the tree. */
export function addPaymentCommands(root: Command): void {
  addDeposit(root);
  addVoucherCommands(root);
}

type DepositOptions = Place & {
  readonly payer: string;
  readonly amount: string;
  readonly withdraw?: boolean;
  readonly travel?: boolean;
  readonly keyOut?: string;
};

function addDeposit(root: Command): void {
  const deposit = root
    .command("deposit")
    .description("deposit tokens for a model, or take the unspent rest back");
  addPlaceOptions(deposit)
    .option(
      "--payer <name>",
      "who pays (on a local chain a wallet derived from the project's secret)",
      "payer-1",
    )
    .requiredOption("--amount <tokens>", "how much, in tokens (for example 2.5)")
    .option("--key-out <file>", "local chains only: write the payer's key, for an agent that asks over HTTP")
    .option("--withdraw", "take the amount back: the first run asks for it, a run after the delay pays it")
    .addOption(travelOption())
    .addHelpText(
      "after",
      `
A deposit stands behind vouchers: what is charged is at most what the payer signed for, and at most what it deposited.
Taking back has a delay, in which the operator can charge what it answered already. On a local chain the tokens are play
money; elsewhere the payer signs with QUITTANCE_PAYER_KEY.

Examples:
  quittance deposit --project shop --payer alice --amount 2.5
  quittance deposit --project shop --payer alice --amount 2.5 --key-out alice.key
  quittance deposit --project shop --payer alice --amount 1 --withdraw
  quittance deposit --project shop --payer alice --amount 1 --withdraw --travel
  quittance deposit --deployment deployment.json --chain http://127.0.0.1:8545 --model 0x… --amount 2.5
`,
    )
    .action(async (options: DepositOptions, command: Command) => {
      await atPlace(options, "payer", async (session, here) => {
        const model = await here.model();
        const { contracts } = session;
        const coin = await coinOf(session, model.token);
        const amount = unitsOf(options.amount, coin);
        if (amount === 0n) throw new InvalidArgumentError("Give an amount above zero.");
        const wallet = await session.wallet(`payer/${options.payer}`);
        if (options.keyOut !== undefined) {
          if (session.chain.kind !== "local")
            throw new InvalidArgumentError(
              "--key-out is for play money: on this chain you have the key already.",
            );
          writeKeyFile(options.keyOut, wallet);
        }
        if (options.withdraw === true)
          await takeBack(session, { ...model, coin }, wallet, amount, options.travel === true);
        else {
          if (session.chain.kind === "local") await session.endow(wallet, amount);
          session.record(`deposit ${options.payer}`, await contracts.deposit(wallet, model.id, amount));
        }
        const channel = await contracts.channel(model.id, wallet.address);
        const unspent = channel.deposited - channel.charged - channel.withdrawn;
        const asked =
          channel.requested === 0n
            ? ""
            : `\n  ${coins(channel.requested, coin)} asked back: ready ${timeText(channel.readyAt)}, then run this again.`;
        tell(
          command,
          { payer: wallet.address, model: model.id, ...channel, unspent },
          `  ${wallet.address} has ${coins(unspent, coin)} unspent with this model; charged so far: ${coins(channel.charged, coin)}.${asked}`,
        );
      });
    });
}

/** Asks for what was not asked for yet, and pays out what is due. */
async function takeBack(
  session: Desk,
  model: { readonly id: string; readonly coin: Coin },
  wallet: Account,
  amount: bigint,
  travel: boolean,
): Promise<void> {
  const { contracts } = session;
  const asked = async (): Promise<ChannelView> => await contracts.channel(model.id, wallet.address);
  const { requested, deposited, charged, withdrawn } = await asked();
  const unspent = deposited - charged - withdrawn;
  if (requested < amount && amount > unspent)
    throw new InvalidArgumentError(`Only ${coins(unspent, model.coin)} are unspent: ask for that, or less.`);
  if (requested < amount)
    session.record("ask for withdrawal", await contracts.requestWithdrawal(wallet, model.id, amount));
  const { readyAt } = await asked();
  const early = readyAt > BigInt(await chainTime(session.chain));
  if (early && !travel) return;
  await passUntil(session, readyAt, "The withdrawal is ready", travel);
  session.record("withdraw", await contracts.withdraw(wallet, model.id));
}
