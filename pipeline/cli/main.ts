/**
 * The command-line tool. Each command does one thing to a project folder and can be run again after an
 * interruption.
 *
 * Exit codes: 0 done; 1 something is wrong with what was checked (a bundle that does not verify, a doctor's
 * finding, a request that is not to be signed); 2 the call or its input is wrong, the message says what to
 * do; 70 a defect of this program. With `--json` standard output is exactly one JSON document, also for
 * errors; progress goes to standard error.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { VERSION } from "../version.ts";
import { addAskCommand } from "./ask.ts";
import { addAuditCommand } from "./audit.ts";
import { addCheckingCommands } from "./check.ts";
import { addContributeCommand } from "./contribute.ts";
import { addDataCommands } from "./datanets.ts";
import { addDeployCommand } from "./deploy.ts";
import { addDisputeCommands } from "./disputes.ts";
import { addExplainCommand } from "./explain.ts";
import { addExportCommand } from "./export.ts";
import { addVoteCommands } from "./governance.ts";
import { addProjectCommands } from "./operate.ts";
import { describeError, EXIT, plainJson } from "./output.ts";
import { addPaymentCommands } from "./payments.ts";
import { addServeCommand } from "./serve.ts";
import { addSetupCommands } from "./setup.ts";
import { addTokenCommands } from "./token.ts";
import { addValidateCommand } from "./validate.ts";
import { addWorkCommands } from "./work.ts";

/** Builds the command tree. */
export function program(): Command {
  const root = new Command("quittance")
    .description(
      "Pays the people whose data taught a model each time it is used, and proves that it paid the right ones.",
    )
    .version(VERSION, "-V, --version", "print the version")
    .helpOption("-h, --help", "show help; every command has its own, with examples")
    .addOption(new Option("--json", "print one JSON document on standard output, progress on standard error"))
    .showHelpAfterError("(add --help for what this command takes)")
    .addHelpText(
      "after",
      `
A first look:        quittance demo
An operator's day:   quittance setup
                     quittance train  --project shop --data ./digits
                     quittance infer  --project shop --data ./questions
                     quittance settle --project shop
                     quittance claim  --project shop
                     quittance explain RECEIPT --project shop
                     quittance serve  --project shop
A payer's day:       quittance deposit --project shop --payer alice --amount 2.5
                     quittance voucher --project shop --payer alice --in-all 0.5
An agent's day:      quittance ask http://127.0.0.1:8402 --data ./questions --budget 0.5
On many machines:    quittance worker --queue proofs,features     (and settle --workers remote)
An auditor's day:    quittance verify shop/out/epoch-1.json
                     quittance audit  --project shop
A contributor's day: quittance contribute --sign request.json --deployment deployment.json

Settings from the environment: QUITTANCE_CACHE (circuits, keys), QUITTANCE_KEYS (a folder of proving keys),
QUITTANCE_THREADS (proofs side by side), QUITTANCE_PROVER (built-in, snarkjs or rapidsnark), QUITTANCE_RAPIDSNARK
(its path), QUITTANCE_PROVIDER (cuda, webgpu or cpu, for scoring), DATABASE_URL (jobs on a Postgres server),
QUITTANCE_BLOBS or QUITTANCE_S3_… (content elsewhere, see worker --help); and on a chain that is not local QUITTANCE_RPC
(its address, for whoever has no project), and the keys of whoever is at work: QUITTANCE_OPERATOR_KEY, _CONTRIBUTOR_KEY,
_VALIDATOR_KEY, _PAYER_KEY, _CHALLENGER_KEY, _VOTER_KEY, _HOLDER_KEY, _DEPLOYER_KEY; each may
be in a file of mode 0600 instead, named by …_KEY_FILE.`,
    )
    // Options after a subcommand are the subcommand's: "setup" and "setup finish" both have --ptau.
    .enablePositionalOptions()
    .exitOverride();
  addSetupCommands(root);
  addProjectCommands(root);
  addDataCommands(root);
  addContributeCommand(root);
  addValidateCommand(root);
  addPaymentCommands(root);
  addAskCommand(root);
  addDisputeCommands(root);
  addVoteCommands(root);
  addTokenCommands(root);
  addWorkCommands(root);
  addServeCommand(root);
  addCheckingCommands(root);
  addAuditCommand(root);
  addDeployCommand(root);
  addExplainCommand(root);
  addExportCommand(root);
  return root;
}

/** Runs one call, as `process.argv` has it; sets the process's exit code and never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  const root = program();
  const json = argv.includes("--json");
  // It may stand anywhere in a call.
  const [node = "", tool = "", ...rest] = argv;
  const call = json ? ["--json", ...rest.filter((word) => word !== "--json")] : rest;
  try {
    await root.parseAsync([node, tool, ...call]);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
      if (json && error.exitCode !== 0)
        process.stdout.write(plainJson({ ok: false, error: error.code, message: error.message }));
      // Commander has printed what its parser found; what a command finds later, nobody has.
      else if (error instanceof InvalidArgumentError)
        process.stderr.write(`\nerror: ${error.message}\n(add --help for what this command takes)\n`);
      return;
    }
    const told = describeError(error);
    process.exitCode = told.exit;
    if (json) process.stdout.write(plainJson({ ok: false, error: told.name, message: told.message }));
    else process.stderr.write(`\n${told.name}: ${told.message}\n`);
  }
}

// The launcher starts it through start.ts; a test calls `main` in its own process.
if (import.meta.main) await main(process.argv);
