/** Commands that change nothing: verify and doctor. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { loadKeys, loadProfile } from "../../prover/index.ts";
import { parseBundle } from "../bundle.ts";
import { runDoctor } from "../doctor.ts";
import { keysFolder } from "../environment.ts";
import { checkReceipt, parseReceipt, type Receipt } from "../receipts.ts";
import { type Check, verifyBundle } from "../verify.ts";
import { EXIT, plainJson } from "./output.ts";

/** Adds the commands to the tree. */
export function addCheckingCommands(root: Command): void {
  root
    .command("verify")
    .description("check an epoch's bundle, or a receipt, offline")
    .argument("<file>", "a bundle (epoch-N.json) or a receipt")
    .option("--keys <folder>", "the verifying keys (default: the local keys in the cache, or QUITTANCE_KEYS)")
    .option("--content <file>", "with a receipt: the content that was asked about")
    .option("--bundle <file>", "with a receipt: the epoch that must contain it")
    .addHelpText(
      "after",
      `
Every line says what kind of assurance it is: proven, reproducible, attested or governed; "open" is not claimed.
Exits with 0 only if nothing is in doubt.

Examples:
  quittance verify out/epoch-1.json
  quittance verify shop/receipts/…/1/000003.json --bundle out/epoch-1.json
`,
    )
    .action(async (file: string, options: VerifyOptions, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      const text = readFileSync(file, "utf8");
      const checks = looksLikeReceipt(text)
        ? checkReceiptFile(text, file, options)
        : await checkBundleFile(text, file, options);
      const ok = checks.every((check) => check.ok);
      if (!ok) process.exitCode = EXIT.doubt;
      const end = ok ? "Nothing is in doubt." : "NOT VERIFIED: do not rely on this file.";
      process.stdout.write(json ? plainJson({ ok, checks }) : `${checkLines(checks)}\n${end}\n`);
    });

  root
    .command("doctor")
    .description("look at this machine: versions, engines, disk, memory, cached circuits and keys")
    .addHelpText("after", "\nExample:\n  quittance doctor\n")
    .action(async (_options: unknown, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      const findings = await runDoctor();
      const ok = findings.every((finding) => finding.level !== "bad");
      if (!ok) process.exitCode = EXIT.doubt;
      const mark = { good: "✓", note: "•", bad: "✗" } as const;
      const lines = findings.map((finding) => `  ${mark[finding.level]} ${finding.subject}: ${finding.text}`);
      process.stdout.write(json ? plainJson({ ok, findings }) : `${lines.join("\n")}\n`);
    });
}

/** Checked lines for a terminal, each with its word. */
export function checkLines(checks: readonly Check[]): string {
  return checks
    .map((check) => `  ${check.ok ? "✓" : "✗"} ${check.assurance.padEnd(12)} ${check.name}: ${check.detail}`)
    .join("\n");
}

type VerifyOptions = { readonly keys?: string; readonly content?: string; readonly bundle?: string };

function looksLikeReceipt(text: string): boolean {
  return text.includes('"quittance-receipt/2"');
}

async function checkBundleFile(text: string, file: string, options: VerifyOptions): Promise<Check[]> {
  if (options.content !== undefined || options.bundle !== undefined) {
    throw new InvalidArgumentError("--content and --bundle belong to a receipt; this file is a bundle.");
  }
  const bundle = parseBundle(parseJson(text), file);
  return verifyBundle(bundle, await loadKeys(options.keys ?? keysFolder(bundle.profile)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function checkReceiptFile(text: string, file: string, options: VerifyOptions): Check[] {
  const receipt = parseReceipt(text, file);
  const content = options.content === undefined ? undefined : readFileSync(options.content);
  const wrong = checkReceipt(receipt, loadProfile(receipt.profile), content);
  const checks: Check[] = [
    {
      name: "receipt",
      assurance: "attested",
      ok: wrong.length === 0,
      detail:
        wrong.join("; ") ||
        `signed by ${receipt.operator}: answer ${receipt.opening.answer} for ${receipt.feeUnits} fee units`,
    },
    {
      name: "features",
      assurance: "reproducible",
      ok: true,
      detail: `recompute them from the content with backbone ${receipt.backbone}`,
    },
  ];
  if (receipt.unproven) {
    const detail = "UNPROVEN MODEL: that its batches made it is committed, not proven";
    checks.push({ name: "training", assurance: "open", ok: true, detail });
  }
  if (options.bundle !== undefined) checks.push(inclusion(receipt, options.bundle));
  return checks;
}

function inclusion(receipt: Receipt, file: string): Check {
  const bundle = parseBundle(parseJson(readFileSync(file, "utf8")), file);
  const found = bundle.inference.some((batch) =>
    batch.receipts.some(
      (entry) => entry.requestId === receipt.requestId && BigInt(entry.leaf) === receipt.leaf,
    ),
  );
  const same = bundle.model.id === receipt.modelId && bundle.epoch === receipt.epoch;
  return {
    name: "inclusion",
    assurance: "attested",
    ok: found && same,
    detail:
      found && same
        ? `listed in ${file}; verify that bundle too`
        : `not in ${file}: keep the receipt, it shows what was left out`,
  };
}
