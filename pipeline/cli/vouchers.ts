/** The commands voucher and voucher redeem: what a payer signs, and having the vault redeem it by itself. */
import { type Command, InvalidArgumentError } from "commander";
import { chainTime } from "../chain/client.ts";
import { timeText } from "../dates.ts";
import { redeemable } from "../payments/redeem.ts";
import { readVoucherFile, writeVoucherFile } from "../payments/voucher-file.ts";
import { backingOf, signVoucher } from "../payments/vouchers.ts";
import { coinOf, keyOf } from "../session.ts";
import { addressText, tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { unitsOf } from "./project.ts";
import { coins, openUi } from "./ui.ts";

const DAY = 86_400;

type VoucherOptions = Place & {
  readonly payer: string;
  readonly inAll?: string;
  readonly days: number;
  readonly out: string;
  readonly wallet?: string;
};

/** Adds the commands to the tree. */
export function addVoucherCommands(root: Command): void {
  const command = root
    .command("voucher")
    .description("sign a voucher as a payer: what it owes the model's operator, in all");
  addPlaceOptions(command)
    .option(
      "--payer <name>",
      "who pays (on a local chain a wallet derived from the project's secret)",
      "payer-1",
    )
    // Required, but of this command alone: commander would ask redeem for it too.
    .option("--in-all <tokens>", "what is owed in all, since the first answer (not: in addition); needed")
    .option("--days <n>", "how long it can be redeemed", wholeNumber(15, 3_650), 365)
    .option("--out <file>", "where it goes", "voucher.json")
    .option("--wallet <address>", "a contract wallet that pays and accepts this key's signature (ERC-1271)")
    .addHelpText(
      "after",
      `
A voucher is cumulative: the newest is worth all before it, so losing an old one loses nothing. It is one signature and
costs no transaction. Elsewhere than on a local chain it is signed with QUITTANCE_PAYER_KEY.

A contract wallet (--wallet) can change its mind about what it accepts, so nobody answers on its voucher before the
vault has redeemed it: quittance voucher redeem.

Examples:
  quittance voucher --project shop --payer alice --in-all 0.5 --out voucher.json
  quittance infer --project shop --data ./questions --limit 10 --payer alice --voucher voucher.json
  quittance voucher --deployment deployment.json --chain http://127.0.0.1:8545 --model 0x… --in-all 0.5
`,
    )
    .action(async (options: VoucherOptions, command: Command) => {
      const { inAll, wallet: contract } = options;
      if (inAll === undefined) throw new InvalidArgumentError("Say what is owed in all: --in-all TOKENS.");
      const payer = contract === undefined ? undefined : addressText(contract);
      const ui = openUi(process.stderr);
      await atPlace(options, "payer", async (session, here) => {
        const model = await here.model();
        const coin = await coinOf(session, model.token);
        const cumulative = unitsOf(inAll, coin);
        const wallet = await session.wallet(`payer/${options.payer}`);
        const at = { chainId: session.chain.chainId, vault: session.deployment.vault };
        const now = BigInt(await chainTime(session.chain));
        const operator = await session.contracts.operatorOf(model.id);
        const expiry = now + BigInt(options.days * DAY);
        const terms = { operator, model: model.id, cumulative, expiry };
        const voucher = await signVoucher(wallet, at, payer === undefined ? terms : { ...terms, payer });
        writeVoucherFile(options.out, at, voucher);
        const channel = await session.contracts.channel(model.id, voucher.payer);
        const most = channel.charged + backingOf(channel, now);
        if (cumulative > most)
          ui.line(
            `  Your deposit is good for ${coins(most, coin)} in all: deposit more, or an operator will refuse it.`,
          );
        tell(
          command,
          { file: options.out, ...voucher },
          `  ${options.out}: ${coins(cumulative, coin)} in all, to ${operator}, until ${timeText(expiry)}.`,
        );
      });
    });
  addRedeem(command);
}

function addRedeem(voucher: Command): void {
  const redeem = voucher
    .command("redeem")
    .description("have the vault redeem a voucher by itself, before any epoch does")
    .argument("<file>", 'the voucher, as "quittance voucher" wrote it');
  addPlaceOptions(redeem, { model: false })
    .addHelpText(
      "after",
      `
An epoch redeems the vouchers that it needs when it is committed. A contract wallet's is redeemed before: only then is
an answer given on it. Anybody may redeem; with QUITTANCE_OPERATOR_KEY the voucher has to be that operator's. It is one
transaction, and nothing where the vault knows of as much already.

Examples:
  quittance voucher redeem voucher.json --project shop
  quittance voucher redeem voucher.json --deployment deployment.json --chain http://127.0.0.1:8545
`,
    )
    .action(async (file: string, options: Place, command: Command) => {
      const ui = openUi(process.stderr);
      await atPlace(options, "operator", async (session, { project }) => {
        const { chain, contracts, deployment } = session;
        const at = { chainId: chain.chainId, vault: deployment.vault };
        const voucher = readVoucherFile(file, at);
        const operator = project === undefined ? keyOf("operator") : session.operator;
        const { channel, known } = await redeemable({
          ...{ chain, contracts, at, voucher, operator: operator?.address },
        });
        const coin = await coinOf(session, await contracts.tokenOf(voucher.model));
        if (channel.requested > 0n)
          ui.line(
            `  The payer has asked for ${coins(channel.requested, coin)} back, ready ${timeText(channel.readyAt)}: charge before.`,
          );
        const mined = known ? undefined : await contracts.redeem(session.operator, [voucher]);
        if (mined !== undefined) session.record("redeem voucher", mined);
        const { authorised } = await contracts.channel(voucher.model, voucher.payer);
        const what =
          mined === undefined
            ? `Nothing was sent: of ${voucher.payer} the vault has redeemed ${coins(authorised, coin)} in all already.`
            : `Redeemed: of ${voucher.payer}, ${coins(authorised, coin)} in all can be charged.`;
        const { payer, model, cumulative } = voucher;
        const result = { payer, model, cumulative, authorised, redeemed: mined !== undefined };
        tell(
          command,
          { ...result, ...(mined === undefined ? {} : { transaction: mined.hash }) },
          `  ${what}`,
        );
      });
    });
}
