/**
 * Where a command works that needs no operator's project: in one (`--project`), or at any deployment
 * (`--deployment FILE --chain ADDRESS`), with the own key from the environment. What concerns a model is
 * about the project's, or about the one that `--model` names.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import { currentModel } from "../commit.ts";
import { readDeploymentFile } from "../deploy/file.ts";
import { type Desk, openDesk } from "../desk.ts";
import type { Hex } from "../engine/ethers.ts";
import type { Project } from "../project.ts";
import { withSession } from "./project.ts";

/** The options of {@link addPlaceOptions}. */
export type Place = {
  readonly project?: string;
  readonly deployment?: string;
  readonly chain?: string;
  readonly model?: string;
};

/** Where a command is at work. */
export type Here = {
  /** The model that it is about, and the token that it is paid in. Throws if none is named. */
  model(): Promise<{ readonly id: Hex; readonly token: string }>;
  /** The project, where there is one. */
  readonly project?: Project;
  /** The options that say so, for the next command. */
  readonly how: string;
};

/** Adds the options that say where; `--model` unless the command knows it from elsewhere. */
export function addPlaceOptions(command: Command, { model = true } = {}): Command {
  command
    .addOption(new Option("-p, --project <folder>", "the project folder"))
    .option("--deployment <file>", 'instead of a project: what "quittance deploy" wrote')
    .option("--chain <address>", "instead of a project: the chain's JSON-RPC address (or QUITTANCE_RPC)");
  return model ? command.option("--model <id>", "instead of a project: the model") : command;
}

/**
 * Runs `work` at a project's session or at a desk, and closes it, whatever happens.
 *
 * @param role who is at work: whose key sends
 */
export async function atPlace<T>(
  place: Place,
  role: string,
  work: (desk: Desk, here: Here) => Promise<T>,
): Promise<T> {
  const { project: folder, deployment: file, chain } = place;
  if (folder !== undefined) {
    if (file !== undefined || chain !== undefined || place.model !== undefined)
      throw new InvalidArgumentError("A project knows its chain, contracts and model: leave the others out.");
    return await withSession({ folder, role }, (project, session) =>
      work(session, {
        ...{ project, how: `--project ${folder}` },
        model: async () => {
          const { id, token } = currentModel(project);
          return { id, token };
        },
      }),
    );
  }
  const url = chain ?? process.env["QUITTANCE_RPC"];
  if (file === undefined || url === undefined)
    throw new InvalidArgumentError(
      "Say where: --project FOLDER, or --deployment FILE and --chain ADDRESS of its JSON-RPC node (or QUITTANCE_RPC).",
    );
  const roles = [role, ...ROLES.filter((other) => other !== role)];
  const desk = await openDesk({ url, file: readDeploymentFile(file), roles });
  try {
    return await work(desk, {
      how: `--deployment ${file}${chain === undefined ? "" : ` --chain ${chain}`}`,
      model: async () => {
        const id = modelId(place.model);
        return { id, token: await desk.contracts.tokenOf(id) };
      },
    });
  } finally {
    await desk.chain.close();
  }
}

/** Whose key may send what anybody may. */
const ROLES = ["payer", "challenger", "voter", "validator", "contributor", "operator"] as const;

function modelId(text: string | undefined): Hex {
  if (text === undefined)
    throw new InvalidArgumentError(
      "Say which model: --model ID. Its operator publishes it; receipts name it.",
    );
  if (!/^0x[0-9a-fA-F]{64}$/.test(text))
    throw new InvalidArgumentError(`"${text}" is no model: give 0x and 64 hexadecimal digits.`);
  return text.toLowerCase();
}
