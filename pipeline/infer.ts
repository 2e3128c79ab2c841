/**
 * Paid answers. A query is answered only on a voucher of its payer: one signature that says what the payer
 * owes the model in all, backed by a deposit that no withdrawal takes away before it can be charged. Voucher
 * and receipt are on the disk before the answer is handed out.
 *
 * On a local chain the payers' wallets are derived from the project's secret: they sign here, and a deposit
 * that falls short is topped up with play money. Elsewhere a payer sends its voucher along.
 */
import { randomBytes } from "node:crypto";
import { recordLeaf } from "../prover/index.ts";
import { openBackbone } from "./backbone/backbone.ts";
import { chainTime } from "./chain/client.ts";
import type { Ui } from "./cli/ui.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { keepQuestion } from "./contents.ts";
import { featuresOf } from "./contribute.ts";
import { sameAddress } from "./engine/ethers.ts";
import { answer } from "./model/model.ts";
import { keepVouchers } from "./payments/book.ts";
import { type SignedVoucher, signVoucher, voucherProblems } from "./payments/vouchers.ts";
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

/** A payer that takes part: its address, and the voucher that covers what it owes now. */
type Payer = { readonly address: string; readonly voucher: SignedVoucher };

/** How long after an answer its epoch is committed at the latest. A bond covers two weeks. */
export const DUE_SECONDS = 7 * 86_400;
/** How long vouchers that are signed here can be redeemed. */
const VOUCHER_SECONDS = 365 * 86_400;

/** An answer: its receipt and where the receipt lies. */
export type Answer = { readonly receipt: Receipt; readonly path: string };

/**
 * Answers queries in order. Throws {@link FeeError}, {@link EpochFullError}, {@link RequestTwiceError},
 * {@link WrongQuestionsError}, {@link VoucherMissingError}, {@link VoucherRefusedError} before anything is
 * answered.
 *
 * @param vouchers by the payers' labels; on a local chain they are signed here
 */
export async function answerQueries({
  project,
  session,
  queries,
  ui,
  vouchers = new Map(),
  text,
}: {
  readonly project: Project;
  readonly session: Session;
  readonly queries: readonly Query[];
  readonly ui: Ui;
  readonly vouchers?: ReadonlyMap<string, SignedVoucher>;
  /** Whether the questions are texts, where the caller knows: the backbone must read the same. */
  readonly text?: boolean;
}): Promise<Answer[]> {
  const model = currentModel(project);
  const { profile } = session;
  for (const { feeUnits } of queries) {
    if (!Number.isInteger(feeUnits) || feeUnits < 1 || feeUnits >= 2 ** profile.feeBits)
      throw new FeeError(feeUnits, profile.feeBits);
  }
  const asked = queries.map((query) => ({
    ...query,
    requestId: query.requestId ?? `0x${randomBytes(32).toString("hex")}`,
  }));
  const epoch = openEpoch(project, model);
  const folder = receiptsFolder(project.folder, model.id, epoch);
  const before = readReceipts(folder);
  const room = (await session.contracts.epochBatches()) * profile.queries - before.length;
  if (queries.length > room) throw new EpochFullError(room, project.folder);
  checkRequests(
    project,
    model,
    epoch,
    queries.flatMap(({ requestId }) => requestId ?? []),
  );
  const backbone = await openBackbone(keptBackbone(project, model.backbone));
  try {
    if (text !== undefined && text !== backbone.text) throw new WrongQuestionsError(backbone.text);
    const payers = await ui.step("Payers' deposits and vouchers", () =>
      authorised({ project, session, model, queries, before, vouchers }),
    );
    keepVouchers(
      project,
      model.id,
      [...payers.values()].map(({ voucher }) => voucher),
    );
    const dueBy = (await chainTime(session.chain)) + DUE_SECONDS;
    // Not a stored job: a question is new, and its features are in its receipt.
    const features = await backbone.features(queries.map((query) => query.content));
    return await ui.step(`Answer ${queries.length} paid queries`, async (report) => {
      const answers: Answer[] = [];
      for (const [index, query] of asked.entries()) {
        report(index, queries.length);
        const { requestId } = query;
        const h = features.subarray(index * profile.d, (index + 1) * profile.d);
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
          format: "quittance-receipt/2",
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
          payer: payers.get(query.payer)?.address ?? "",
          feeUnits: query.feeUnits,
          leaf: recordLeaf(record, profile),
          dueBy,
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

/**
 * Payers by label, each with a voucher for all that it owes: what epochs have charged, what the open epoch's
 * receipts cost, and what is asked now.
 */
async function authorised(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
  readonly queries: readonly Query[];
  readonly before: readonly Receipt[];
  readonly vouchers: ReadonlyMap<string, SignedVoucher>;
}): Promise<Map<string, Payer>> {
  const { project, session, model, queries, before } = of;
  const now = BigInt(await chainTime(session.chain));
  const chargedBy = now + BigInt(DUE_SECONDS);
  const uncharged = [...(await sealedUncharged(project, session, model)), ...before];
  const payers = new Map<string, Payer>();
  for (const label of new Set(queries.map((query) => query.payer))) {
    const given = of.vouchers.get(label);
    if (given === undefined && session.chain.kind !== "local") throw new VoucherMissingError(label);
    const address = given?.payer ?? (await session.wallet(`payer/${label}`)).address;
    const { charged } = await session.contracts.channel(model.id, address);
    const units = (of: readonly { readonly feeUnits: number }[]): bigint =>
      BigInt(of.reduce((sum, { feeUnits }) => sum + feeUnits, 0));
    const open = units(uncharged.filter((receipt) => sameAddress(receipt.payer, address)));
    const fee = units(queries.filter(({ payer }) => payer === label)) * model.feeUnitWei;
    const owedBefore = charged + open * model.feeUnitWei;
    const voucher =
      given ?? (await playVoucher(session, model, label, owedBefore + fee, now + BigInt(VOUCHER_SECONDS)));
    const problems = voucherProblems({
      at: { chainId: session.chain.chainId, vault: session.deployment.vault },
      voucher,
      operator: session.operator.address,
      model: model.id,
      before: owedBefore,
      fee,
      channel: await session.contracts.channel(model.id, address),
      now,
      chargedBy,
    });
    if (problems.length > 0) throw new VoucherRefusedError(label, problems);
    payers.set(label, { address, voucher });
  }
  return payers;
}

/** Receipts of epochs that are sealed here and not committed on chain yet: owed, and in no charge. */
async function sealedUncharged(
  project: Project,
  session: Session,
  model: ModelState,
): Promise<readonly Receipt[]> {
  const committed = await session.contracts.epochCount(model.id);
  const receipts: Receipt[] = [];
  for (let epoch = committed + 1; epoch < openEpoch(project, model); epoch++)
    receipts.push(...readReceipts(receiptsFolder(project.folder, model.id, epoch)));
  return receipts;
}

/** A derived payer of a local chain deposits what is missing and signs. */
async function playVoucher(
  session: Session,
  model: ModelState,
  label: string,
  cumulative: bigint,
  expiry: bigint,
): Promise<SignedVoucher> {
  const wallet = await session.wallet(`payer/${label}`);
  const { charged } = await session.contracts.channel(model.id, wallet.address);
  const missing = cumulative - charged - (await session.contracts.available(model.id, wallet.address));
  if (missing > 0n) {
    await session.endow(wallet, missing);
    const mined = await session.contracts.deposit(wallet, model.id, missing);
    session.record(`deposit ${label}`, mined);
  }
  const at = { chainId: session.chain.chainId, vault: session.deployment.vault };
  const operator = session.operator.address;
  return await signVoucher(wallet, at, { operator, model: model.id, cumulative, expiry });
}

/**
 * Two receipts for one request cost the operator's bond, in whichever epochs they are: so a number that a
 * payer chose is looked for in all of them.
 */
function checkRequests(project: Project, model: ModelState, epoch: number, chosen: readonly string[]): void {
  if (chosen.length === 0) return;
  const seen = new Set<string>();
  for (let number = 1; number <= epoch; number++)
    for (const { requestId } of readReceipts(receiptsFolder(project.folder, model.id, number)))
      seen.add(requestId.toLowerCase());
  for (const requestId of chosen) {
    if (seen.has(requestId.toLowerCase())) throw new RequestTwiceError(requestId);
    seen.add(requestId.toLowerCase());
  }
}

/** More answers than an epoch can be proven with. */
export class EpochFullError extends Error {
  override readonly name = "Infer.EpochFull";
  constructor(room: number, folder: string) {
    super(
      `The open epoch takes ${room} more answers. Ask at most so many, or close it: quittance settle --project ${folder}`,
    );
  }
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

/** A payer on a chain that is not local sent no voucher. */
export class VoucherMissingError extends Error {
  override readonly name = "Infer.VoucherMissing";
  constructor(payer: string) {
    super(
      `"${payer}" signs its own vouchers on this chain. Ask for one ("quittance voucher") and pass it on with --voucher FILE.`,
    );
  }
}

/** A voucher that does not cover the answers. */
export class VoucherRefusedError extends Error {
  override readonly name = "Infer.VoucherRefused";
  constructor(payer: string, problems: readonly string[]) {
    super(
      `The voucher of "${payer}" is not good: ${problems.join("; ")} (amounts in the token's smallest unit). Ask for another one.`,
    );
  }
}
