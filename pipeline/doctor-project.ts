/**
 * What `quittance doctor` says of a project: when what it answered must be on chain. Late epochs cost bond,
 * so one that is late makes the doctor fail.
 *
 * The project's files say which epochs are settled. Only where one is not is its chain asked, which knows
 * better: an epoch may be committed there and not settled yet. A chain that does not answer leaves the files'
 * word, and the machine's clock, and the finding says so.
 */
import { clockOf } from "./chain/client.ts";
import { type Deployment, openContracts } from "./chain/contracts.ts";
import { openLocalChain } from "./chain/local.ts";
import { openRpcChain } from "./chain/rpc.ts";
import type { Finding } from "./doctor.ts";
import {
  type Clock,
  clockAtHand,
  type Due,
  dueText,
  firstDue,
  firstUnsettled,
  spanText,
  WARN_SECONDS,
} from "./due.ts";
import { openProject, type Project, ProjectBusyError } from "./project.ts";

/** Looks at a project. Throws what {@link openProject} throws for a folder that is none. */
export async function projectFindings(folder: string): Promise<Finding[]> {
  let project: Project;
  try {
    project = openProject({ folder });
  } catch (error) {
    if (!(error instanceof ProjectBusyError)) throw error;
    const text = `not looked at. ${error.message} A service says itself what is due: GET /health, dueBy`;
    return [{ subject: "due", level: "note", text }];
  }
  try {
    return [await dueFinding(project, folder)];
  } catch (error) {
    return [{ subject: "due", level: "bad", text: (error as Error).message }];
  } finally {
    project.close();
  }
}

async function dueFinding(project: Project, folder: string): Promise<Finding> {
  const unsettled = firstUnsettled(project);
  if (unsettled === undefined)
    return { subject: "due", level: "good", text: "nothing: every answered epoch is settled" };
  try {
    const { due, clock } = await lookAtChain(project);
    if (due === undefined) {
      const text = `nothing: every answered epoch is on chain, and not all are settled: quittance settle --project ${folder}`;
      return { subject: "due", level: "good", text };
    }
    return findingOf(due, clock, folder);
  } catch (error) {
    const found = findingOf(unsettled, clockAtHand(project), folder);
    const text = `${found.text} (the chain was not asked whether it is: ${(error as Error).message})`;
    return { ...found, level: found.level === "bad" ? "bad" : "note", text };
  }
}

async function lookAtChain(project: Project): Promise<{ readonly due?: Due; readonly clock: Clock }> {
  const kept = project.readState<{ readonly deployment: Deployment }>("deployment");
  if (kept === undefined) throw new Error("the project does not know its contracts");
  const { chain: url } = project.config;
  const chain =
    url === "local" ? await openLocalChain({ logFile: project.chainLog }) : await openRpcChain({ url });
  try {
    const contracts = await openContracts(chain, kept.deployment);
    const due = await firstDue(project, { contracts });
    const clock = { seconds: await clockOf(chain), of: "chain" } as const;
    return { clock, ...(due === undefined ? {} : { due }) };
  } finally {
    await chain.close();
  }
}

/** What is due as a finding: late is bad, and less than a day is worth a note. */
export function findingOf(due: Due, clock: Clock, folder: string): Finding {
  const left = due.dueBy - clock.seconds;
  const by = clock.of === "chain" ? "" : " by this machine's clock";
  const settle = `quittance settle --project ${folder}`;
  const text = dueText(due);
  if (left < 0)
    return {
      subject: "due",
      level: "bad",
      text: `OVERDUE${by}: ${text}, ${spanText(-left)} ago; each receipt can cost bond. Now: ${settle}`,
    };
  return {
    subject: "due",
    level: left > WARN_SECONDS ? "good" : "note",
    text: `${text}, in ${spanText(left)}${by}: ${settle}`,
  };
}
