/** `quittance claim`: contributors are paid, where they are or where they say. */
import { type Command, InvalidArgumentError } from "commander";
import { claimFor, NotAContributorError } from "../claim.ts";
import { claimElsewhere, handInOrder, makeOrder } from "../claim-to.ts";
import { currentModel } from "../commit.ts";
import { timeText } from "../dates.ts";
import type { Desk } from "../desk.ts";
import { type Account, checksumAddress, isAddressText, sameAddress } from "../engine/ethers.ts";
import { readOrderFile, readSignatureFile, writeOrderFile } from "../payments/order-file.ts";
import { coinOf, keyOf } from "../session.ts";
import { addressText, tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Here, type Place } from "./place.ts";
import { coins, openUi, table } from "./ui.ts";

const DAY = 86_400;

type Options = Place & {
  readonly account?: string;
  readonly to?: string;
  readonly out?: string;
  readonly order?: string;
  readonly signature?: string;
  readonly days: number;
};

/** Adds the command to the tree. */
export function addClaimCommand(root: Command): void {
  const claim = root
    .command("claim")
    .description("pay contributors what they are owed (anybody may trigger it)");
  addPlaceOptions(claim)
    .option("--account <address>", "only this contributor")
    .option("--to <address>", "pay it to another address: the contributor's own word only", addressText)
    .option("--out <file>", "with --to: write a signed order for anybody to hand in, and send nothing")
    .option("--days <n>", "with --out: how long the order can be handed in", wholeNumber(1, 365), 30)
    .option("--order <file>", "hand in an order, as anybody: the key at hand pays the gas")
    .option("--signature <file>", "with --order: a contract wallet's signature, in hexadecimal")
    .addHelpText(
      "after",
      `
Without --to the money goes to each contributor, whoever sends. With --to its owner decides: it sends with
QUITTANCE_CONTRIBUTOR_KEY (on a local chain: --account says who), or signs an order (EIP-712) that costs it nothing and
works once, for what it has earned so far; after the next settlement it signs another. A contract wallet (ERC-1271) is
named with --account: its order waits for its signature, or takes the key's where the wallet's code accepts that.

Examples:
  quittance claim --project shop
  quittance claim --deployment deployment.json --chain http://127.0.0.1:8545 --model 0x…
  quittance claim --to 0x… --deployment deployment.json --chain http://127.0.0.1:8545 --model 0x…
  quittance claim --to 0x… --out order.json --deployment deployment.json --chain http://127.0.0.1:8545 --model 0x…
  quittance claim --order order.json --deployment deployment.json --chain http://127.0.0.1:8545
`,
    )
    .action(async (options: Options, command: Command) => {
      const { order, to, out, signature, account, model } = options;
      if (order !== undefined && [to, out, account, model].some((one) => one !== undefined))
        throw new InvalidArgumentError("An order says who, where and of which model: leave the others out.");
      if (to === undefined && out !== undefined)
        throw new InvalidArgumentError("--out writes an order: say where the money goes with --to.");
      if (order === undefined && signature !== undefined)
        throw new InvalidArgumentError("--signature belongs to an order: give it with --order.");
      await atPlace(options, "contributor", async (session, here) => {
        if (order !== undefined) await handIn(command, session, order, signature);
        else if (to !== undefined) await elsewhere(command, session, here, { ...options, to });
        else await everybody(command, session, here, account);
      });
    });
}

async function everybody(
  command: Command,
  session: Desk,
  here: Here,
  account: string | undefined,
): Promise<void> {
  const { id, token } = await here.model();
  const known = here.project === undefined ? undefined : currentModel(here.project).contributors;
  const contributors =
    known ?? (await session.contracts.contributorsOf(id)).map((one) => ({ name: one, account: one }));
  const claims = await claimFor({
    ...{ session, ui: openUi(process.stderr), model: { id, token, contributors } },
    ...(account === undefined ? {} : { account }),
  });
  const coin = await coinOf(session, token);
  const rows = claims.map((c) => [c.name, coins(c.paidWei, coin)]);
  tell(command, claims, claims.length === 0 ? "  Nothing is owed." : table(["contributor", "paid"], rows));
}

async function elsewhere(
  command: Command,
  session: Desk,
  here: Here,
  { account: named, to, out, days }: Options & { readonly to: string },
): Promise<void> {
  if (/^0x0{40}$/.test(to)) throw new InvalidArgumentError("Nobody has the address of zeros.");
  const { id: model, token } = await here.model();
  const { account, key } = await ownerOf(session, here, named);
  const coin = await coinOf(session, token);
  if (out === undefined && key !== undefined && sameAddress(key.address, account)) {
    const paid = await claimElsewhere(session, key, { model, to });
    tell(command, paid, `  ${coins(paid.paidWei, coin)} of ${account} were paid to ${to}.`);
    return;
  }
  const { owed, ...order } = await makeOrder(session, { model, account, to, seconds: days * DAY, key });
  if (out === undefined) {
    const paid = await handInOrder(session, () => session.operator, order);
    tell(command, paid, `  ${coins(paid.paidWei, coin)} of ${account} were paid to ${to}.`);
    return;
  }
  writeOrderFile(out, session.deployment, order);
  const hand = `quittance claim --order ${out} ${here.how}`;
  const next =
    order.signature === undefined
      ? `Not signed: have the wallet sign its typedData, then ${hand} --signature FILE`
      : `Anybody may hand it in: ${hand}`;
  tell(
    command,
    { file: out, ...order, owed, signed: order.signature !== undefined },
    `  ${out}: ${coins(owed, coin)} of ${account} to ${to}, until ${timeText(order.deadline)} or the next settlement.\n  ${next}`,
  );
}

async function handIn(
  command: Command,
  session: Desk,
  file: string,
  signatureFile: string | undefined,
): Promise<void> {
  const order = readOrderFile(file, session.deployment);
  const signature = signatureFile === undefined ? order.signature : readSignatureFile(signatureFile);
  const whole = signature === undefined ? order : { ...order, signature };
  const paid = await handInOrder(session, () => session.operator, whole);
  const coin = await coinOf(session, await session.contracts.tokenOf(order.model));
  tell(command, paid, `  ${coins(paid.paidWei, coin)} of ${paid.account} were paid to ${paid.to}.`);
}

/** Whose earnings, and the key at hand that may speak for them. */
async function ownerOf(
  session: Desk,
  { project }: Here,
  named: string | undefined,
): Promise<{ readonly account: string; readonly key: Account | undefined }> {
  if (named !== undefined && !isAddressText(named))
    throw new InvalidArgumentError(`"${named}" is no address.`);
  if (project !== undefined && session.chain.kind === "local") {
    if (named === undefined) throw new InvalidArgumentError("Say whose earnings: --account ADDRESS.");
    const own = currentModel(project).contributors.find(({ account }) => sameAddress(account, named));
    if (own === undefined) throw new NotAContributorError(named);
    return { account: own.account, key: await session.wallet(`contributor/${own.name}`) };
  }
  const key = keyOf("contributor");
  if (named !== undefined) return { account: checksumAddress(named), key };
  const own = key ?? (await session.wallet("contributor/you"));
  return { account: own.address, key: own };
}
