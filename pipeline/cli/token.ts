/** `quittance token`: who holds how much of a deployment's own token, and handing some on. */
import type { Command } from "commander";
import { coinOf } from "../session.ts";
import { addressText, tell } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { unitsOf } from "./project.ts";
import { coins } from "./ui.ts";

/** Adds the command and its subcommands to the tree. */
export function addTokenCommands(root: Command): void {
  const token = root
    .command("token")
    .description("the deployment's own token: staked, voted with, paid in")
    .addHelpText(
      "after",
      `
A deployment's whole supply is its deployer's at first: validators, payers and voters get theirs from there.

Examples:
  quittance token send 0x… --amount 20000 --deployment deployment.json --chain http://127.0.0.1:8545
  quittance token show 0x… --deployment deployment.json --chain http://127.0.0.1:8545
`,
    );
  addSend(token);
  addShow(token);
}

function addSend(token: Command): void {
  const command = token
    .command("send")
    .description("hand tokens on; on a chain that is not local QUITTANCE_HOLDER_KEY signs")
    .argument("<to>", "an address", addressText);
  addPlaceOptions(command, { model: false })
    .requiredOption("--amount <tokens>", "how much, in tokens (for example 2.5)")
    .addHelpText(
      "after",
      "\nExample:\n  quittance token send 0x… --amount 20000 --deployment deployment.json --chain http://127.0.0.1:8545\n",
    )
    .action(async (to: string, options: Place & { amount: string }, command: Command) => {
      await atPlace(options, "holder", async (session) => {
        const { contracts, deployment } = session;
        const coin = await coinOf(session, deployment.token);
        const amount = unitsOf(options.amount, coin);
        const holder = session.chain.kind === "local" ? session.operator : await session.wallet("holder/you");
        session.record("send tokens", await contracts.transferToken(holder, to, amount));
        const left = await contracts.tokenBalance(holder.address);
        tell(
          command,
          { from: holder.address, to, amount, left },
          `  ${to} has ${coins(amount, coin)} more; ${holder.address} has ${coins(left, coin)} left.`,
        );
      });
    });
}

function addShow(token: Command): void {
  const command = token
    .command("show")
    .description("what an account holds, and how many votes it speaks for")
    .argument("<account>", "an address", addressText);
  addPlaceOptions(command, { model: false })
    .addHelpText(
      "after",
      "\nExample:\n  quittance token show 0x… --deployment deployment.json --chain http://127.0.0.1:8545\n",
    )
    .action(async (account: string, options: Place, command: Command) => {
      await atPlace(options, "holder", async (session) => {
        const { contracts, deployment } = session;
        const coin = await coinOf(session, deployment.token);
        const [balance, votes] = [await contracts.tokenBalance(account), await contracts.votesOf(account)];
        tell(
          command,
          { account, balance, votes },
          `  ${account} holds ${coins(balance, coin)} and speaks for ${coins(votes, coin)}.`,
        );
      });
    });
}
