/** `quittance setup`: circuits and keys; its subcommands run a ceremony. */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import {
  beginCeremony,
  contributeToCeremony,
  finishCeremony,
  type Keys,
  type ProfileName,
} from "../../prover/index.ts";
import { readyCircuits, readyKeys } from "../setup.ts";
import { profileOption, tell, wholeNumber } from "./options.ts";
import { openUi, table, type Ui } from "./ui.ts";

type Profiled = { readonly profile: ProfileName };

/** Adds the command and its subcommands to the tree. */
export function addSetupCommands(root: Command): void {
  const setup = root
    .command("setup")
    .description("compile the circuits and make (or check) the proving keys")
    .enablePositionalOptions()
    .addOption(profileOption())
    .option("--ptau <file>", "begin a ceremony from this powers-of-tau file instead of making local keys")
    .option(
      "--ptau-sha256 <hex>",
      "the hash that the powers-of-tau file must have; needed unless it is one of the published ones of 2021",
    )
    .option("--ceremony <folder>", "where the ceremony is kept", "ceremony")
    .addHelpText(
      "after",
      `
Local keys (no --ptau) are made in a minute or two from a secret that is thrown away. They are for development:
whoever made them can forge proofs, and a contract takes them on a local chain only.

Example:
  quittance setup

Ceremony keys need a powers-of-tau file, one or more contributions by people who do not collude, and a beacon:
  quittance setup --ptau pot17.ptau --ptau-sha256 HEX --ceremony ceremony
  quittance setup contribute ceremony --name alice
  quittance setup finish ceremony --ptau pot17.ptau --beacon HEX --keys keys
  QUITTANCE_KEYS=keys quittance train …
`,
    )
    .action(
      async (
        options: Profiled & { ptau?: string; ptauSha256?: string; ceremony: string },
        command: Command,
      ) => {
        const ui = openUi(process.stderr);
        const circuits = await compiled(options.profile, ui);
        if (options.ptau === undefined) {
          const keys = await ui.step("Proving keys", (report) =>
            readyKeys(options.profile, circuits, report),
          );
          return tellKeys(command, keys);
        }
        const sha256 = options.ptauSha256;
        const ptau = { path: options.ptau, ...(sha256 === undefined ? {} : { sha256 }) };
        await ui.step("Check the powers of tau and begin the ceremony", (report) =>
          beginCeremony({
            circuits: Object.values(circuits),
            ptau,
            dir: options.ceremony,
            onProgress: (text) => report(0, 1, text),
          }),
        );
        const next = `quittance setup contribute ${options.ceremony} --name YOU`;
        tell(command, { ceremony: options.ceremony, next }, `  Begun. Next: ${next}`);
      },
    );

  setup
    .command("contribute")
    .description("add your randomness to a ceremony")
    .argument("<folder>", "the ceremony's folder")
    .requiredOption("--name <name>", "your name in the transcript")
    .addHelpText("after", "\nExample:\n  quittance setup contribute ceremony --name alice\n")
    .action(async (folder: string, options: { name: string }, command: Command) => {
      const ui = openUi(process.stderr);
      const hashes = await ui.step("Contribute", () =>
        contributeToCeremony({ dir: folder, name: options.name }),
      );
      const lines = Object.entries(hashes).map(([circuit, hash]) => `  ${circuit}: ${hash}`);
      tell(command, hashes, `${lines.join("\n")}\n  Publish these hashes.`);
    });

  setup
    .command("finish")
    .description("apply the beacon, verify the whole transcript, write the keys")
    .argument("<folder>", "the ceremony's folder")
    .addOption(profileOption())
    .requiredOption("--ptau <file>", "the powers-of-tau file that the ceremony began with")
    .requiredOption("--beacon <hex>", "a public random value that nobody could foresee")
    .option("--iterations <exponent>", "the beacon is hashed 2^exponent times", wholeNumber(10, 63), 10)
    .requiredOption("--keys <folder>", "where the keys go")
    .addHelpText(
      "after",
      "\nExample:\n  quittance setup finish ceremony --ptau pot17.ptau --beacon HEX --keys keys\n",
    )
    .action(async (folder: string, options: FinishOptions, command: Command) => {
      const ui = openUi(process.stderr);
      const circuits = await compiled(options.profile, ui);
      const keys = await ui.step("Apply the beacon and verify", (report) =>
        finishCeremony({
          circuits: Object.values(circuits),
          ptau: { path: options.ptau },
          dir: folder,
          keysDir: options.keys,
          beacon: { hex: options.beacon, iterationsExp: options.iterations },
          onProgress: (text) => report(0, 1, text),
        }),
      );
      tellKeys(command, keys);
    });
}

type FinishOptions = Profiled & {
  readonly ptau: string;
  readonly beacon: string;
  readonly iterations: number;
  readonly keys: string;
};

function compiled(profile: ProfileName, ui: Ui): ReturnType<typeof readyCircuits> {
  return ui.step(`Compile the circuits (${Math.min(2, availableParallelism())} at a time)`, (report) =>
    readyCircuits(profile, report),
  );
}

function tellKeys(command: Command, keys: Keys): void {
  const rows = Object.entries(keys.manifest.circuits).map(([name, key]) => [
    name,
    String(key.zkey.bytes),
    key.vkeyHash.slice(0, 16),
  ]);
  const warning = keys.manifest.insecure
    ? "\n  INSECURE: local keys, for development on a local chain only."
    : "";
  tell(
    command,
    { folder: keys.dir, manifest: keys.manifest },
    `${table(["circuit", "bytes", "key hash"], rows)}\n  ${keys.dir}${warning}`,
  );
}
