/** `quittance deploy`: from a configuration file to verified contracts. */
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { InvalidArgumentError } from "commander";
import { loadProfile } from "../../prover/index.ts";
import { openRpcChain } from "../chain/rpc.ts";
import {
  deployerFromEnvironment,
  exampleConfig,
  nodeOf,
  readDeployConfig,
  SETTINGS,
} from "../deploy/config.ts";
import { checkDeployment, type DeployPlan, deploy, planDeployment } from "../deploy/deploy.ts";
import { type DeploymentFile, readDeploymentFile } from "../deploy/file.ts";
import type { DeployCheck } from "../deploy/verify.ts";
import { readyCircuits, readyKeys } from "../setup.ts";
import { tell } from "./options.ts";
import { EXIT } from "./output.ts";
import { coins, openUi, table, type Ui } from "./ui.ts";

const COIN = { symbol: "ETH", decimals: 18 };
type Options = {
  readonly config?: string;
  readonly out: string;
  readonly yes?: boolean;
  readonly example?: boolean;
  readonly check?: string;
  readonly chain?: string;
};

/** Adds the command to the tree. */
export function addDeployCommand(root: Command): void {
  root
    .command("deploy")
    .description("put the contracts on a chain, from a configuration file; says what it costs first")
    .option("--config <file>", "the configuration (JSON, holds no secret)")
    .option("--out <file>", "where the deployment file goes", "deployment.json")
    .option("--yes", "go on without asking")
    .option("--check <file>", "verify a finished deployment from its file; needs no key")
    .option("--chain <address>", "with --check: the chain's JSON-RPC address (or QUITTANCE_RPC)")
    .option("--example", "print a configuration with every setting, and do nothing")
    .addHelpText(
      "after",
      `
The key of the account that deploys is read from QUITTANCE_DEPLOYER_KEY (or the file that
QUITTANCE_DEPLOYER_KEY_FILE names); QUITTANCE_RPC, if set, is used instead of the
configuration's "rpc". Everything is rehearsed in this process first: what the contracts would refuse costs nothing, and
the gas is measured. Without --yes, and without a terminal to ask on, it stops there.

A run that was cut off goes on when the same command is run again; the journal lies beside the deployment file. A
finished one is verified again: code, creation, owners, wiring, keys. Anybody can do that with --check. A transaction that
no block takes for three minutes is replaced by a dearer one.

Examples:
  quittance deploy --example > deploy.json
  quittance deploy --config deploy.json
  quittance deploy --config deploy.json --out deployment.json --yes
  quittance deploy --check deployment.json --chain http://127.0.0.1:8545
  quittance train --project shop --data ./digits --chain http://127.0.0.1:8545 --deployment deployment.json
`,
    )
    .action(async (options: Options, command: Command) => {
      if (options.example === true) {
        // JSON takes no remarks, so what the settings mean goes beside it.
        process.stderr.write(SETTINGS);
        process.stdout.write(`${exampleConfig()}\n`);
        return;
      }
      if (options.check !== undefined) {
        await check(options.check, options.chain, command);
        return;
      }
      if (options.config === undefined)
        throw new InvalidArgumentError("Give --config FILE; --example prints one to start from.");
      const ui = openUi(process.stderr);
      const config = readDeployConfig(options.config);
      const account = deployerFromEnvironment();
      const chain = await openRpcChain({ url: nodeOf(config) });
      const profile = loadProfile(config.profile);
      const circuits = await ui.step("Circuits", (report) => readyCircuits(profile.name, report));
      const keys = await ui.step("Proving keys", (report) => readyKeys(profile.name, circuits, report));
      const deploying = { config, chain, account, profile, keys, out: options.out };
      const plan = await ui.step("Rehearse the deployment", () => planDeployment(deploying));
      describe(plan, ui);
      if (!plan.deployed && !(options.yes === true || (await agreed(ui)))) {
        tell(command, { deployed: false, plan }, "  Nothing was sent. Add --yes to go on.");
        return;
      }
      const { file, checks } = await deploy({ ...deploying, ui, plan });
      tellChecks(command, options.out, file, checks);
    });
}

/** Verifies somebody's deployment. */
async function check(path: string, address: string | undefined, command: Command): Promise<void> {
  const ui = openUi(process.stderr);
  const { profile: name } = readDeploymentFile(path);
  const chain = await openRpcChain({ url: address ?? nodeOf({}) });
  const profile = loadProfile(name);
  const circuits = await ui.step("Circuits", (report) => readyCircuits(profile.name, report));
  const keys = await ui.step("Proving keys", (report) => readyKeys(profile.name, circuits, report));
  const { file, checks } = await checkDeployment({ path, chain, profile, keys, ui });
  tellChecks(command, path, file, checks);
}

function tellChecks(
  command: Command,
  path: string,
  file: DeploymentFile,
  checks: readonly DeployCheck[],
): void {
  const ok = checks.every((one) => one.ok);
  if (!ok) process.exitCode = EXIT.doubt;
  const lines = checks.map(({ name, ok, detail }) => `  ${ok ? "✓" : "✗"} ${name}: ${detail}`);
  const end = ok ? `  ${path}` : "  NOT VERIFIED: do not use these contracts.";
  tell(command, { deployed: true, verified: ok, file: path, ...file, checks }, `${lines.join("\n")}\n${end}`);
}

function describe(plan: DeployPlan, ui: Ui): void {
  ui.heading(plan.deployed ? "Deployed before" : "What will be done");
  ui.line(`  chain ${plan.chainId}, as ${plan.deployer}, which holds ${coins(plan.balanceWei, COIN)}`);
  ui.line(
    plan.keys === "local"
      ? "  INSECURE: local proving keys, for development on a local chain only."
      : "  proving keys of a ceremony",
  );
  ui.line(
    table(
      ["step", "gas", ""],
      plan.steps.map(({ step, gas, done }) => [step, String(gas), done ? "begun before" : ""]),
    ),
  );
  ui.line(
    "  The deployer keeps the whole supply of the token and the guardian's place; everything else is the timelock's.",
  );
  ui.line(`  Left to do: ${plan.gas} gas, at most ${coins(plan.costWei, COIN)} at this moment's price.`);
}

/** Asks on a terminal; nobody there to ask means no. */
async function agreed(ui: Ui): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const said = await asking.question("  Go on? (yes/no) ");
    ui.line();
    return said.trim().toLowerCase() === "yes";
  } finally {
    asking.close();
  }
}
