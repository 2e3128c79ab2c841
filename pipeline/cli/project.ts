/** What the commands share that work in a project: opening it, and the options for that. */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { ProfileName } from "../../prover/index.ts";
import { readDeploymentFile } from "../deploy/file.ts";
import { openProject, type Project } from "../project.ts";
import { openSession, type Session, type SessionOptions } from "../session.ts";
import { profileOption } from "./options.ts";
import { type Coin, openUi, type Ui } from "./ui.ts";

/** Which project. */
export const projectOption = (): Option =>
  new Option("-p, --project <folder>", "the project folder").makeOptionMandatory();

/** Whether a window is to be passed. */
export const travelOption = (): Option =>
  new Option("--travel", "local chains only: move the clock past the window instead of waiting");

/** Settings of a project that does not exist yet, and where its contracts are. */
export type Creation = {
  readonly profile: ProfileName;
  readonly chain?: string;
  readonly feeUnitWei?: string;
  readonly deployment?: string;
};

/** Adds the options of {@link Creation}. */
export function addCreationOptions(command: Command): Command {
  return command
    .option("--chain <address>", '"local" or a JSON-RPC address (new projects only)')
    .option(
      "--deployment <file>",
      'where the contracts are: what "quittance deploy" wrote (new projects only)',
    )
    .option("--fee-unit-wei <wei>", "price of one fee unit, in the token's smallest unit (new projects only)")
    .addOption(profileOption());
}

/** The settings for a new project among a command's options. */
export function creationOf(options: Creation): Creation {
  const { profile, chain, feeUnitWei, deployment } = options;
  return {
    profile,
    ...(chain === undefined ? {} : { chain }),
    ...(feeUnitWei === undefined ? {} : { feeUnitWei }),
    ...(deployment === undefined ? {} : { deployment }),
  };
}

/** How {@link withSession} opens a project. */
export type Opening = {
  readonly folder: string;
  /** Makes the project if there is none. */
  readonly create?: Creation;
  /** Who is at work, on a chain that is not local. */
  readonly role?: string;
};

/** Runs `work` with an open project and session and closes both, whatever happens. */
export async function withSession<T>(
  { folder, create, role }: Opening,
  work: (project: Project, session: Session, ui: Ui) => Promise<T>,
  ui: Ui = openUi(process.stderr),
): Promise<T> {
  const file = create?.deployment;
  const options: SessionOptions = {
    ...(file === undefined ? {} : { deployment: readDeploymentFile(file) }),
    ...(role === undefined ? {} : { role }),
  };
  if (file !== undefined && create?.chain === undefined)
    throw new InvalidArgumentError("--deployment belongs to a chain: add --chain ADDRESS.");
  const project = openProject({
    folder,
    notice: (message) => ui.line(message),
    ...(create === undefined ? {} : { create: settingsOf(create) }),
  });
  try {
    const session = await openSession(project, ui, options);
    try {
      return await work(project, session, ui);
    } finally {
      await session.close();
    }
  } finally {
    await project.store.close();
    project.close();
  }
}

function settingsOf({ deployment: _deployment, ...settings }: Creation): Omit<Creation, "deployment"> {
  return settings;
}

/** An amount of tokens as people write it, in the token's smallest unit. */
export function unitsOf(text: string, { symbol, decimals }: Coin): bigint {
  const found = /^([0-9]{1,30})(?:\.([0-9]+))?$/.exec(text);
  const fraction = found?.[2] ?? "";
  if (found === null || fraction.length > decimals)
    throw new InvalidArgumentError(
      `"${text}" is no amount of ${symbol}: give a number with at most ${decimals} decimals, for example 2.5.`,
    );
  return BigInt(`${found[1]}${fraction.padEnd(decimals, "0")}`);
}
