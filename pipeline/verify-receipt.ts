/**
 * What a payer can check of a receipt by itself, line by line: the operator's signature, the opening, the
 * content that was asked about, and whether an epoch's bundle lists it.
 *
 * A receipt is worth what it says: *attested*. Its answer is proven once its epoch is, and for that the
 * bundle has to be verified too.
 */
import { loadProfile } from "../prover/browser.ts";
import type { EpochBundle } from "./bundle-format.ts";
import { checkReceipt, type Receipt } from "./receipts.ts";
import type { Check } from "./verify.ts";

/** What a receipt is held against besides itself. */
export type ReceiptEvidence = {
  /** The content that was asked about. */
  readonly content?: Uint8Array;
  /** The epoch that must list it, and what to call its file. */
  readonly bundle?: EpochBundle;
  readonly where?: string;
};

/** Checks a receipt. Every doubt is a line with `ok: false`. */
export function receiptChecks(receipt: Receipt, evidence: ReceiptEvidence = {}): Check[] {
  const wrong = checkReceipt(receipt, loadProfile(receipt.profile), evidence.content);
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
      elsewhere: true,
      detail: `recompute them from the content with backbone ${receipt.backbone}`,
    },
  ];
  if (receipt.unproven) {
    const detail = "UNPROVEN MODEL: that its batches made it is committed, not proven";
    checks.push({ name: "training", assurance: "open", ok: true, detail, elsewhere: true });
  }
  if (evidence.bundle !== undefined) {
    checks.push(inclusion(receipt, evidence.bundle, evidence.where ?? "the bundle"));
  }
  return checks;
}

/** Only the bundle of the receipt's own epoch can leave it out; what another one lists says nothing. */
function inclusion(receipt: Receipt, bundle: EpochBundle, where: string): Check {
  const line = (ok: boolean, detail: string): Check => ({
    ...{ name: "inclusion", assurance: "attested", ok, detail },
  });
  if (bundle.model.id !== receipt.modelId)
    return line(
      false,
      `${where} is of model ${bundle.model.id}, the receipt of model ${receipt.modelId}: give that one's bundle`,
    );
  if (bundle.epoch !== receipt.epoch)
    return line(
      false,
      `${where} is epoch ${bundle.epoch}, the receipt is of epoch ${receipt.epoch}: give that one's bundle`,
    );
  const found = bundle.inference.some((batch) =>
    batch.receipts.some(
      (entry) => entry.requestId === receipt.requestId && BigInt(entry.leaf) === receipt.leaf,
    ),
  );
  return found
    ? line(true, `listed in ${where}; verify that bundle too`)
    : line(false, `not in ${where}: keep the receipt, it shows what was left out`);
}
