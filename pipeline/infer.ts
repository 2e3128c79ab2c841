/**
 * Paid answers. A query is answered only if its payer's deposit covers it together with everything that the
 * same payer owes in the open epoch; the receipt is on the disk before the answer is handed out.
 *
 * On a local chain the payer's wallet is derived from the project's secret, and a deposit that falls short is
 * topped up.
 */
import { randomBytes } from "node:crypto";
import { recordLeaf } from "../prover/index.ts";
import { openBackbone } from "./backbone/backbone.ts";
import type { Ui } from "./cli/ui.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { keepQuestion } from "./contents.ts";
import { answer } from "./model/model.ts";
import type { Project } from "./project.ts";
import { keptBackbone } from "./project-backbone.ts";
import {
  contentDigest,
  keepReceipt,
  type Receipt,
  readReceipts,
  receiptsFolder,
  signReceipt,
} from "./receipts.ts";
import type { Session } from "./session.ts";

/** A question and who pays how much for its answer. */
export type Query = {
  readonly content: Uint8Array;
  /** Label of the payer's wallet. */
  readonly payer: string;
  readonly feeUnits: number;
  /** 32 bytes in hex, chosen by the payer; random when absent. */
  readonly requestId?: string;
};

/** An answer: its receipt and where the receipt lies. */
export type Answer = { readonly receipt: Receipt; readonly path: string };

/**
 * Answers queries in order. Throws {@link DepositTooSmallError}, {@link FeeError}, {@link
 * WrongQuestionsError} before anything is answered.
 */
export async function answerQueries({
  project,
  session,
  queries,
  ui,
  text,
}: {
  readonly project: Project;
  readonly session: Session;
  readonly queries: readonly Query[];
  readonly ui: Ui;
  /** Whether the questions are texts, where the caller knows: the backbone must read the same. */
  readonly text?: boolean;
}): Promise<Answer[]> {
  const model = currentModel(project);
  const { profile } = session;
  for (const { feeUnits } of queries) {
    if (!Number.isInteger(feeUnits) || feeUnits < 1 || feeUnits >= 2 ** profile.feeBits)
      throw new FeeError(feeUnits, profile.feeBits);
  }
  const epoch = openEpoch(project, model);
  const folder = receiptsFolder(project.folder, model.id, epoch);
  const before = readReceipts(folder);
  const payers = await ui.step("Payers' deposits", () => coverDeposits(session, model, queries, before));
  const backbone = await openBackbone(keptBackbone(project, model.backbone));
  try {
    if (text !== undefined && text !== backbone.text) throw new WrongQuestionsError(backbone.text);
    // Not a stored job: a question is new, and its features are in its receipt.
    const features = await backbone.features(queries.map((query) => query.content));
    return await ui.step(`Answer ${queries.length} paid queries`, async (report) => {
      const answers: Answer[] = [];
      for (const [index, query] of queries.entries()) {
        report(index, queries.length);
        const h = features.subarray(index * profile.d, (index + 1) * profile.d);
        const requestId = query.requestId ?? `0x${randomBytes(32).toString("hex")}`;
        if (before.some((receipt) => receipt.requestId === requestId)) throw new RequestTwiceError(requestId);
        const opening = {
          features: Int8Array.from(h),
          answer: answer(model.w, h, profile).klass,
          digest: contentDigest(query.content),
          salt: project.secrets.salt(`query/${model.id}/${epoch}/${requestId}`),
        };
        const record = {
          features: opening.features,
          klass: opening.answer,
          digest: opening.digest,
          salt: opening.salt,
          weight: query.feeUnits,
        };
        const receipt = await signReceipt(session.operator.privateKey, {
          format: "quittance-receipt/1",
          profile: profile.name,
          chainId: session.chain.chainId,
          epochs: session.deployment.epochs,
          operator: session.operator.address,
          sequence: before.length + index,
          issuedAt: new Date().toISOString(),
          backbone: model.backbone,
          modelId: model.id,
          unproven: model.unproven,
          epoch,
          requestId,
          payer: payers.get(query.payer) ?? "",
          feeUnits: query.feeUnits,
          leaf: recordLeaf(record, profile),
          opening,
        });
        keepQuestion(project, receipt, query.content);
        answers.push({ receipt, path: keepReceipt(folder, receipt) });
      }
      return answers;
    });
  } finally {
    await backbone.close();
  }
}

/** The number of the epoch that takes new receipts: the one after the last that was closed. */
export function openEpoch(project: Project, model: ModelState): number {
  return project.listState(`epochs/${model.id.slice(2, 18)}`).length + 1;
}

/** Makes sure that every payer's deposit covers old and new fees of the epoch; returns addresses by label. */
async function coverDeposits(
  session: Session,
  model: ModelState,
  queries: readonly Query[],
  before: readonly Receipt[],
): Promise<Map<string, string>> {
  const addresses = new Map<string, string>();
  for (const label of new Set(queries.map((query) => query.payer))) {
    const wallet = await session.wallet(`payer/${label}`);
    addresses.set(label, wallet.address);
    const mine = queries
      .filter((query) => query.payer === label)
      .reduce((sum, query) => sum + query.feeUnits, 0);
    const open = before
      .filter((receipt) => receipt.payer === wallet.address)
      .reduce((sum, receipt) => sum + receipt.feeUnits, 0);
    const neededWei = BigInt(mine + open) * model.feeUnitWei;
    const chargeableWei = await session.contracts.chargeable(model.id, wallet.address);
    if (chargeableWei >= neededWei) continue;
    if (session.chain.kind !== "local") throw new DepositTooSmallError(label, neededWei - chargeableWei);
    const mined = await session.contracts.deposit(wallet, model.id, neededWei - chargeableWei);
    session.record(`deposit ${label}`, mined);
  }
  return addresses;
}

/** Pixels asked of a model that reads texts, or texts of one that reads pixels. */
export class WrongQuestionsError extends Error {
  override readonly name = "Infer.WrongQuestions";
  constructor(text: boolean) {
    super(
      text
        ? 'This model reads texts: give the questions as a CSV or JSONL file with a column "text".'
        : "This model reads pixels, and the questions are texts: ask a model that was trained on texts.",
    );
  }
}

/** A fee outside what the circuit takes. */
export class FeeError extends Error {
  override readonly name = "Infer.Fee";
  constructor(feeUnits: number, bits: number) {
    super(`A fee of ${feeUnits} units is not possible: give a whole number from 1 to ${2 ** bits - 1}.`);
  }
}

/** The same request id again. */
export class RequestTwiceError extends Error {
  override readonly name = "Infer.RequestTwice";
  constructor(requestId: string) {
    super(`Request ${requestId} was answered before; its receipt is in the project. Use a new request id.`);
  }
}

/** A payer's deposit does not cover the fees. */
export class DepositTooSmallError extends Error {
  override readonly name = "Infer.DepositTooSmall";
  constructor(payer: string, missingWei: bigint) {
    super(
      `The deposit of "${payer}" is ${missingWei} wei short. Deposit that much for this model, then ask again.`,
    );
  }
}
