/** Commands that change nothing: verify and doctor. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError } from "commander";
import { loadKeys } from "../../prover/index.ts";
import { backboneHash, openBackbone } from "../backbone/backbone.ts";
import { type EpochBundle, parseBundle } from "../bundle.ts";
import { checkMark } from "../check-mark.ts";
import { runDoctor } from "../doctor.ts";
import { keysFolder } from "../environment.ts";
import { looksLikeReceipt, parseReceipt, type Receipt } from "../receipts.ts";
import { type Check, verifyBundle } from "../verify.ts";
import { receiptChecks } from "../verify-receipt.ts";
import { EXIT, plainJson } from "./output.ts";

/** Adds the commands to the tree. */
export function addCheckingCommands(root: Command): void {
  root
    .command("verify")
    .description("check an epoch's bundle, or a receipt, offline")
    .argument("<file>", "a bundle (epoch-N.json) or a receipt")
    .option("--keys <folder>", "the verifying keys (default: the local keys in the cache, or QUITTANCE_KEYS)")
    .option("--content <file>", "with a receipt: the content that was asked about")
    .option("--backbone <file>", "with a receipt and its content: recompute the features with this file")
    .option("--bundle <file>", "with a receipt: the epoch that must contain it")
    .addHelpText(
      "after",
      `
Every line says what kind of assurance it is: proven, reproducible, attested or governed; "open" is not claimed. A line
with ○ was not checked: the file does not hold what it takes, and the line says who does.
Exits with 0 only if nothing is in doubt.

Examples:
  quittance verify out/epoch-1.json
  quittance verify shop/receipts/…/1/000003.json --bundle out/epoch-1.json
  quittance verify RECEIPT --content question.txt --backbone out/backbone-83e82c9a14d1934b.onnx
`,
    )
    .action(async (file: string, options: VerifyOptions, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      const text = readFileSync(file, "utf8");
      const checks = looksLikeReceipt(text)
        ? await checkReceiptFile(text, file, options)
        : await checkBundleFile(text, file, options);
      const ok = checks.every((check) => check.ok);
      if (!ok) process.exitCode = EXIT.doubt;
      const end = ok ? "Nothing is in doubt." : "NOT VERIFIED: do not rely on this file.";
      process.stdout.write(json ? plainJson({ ok, checks }) : `${checkLines(checks)}\n${end}\n`);
    });

  root
    .command("doctor")
    .description("look at this machine: versions, engines, disk, memory, cached circuits and keys")
    .option("-p, --project <folder>", "look at this project too: when its epochs must be on chain")
    .addHelpText(
      "after",
      `
Exits with 1 if commands will fail, or if an epoch of the project is overdue: each of its receipts can cost bond.

Examples:
  quittance doctor
  quittance doctor --project shop
`,
    )
    .action(async (options: { project?: string }, command: Command) => {
      const json = command.optsWithGlobals<{ json?: boolean }>().json === true;
      const findings = await runDoctor(options);
      const ok = findings.every((finding) => finding.level !== "bad");
      if (!ok) process.exitCode = EXIT.doubt;
      const mark = { good: "✓", note: "•", bad: "✗" } as const;
      const lines = findings.map((finding) => `  ${mark[finding.level]} ${finding.subject}: ${finding.text}`);
      process.stdout.write(json ? plainJson({ ok, findings }) : `${lines.join("\n")}\n`);
    });
}

/** Checked lines for a terminal, each with its word; ○ where nothing was there to check. */
export function checkLines(checks: readonly Check[]): string {
  return checks
    .map((check) => `  ${checkMark(check)} ${check.assurance.padEnd(12)} ${check.name}: ${check.detail}`)
    .join("\n");
}

type VerifyOptions = {
  readonly keys?: string;
  readonly content?: string;
  readonly backbone?: string;
  readonly bundle?: string;
};

async function checkBundleFile(text: string, file: string, options: VerifyOptions): Promise<Check[]> {
  const { content, backbone, bundle: other } = options;
  if (content !== undefined || backbone !== undefined || other !== undefined) {
    throw new InvalidArgumentError(
      "--content, --backbone and --bundle belong to a receipt; this file is a bundle.",
    );
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

async function checkReceiptFile(text: string, file: string, options: VerifyOptions): Promise<Check[]> {
  const receipt = parseReceipt(text, file);
  const { content, backbone, bundle } = options;
  const asked = content === undefined ? undefined : readFileSync(content);
  if (backbone !== undefined && asked === undefined)
    throw new InvalidArgumentError("--backbone needs the content that was asked about: add --content FILE.");
  const checks = receiptChecks(receipt, {
    ...(asked === undefined ? {} : { content: asked }),
    ...(bundle === undefined ? {} : { bundle: readOther(bundle), where: bundle }),
  });
  if (backbone === undefined || asked === undefined) return checks;
  const recomputed = await featureCheck(receipt, asked, readFileSync(backbone));
  return checks.map((check) => (check.name === recomputed.name ? recomputed : check));
}

/** Features of a content, recomputed by the backbone that the receipt names. Throws BackboneContentError. */
async function featureCheck(receipt: Receipt, content: Uint8Array, onnx: Uint8Array): Promise<Check> {
  const line = (ok: boolean, detail: string): Check => ({
    ...{ name: "features", assurance: "reproducible", ok, detail },
  });
  if (backboneHash(onnx) !== receipt.backbone)
    return line(false, `the file is backbone ${backboneHash(onnx)}, the receipt names ${receipt.backbone}`);
  const backbone = await openBackbone(onnx);
  try {
    const features = await backbone.features([content]);
    return Buffer.compare(Buffer.from(features), Buffer.from(receipt.opening.features)) === 0
      ? line(true, "recomputed from the content, and the same")
      : line(false, "the backbone makes other features of this content");
  } finally {
    await backbone.close();
  }
}

function readOther(file: string): EpochBundle {
  return parseBundle(parseJson(readFileSync(file, "utf8")), file);
}
