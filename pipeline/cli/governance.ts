/** `quittance vote`: proposals about fees, windows and the treasury, from draft to execution. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { verifierKeysOf } from "../chain/verifier.ts";
import type { Desk } from "../desk.ts";
import { type Account, checksumAddress, isAddressText } from "../engine/ethers.ts";
import { coinOf } from "../session.ts";
import { isGiven, keysForVote, proposedText } from "../vote-keys.ts";
import { type Change, castVote, execute, proposals, propose, queue } from "../votes.ts";
import { tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Here, type Place } from "./place.ts";
import { travelOption, unitsOf } from "./project.ts";
import { type Coin, coins, table } from "./ui.ts";

type Deciding = Place & { readonly travel?: boolean };
const DAY = 86_400;
const SUPPORT = ["against", "for", "abstain"] as const;

/** Adds the command and its subcommands to the tree. */
export function addVoteCommands(root: Command): void {
  const vote = root
    .command("vote")
    .description("governance: propose, vote, queue, execute")
    .addHelpText(
      "after",
      `
Holders of the token decide on the fee split, the windows, the treasury, the quorum of verdicts new verifying keys
and which are retired, within the contracts' bounds and never about an epoch that is committed. A decision waits in a timelock
before it takes effect. On a chain that is not local you vote with QUITTANCE_VOTER_KEY, and need no project: say
--deployment FILE --chain ADDRESS instead. Tokens that are staked as a validator do not vote.

Examples:
  quittance vote propose --project shop --split 200,1000,500
  quittance vote cast ID --project shop --support for
  quittance vote queue ID --project shop
  quittance vote execute ID --project shop
  quittance vote show --project shop
`,
    );
  addPropose(vote);
  addCast(vote);
  addDecided(vote);
  addShow(vote);
}

type ProposeOptions = Place & {
  readonly quorum?: string;
  readonly keys?: string;
  readonly retire?: number;
  readonly split?: string;
  readonly windows?: string;
  readonly treasury?: string;
  readonly description?: string;
};

function addPropose(vote: Command): void {
  const command = vote
    .command("propose")
    .description("propose a change; your own tokens are delegated to you if they count for nobody yet");
  addPlaceOptions(command, { model: false })
    .option(
      "--split <p,d,v>",
      "basis points of fees: treasury, model developer, validators; contributors have the rest",
    )
    .option("--windows <p,a>", "days: to prove an epoch, and to answer a dispute")
    .option("--treasury <address>", "who gets the treasury's share")
    .option("--quorum <tokens>", "stake that has to be shown before a batch gets a verdict")
    .option(
      "--keys <path>",
      "new verifying keys, for models committed from then on: a folder of keys, or the verifying keys of an export (data/keys/PROFILE.json)",
    )
    .option("--retire <version>", "verifying keys that open no more epochs", wholeNumber(1, 4_294_967_295))
    .option("--description <text>", "what voters read")
    .addHelpText(
      "after",
      "\nExamples:\n  quittance vote propose --project shop --split 200,1000,500\n  quittance vote propose --project shop --windows 7,3 --description 'Longer windows'\n  quittance vote propose --project shop --keys ./ceremony-keys\n",
    )
    .action(async (options: ProposeOptions, command: Command) => {
      await withVoter(options, async (session, here, proposer) => {
        const changes = changesOf(options, await coinOf(session, session.deployment.token));
        if (options.keys !== undefined) {
          const keys = verifierKeysOf(await keysForVote(options.keys, session.deployment.profile));
          changes.push({ kind: "keys", keys });
        }
        const asked = options.description ?? `Change ${textOf(options)}`;
        const { id, description } = await propose({ session, proposer, changes, description: asked });
        tell(
          command,
          { id, description },
          `  Proposal ${id}\n  ${description.replaceAll("\n", "\n  ")}\n  Next: quittance vote cast ${id} ${here.how} --support for`,
        );
      });
    });
}

function addCast(vote: Command): void {
  const command = vote
    .command("cast")
    .description("vote on a proposal")
    .argument("<id>", "the proposal's number", proposalId);
  addPlaceOptions(command, { model: false })
    .addOption(new Option("--support <how>", "your vote").choices([...SUPPORT]).default("for"))
    .addOption(travelOption())
    .addHelpText(
      "after",
      "\nWhat you held when voting began counts.\n\nExample:\n  quittance vote cast ID --project shop --support for --travel\n",
    )
    .action(
      async (id: bigint, options: Deciding & { support: (typeof SUPPORT)[number] }, command: Command) => {
        await withVoter(options, async (session, here, voter) => {
          const support = SUPPORT.indexOf(options.support) as 0 | 1 | 2;
          await castVote({ session, voter, id, support, travel: options.travel === true });
          await tellState(command, here, session, id);
        });
      },
    );
}

function addDecided(vote: Command): void {
  const steps = { queue, execute };
  const says = {
    queue: "put what was decided into the timelock (anybody may)",
    execute: "carry out what was decided, once the timelock lets it through (anybody may)",
  };
  for (const name of ["queue", "execute"] as const) {
    const command = vote
      .command(name)
      .description(says[name])
      .argument("<id>", "the proposal's number", proposalId);
    addPlaceOptions(command, { model: false })
      .addOption(travelOption())
      .addHelpText("after", `\nExample:\n  quittance vote ${name} ID --project shop --travel\n`)
      .action(async (id: bigint, options: Deciding, command: Command) => {
        await withVoter(options, async (session, here, sender) => {
          await steps[name]({ session, sender, id, travel: options.travel === true });
          await tellState(command, here, session, id);
        });
      });
  }
}

function addShow(vote: Command): void {
  const command = vote.command("show").description("what is in force, and all proposals");
  addPlaceOptions(command, { model: false })
    .option("--keys <path>", "compare proposed keys with these: a folder of keys, or an exported file")
    .addHelpText(
      "after",
      "\nKeys that are proposed are read from the chain, whatever the proposal's words are.\n\nExample:\n  quittance vote show --project shop\n",
    )
    .action(async (options: Place & { readonly keys?: string }, command: Command) => {
      await atPlace(options, "voter", async (session) => {
        const { contracts } = session;
        const split = await contracts.feeSplit();
        const windows = { proving: await contracts.provingWindow(), answer: await contracts.answerWindow() };
        const treasury = await contracts.treasury();
        const coin = await coinOf(session, session.deployment.token);
        const { quorum } = await contracts.validationParameters();
        const keys = await contracts.verifierVersion();
        const found = await proposals(session);
        const mine =
          options.keys === undefined
            ? undefined
            : verifierKeysOf(await keysForVote(options.keys, session.deployment.profile));
        const rows = found.map((one) => [
          String(one.id),
          one.state,
          coins(one.forVotes, coin),
          coins(one.againstVotes, coin),
          one.description.split("\n")[0] ?? "",
        ]);
        const proposed = found.flatMap(({ id, keys }) =>
          keys.map((one) => `\n  Proposal ${id}: ${proposedText(one, mine)}`),
        );
        const { protocolBps, developerBps, validatorsBps } = split;
        tell(
          command,
          {
            ...{ split, windows, treasury, quorum, keys },
            proposals: found.map((one) => ({
              ...one,
              keys: one.keys.map((k) => (mine ? { ...k, asGiven: isGiven(k, mine) } : k)),
            })),
          },
          `  In force: ${protocolBps} bp treasury, ${developerBps} bp developer, ${validatorsBps} bp validators, the rest ` +
            `contributors; ${windows.proving / DAY} days to prove, ${windows.answer / DAY} to answer; treasury ${treasury}; verdicts need ` +
            `${coins(quorum, coin)} shown; new models get keys ${keys}.\n` +
            table(["proposal", "state", "for", "against", "about"], rows) +
            proposed.join(""),
        );
      });
    });
}

/** The operator holds a local chain's tokens, and votes there; elsewhere whoever's key it is. */
async function withVoter(
  place: Place,
  work: (session: Desk, here: Here, voter: Account) => Promise<void>,
): Promise<void> {
  await atPlace(place, "voter", async (session, here) => {
    const voter = session.chain.kind === "local" ? session.operator : await session.wallet("voter/you");
    await work(session, here, voter);
  });
}

async function tellState(command: Command, here: Here, session: Desk, id: bigint): Promise<void> {
  const state = await session.contracts.proposalState(id);
  const votes = await session.contracts.proposalVotes(id);
  const next = { active: "queue", succeeded: "queue", queued: "execute" }[state as string];
  const hint = next === undefined ? "" : `\n  Next: quittance vote ${next} ${id} ${here.how}`;
  tell(command, { id, state, ...votes }, `  Proposal ${id} is ${state}.${hint}`);
}

function changesOf(options: ProposeOptions, coin: Coin): Change[] {
  const changes: Change[] = [];
  if (options.split !== undefined) {
    const [protocolBps = 0, developerBps = 0, validatorsBps = 0] = numbers(
      options.split,
      3,
      "--split 200,1000,500",
    );
    changes.push({ kind: "split", protocolBps, developerBps, validatorsBps });
  }
  if (options.windows !== undefined) {
    const [proving = 0, answer = 0] = numbers(options.windows, 2, "--windows 7,3");
    changes.push({ kind: "windows", proving: proving * DAY, answer: answer * DAY });
  }
  if (options.treasury !== undefined) {
    if (!isAddressText(options.treasury))
      throw new InvalidArgumentError(`"${options.treasury}" is no address.`);
    changes.push({ kind: "treasury", treasury: checksumAddress(options.treasury) });
  }
  if (options.quorum !== undefined) changes.push({ kind: "quorum", quorum: unitsOf(options.quorum, coin) });
  if (options.retire !== undefined) changes.push({ kind: "retire", version: options.retire });
  return changes;
}

function numbers(text: string, count: number, example: string): number[] {
  const parts = text.split(",");
  if (parts.length !== count || parts.some((part) => !/^\d{1,5}$/.test(part.trim())))
    throw new InvalidArgumentError(`"${text}" is not ${count} whole numbers. Write for example: ${example}`);
  return parts.map(Number);
}

function textOf({ split, windows, treasury, quorum, keys, retire }: ProposeOptions): string {
  const parts = [
    split === undefined ? "" : `split ${split} bp`,
    windows === undefined ? "" : `windows ${windows} days`,
    treasury === undefined ? "" : `treasury ${treasury}`,
    quorum === undefined ? "" : `quorum of verdicts ${quorum}`,
    keys === undefined ? "" : "new verifying keys",
    retire === undefined ? "" : `retire keys ${retire}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function proposalId(text: string): bigint {
  if (!/^\d{1,78}$/.test(text))
    throw new InvalidArgumentError('Give the number that "quittance vote propose" printed.');
  return BigInt(text);
}
