/**
 * The worker that checks: the code of `quittance verify`, in a thread of its own so that the page stays
 * awake. It asks the network for nothing; a test holds it.
 *
 * A run that a later one replaces is given up before its next proof. For that the worker has to hear of the
 * later one, hence the pause between proofs.
 */
import {
  type Check,
  checkMark,
  type EpochBundle,
  parseBundle,
  parseReceipt,
  parseVerifyingKeys,
  receiptChecks,
  verifyBundle,
} from "../../../pipeline/browser.ts";
import type { GivenFile, Report, Request, Subject, Task } from "./messages.ts";

let newest = 0;

addEventListener("message", ({ data }: MessageEvent<Request>) => {
  const { run, task } = data;
  if (task.kind === "warm") {
    tell({ run, kind: "ready" });
    return;
  }
  newest = run;
  const started = performance.now();
  const work = task.kind === "bundle" ? checkBundle(run, task) : checkReceipt(run, task);
  work.then(
    (checks) => {
      const ok = checks.every((check) => check.ok);
      tell({ run, kind: "end", ok, milliseconds: performance.now() - started });
    },
    (error: unknown) => {
      if (error instanceof ReplacedError) return;
      tell({ run, kind: "unreadable", message: error instanceof Error ? error.message : String(error) });
    },
  );
});

function tell(report: Report): void {
  postMessage(report);
}

function tellCheck(run: number, check: Check): void {
  tell({ run, kind: "check", check: { ...check, mark: checkMark(check) } });
}

async function checkBundle(run: number, task: Extract<Task, { kind: "bundle" }>): Promise<Check[]> {
  const bundle = bundleOf(task.file);
  const keys = await parseVerifyingKeys(task.keys);
  tell({ run, kind: "subject", subject: subjectOf(bundle), insecure: keys.manifest.insecure });
  return verifyBundle(bundle, keys, {
    onCheck: (check) => tellCheck(run, check),
    onProof: async (name, done, total) => {
      tell({ run, kind: "proof", name, done, total });
      await new Promise((resolve) => setTimeout(resolve));
      if (run !== newest) throw new ReplacedError();
    },
  });
}

async function checkReceipt(run: number, task: Extract<Task, { kind: "receipt" }>): Promise<Check[]> {
  const receipt = parseReceipt(textOf(task.file), task.file.name);
  const { content, bundle } = task;
  tell({
    run,
    kind: "subject",
    insecure: false,
    subject: [
      ["model", receipt.modelId],
      ["epoch", String(receipt.epoch)],
      ["answer", `class ${receipt.opening.answer}`],
      ["fee units", String(receipt.feeUnits)],
      ["payer", receipt.payer],
      ["due by", new Date(receipt.dueBy * 1_000).toISOString().slice(0, 16).replace("T", " ")],
    ],
  });
  const checks = receiptChecks(receipt, {
    ...(content === undefined ? {} : { content: content.bytes }),
    ...(bundle === undefined ? {} : { bundle: bundleOf(bundle), where: bundle.name }),
  });
  for (const check of checks) tellCheck(run, check);
  return checks;
}

function subjectOf(bundle: EpochBundle): Subject {
  const answers = bundle.inference.reduce((sum, { receipts }) => sum + receipts.length, 0);
  const proofs = bundle.inference.length + bundle.weights.length + 1;
  const training = bundle.training;
  const trained = training === null ? 0 : training.samples.length + training.contributors.length + 1;
  return [
    ["model", bundle.model.id],
    ["epoch", String(bundle.epoch)],
    ["chain", String(bundle.chainId)],
    ["answers", String(answers)],
    ["contributors", String(bundle.model.contributors.length)],
    ["proofs", String(proofs + trained)],
  ];
}

function bundleOf(file: GivenFile): EpochBundle {
  let json: unknown;
  try {
    json = JSON.parse(textOf(file));
  } catch {
    json = undefined;
  }
  return parseBundle(json, file.name);
}

function textOf({ bytes }: GivenFile): string {
  return new TextDecoder().decode(bytes);
}

/** Somebody has given us something else to check. */
class ReplacedError extends Error {
  override readonly name = "Verify.Replaced";
}
