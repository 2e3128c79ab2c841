/** `quittance vote`: proposals about fees, windows and the treasury, from draft to execution. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { checksumAddress, isAddressText } from "../engine/ethers.ts";
import type { Project } from "../project.ts";
import { coinOf, type Session } from "../session.ts";
import { type Change, castVote, execute, proposals, propose, queue } from "../votes.ts";
import { tell } from "./options.ts";
import { projectOption, travelOption, withSession } from "./project.ts";
import { coins, table } from "./ui.ts";

type InProject = { readonly project: string };
type Deciding = InProject & { readonly travel?: boolean };
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
Holders of the token decide on the fee split, the windows and the treasury, within the contracts' bounds and never about
an epoch that is committed. A decision waits in a timelock before it takes effect. On a chain that is not local you vote
with QUITTANCE_VOTER_KEY.

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

type ProposeOptions = InProject & {
  readonly split?: string;
  readonly windows?: string;
  readonly treasury?: string;
  readonly description?: string;
};

function addPropose(vote: Command): void {
  vote
    .command("propose")
    .description("propose a change; your own tokens are delegated to you if they count for nobody yet")
    .addOption(projectOption())
    .option(
      "--split <p,d,v>",
      "basis points of fees: treasury, model developer, validators; contributors have the rest",
    )
    .option("--windows <p,a>", "days: to prove an epoch, and to answer a dispute")
    .option("--treasury <address>", "who gets the treasury's share")
    .option("--description <text>", "what voters read")
    .addHelpText(
      "after",
      "\nExamples:\n  quittance vote propose --project shop --split 200,1000,500\n  quittance vote propose --project shop --windows 7,3 --description 'Longer windows'\n",
    )
    .action(async (options: ProposeOptions, command: Command) => {
      const changes = changesOf(options);
      await withVoter(options, async (project, session, proposer) => {
        const description = options.description ?? `Change the fee schedule: ${textOf(options)}`;
        const { id } = await propose({ project, session, proposer, changes, description });
        tell(
          command,
          { id, description },
          `  Proposal ${id}\n  Next: quittance vote cast ${id} --project ${options.project} --support for`,
        );
      });
    });
}

function addCast(vote: Command): void {
  vote
    .command("cast")
    .description("vote on a proposal")
    .argument("<id>", "the proposal's number", proposalId)
    .addOption(projectOption())
    .addOption(new Option("--support <how>", "your vote").choices([...SUPPORT]).default("for"))
    .addOption(travelOption())
    .addHelpText(
      "after",
      "\nWhat you held when voting began counts.\n\nExample:\n  quittance vote cast ID --project shop --support for --travel\n",
    )
    .action(
      async (id: bigint, options: Deciding & { support: (typeof SUPPORT)[number] }, command: Command) => {
        await withVoter(options, async (project, session, voter) => {
          const support = SUPPORT.indexOf(options.support) as 0 | 1 | 2;
          await castVote({ session, voter, id, support, travel: options.travel === true });
          await tellState(command, project, session, id);
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
    vote
      .command(name)
      .description(says[name])
      .argument("<id>", "the proposal's number", proposalId)
      .addOption(projectOption())
      .addOption(travelOption())
      .addHelpText("after", `\nExample:\n  quittance vote ${name} ID --project shop --travel\n`)
      .action(async (id: bigint, options: Deciding, command: Command) => {
        await withVoter(options, async (project, session, sender) => {
          await steps[name]({ project, session, sender, id, travel: options.travel === true });
          await tellState(command, project, session, id);
        });
      });
  }
}

function addShow(vote: Command): void {
  vote
    .command("show")
    .description("what is in force, and the proposals that were made from this project")
    .addOption(projectOption())
    .addHelpText("after", "\nExample:\n  quittance vote show --project shop\n")
    .action(async (options: InProject, command: Command) => {
      await withSession({ folder: options.project, role: "voter" }, async (project, session) => {
        const { contracts } = session;
        const split = await contracts.feeSplit();
        const windows = { proving: await contracts.provingWindow(), answer: await contracts.answerWindow() };
        const treasury = await contracts.treasury();
        const coin = await coinOf(session, session.deployment.token);
        const found = await proposals(project, session);
        const rows = found.map((one) => [
          String(one.id),
          one.state,
          coins(one.forVotes, coin),
          coins(one.againstVotes, coin),
          one.description,
        ]);
        const { protocolBps, developerBps, validatorsBps } = split;
        tell(
          command,
          { split, windows, treasury, proposals: found },
          `  In force: ${protocolBps} bp treasury, ${developerBps} bp developer, ${validatorsBps} bp validators, the rest ` +
            `contributors; ${windows.proving / DAY} days to prove, ${windows.answer / DAY} to answer; treasury ${treasury}.\n` +
            table(["proposal", "state", "for", "against", "about"], rows),
        );
      });
    });
}

type Voter = Awaited<ReturnType<Session["wallet"]>>;

/** The operator holds a local chain's tokens, and votes there; elsewhere whoever's key it is. */
async function withVoter(
  { project: folder }: InProject,
  work: (project: Project, session: Session, voter: Voter) => Promise<void>,
): Promise<void> {
  await withSession({ folder, role: "voter" }, async (project, session) => {
    const voter = session.chain.kind === "local" ? session.operator : await session.wallet("voter/you");
    await work(project, session, voter);
  });
}

async function tellState(command: Command, project: Project, session: Session, id: bigint): Promise<void> {
  const state = await session.contracts.proposalState(id);
  const votes = await session.contracts.proposalVotes(id);
  const next = { active: "queue", succeeded: "queue", queued: "execute" }[state as string];
  const hint = next === undefined ? "" : `\n  Next: quittance vote ${next} ${id} --project ${project.folder}`;
  tell(command, { id, state, ...votes }, `  Proposal ${id} is ${state}.${hint}`);
}

function changesOf(options: ProposeOptions): Change[] {
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
  return changes;
}

function numbers(text: string, count: number, example: string): number[] {
  const parts = text.split(",");
  if (parts.length !== count || parts.some((part) => !/^\d{1,5}$/.test(part.trim())))
    throw new InvalidArgumentError(`"${text}" is not ${count} whole numbers. Write for example: ${example}`);
  return parts.map(Number);
}

function textOf({ split, windows, treasury }: ProposeOptions): string {
  const parts = [
    split === undefined ? "" : `split ${split} bp`,
    windows === undefined ? "" : `windows ${windows} days`,
    treasury === undefined ? "" : `treasury ${treasury}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function proposalId(text: string): bigint {
  if (!/^\d{1,78}$/.test(text))
    throw new InvalidArgumentError('Give the number that "quittance vote propose" printed.');
  return BigInt(text);
}
