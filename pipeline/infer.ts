/**
 * Paid answers from the command line. A query is answered only on a voucher of its payer: one signature that
 * says what the payer owes the model in all, backed by a deposit that no withdrawal takes away before it can
 * be charged. Voucher and receipt are on the disk before the answer is handed out (answering.ts).
 *
 * On a local chain the payers' wallets are derived from the project's secret: they sign here, and a deposit
 * that falls short is topped up with play money. Elsewhere a payer sends its voucher along.
 */
import { randomBytes } from "node:crypto";
import type { Profile } from "../prover/index.ts";
import { type Answering, BATCH, openAnswering, type PaidQuestion } from "./answering.ts";
import type { Ui } from "./cli/ui.ts";
import { DUE_SECONDS } from "./due.ts";
import { checksumAddress } from "./engine/ethers.ts";
import { voucherConsent } from "./payments/consent.ts";
import { type SignedVoucher, signVoucher, voucherProblems, voucherSigner } from "./payments/vouchers.ts";
import type { Project } from "./project.ts";
import { writeCopy } from "./receipt-store.ts";
import type { Receipt } from "./receipts.ts";
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

/** How long vouchers that are signed here can be redeemed. */
const VOUCHER_SECONDS = 365 * 86_400;

/** An answer: its receipt and where the payer's copy lies. */
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
  for (const { feeUnits } of queries) checkFee(feeUnits, session.profile);
  const answering = await openAnswering({ project, session, notice: (line) => ui.line(line) });
  try {
    if (queries.length > answering.room()) throw new EpochFullError(answering.room(), project.folder);
    checkRequests(
      answering,
      queries.flatMap(({ requestId }) => requestId ?? []),
    );
    const { backbone } = answering;
    if (text !== undefined && text !== backbone.text) throw new WrongQuestionsError(backbone.text);
    const payers = await ui.step("Payers' deposits and vouchers", () =>
      authorised({ session, answering, queries, vouchers }),
    );
    const paid = queries.map(({ content, payer, feeUnits, requestId }): PaidQuestion => {
      const { address, voucher } = payers.get(payer) as Payer;
      const id = requestId ?? `0x${randomBytes(32).toString("hex")}`;
      return { requestId: id, content, payer: address, feeUnits, voucher };
    });
    return await ui.step(`Answer ${queries.length} paid queries`, async (report) => {
      const answers: Answer[] = [];
      for (let start = 0; start < paid.length; start += BATCH) {
        report(start, paid.length);
        for (const { receipt, place } of await answering.answer(paid.slice(start, start + BATCH)))
          answers.push({ receipt, path: writeCopy(place.folder, receipt) });
      }
      return answers;
    });
  } finally {
    await answering.close();
  }
}

/** Throws {@link FeeError} for a fee that the circuit does not take. */
export function checkFee(feeUnits: number, profile: Profile): void {
  if (!Number.isInteger(feeUnits) || feeUnits < 1 || feeUnits >= 2 ** profile.feeBits)
    throw new FeeError(feeUnits, profile.feeBits);
}

/**
 * Payers by label, each with a voucher for all that it owes: what epochs have charged, what receipts in no
 * charge cost, and what is asked now.
 */
async function authorised(of: {
  readonly session: Session;
  readonly answering: Answering;
  readonly queries: readonly Query[];
  readonly vouchers: ReadonlyMap<string, SignedVoucher>;
}): Promise<Map<string, Payer>> {
  const { session, answering, queries } = of;
  const { model, ledger } = answering;
  const now = BigInt(await ledger.time());
  const at = { chainId: session.chain.chainId, vault: session.deployment.vault };
  const payers = new Map<string, Payer>();
  for (const label of new Set(queries.map((query) => query.payer))) {
    const given = of.vouchers.get(label);
    if (given === undefined && session.chain.kind !== "local") throw new VoucherMissingError(label);
    const address =
      given === undefined
        ? (await session.wallet(`payer/${label}`)).address
        : checksumAddress(given.payer.toLowerCase());
    await ledger.load(address, 0);
    const units = queries.reduce((sum, query) => sum + (query.payer === label ? query.feeUnits : 0), 0);
    const fee = BigInt(units) * model.feeUnitWei;
    const before = ledger.owed(address);
    const voucher =
      given ?? (await playVoucher(session, answering, label, before + fee, now + BigInt(VOUCHER_SECONDS)));
    await ledger.load(address, 0);
    const signer = voucherSigner(at, voucher);
    const hasCode = ledger.hasCode(address);
    const problems = voucherProblems({
      voucher,
      consent: await voucherConsent({ chain: session.chain, at, voucher, signer, hasCode }),
      operator: session.operator.address,
      model: model.id,
      before,
      fee,
      channel: ledger.channel(address),
      now,
      chargedBy: now + BigInt(DUE_SECONDS),
    });
    if (problems.length > 0) throw new VoucherRefusedError(label, problems);
    payers.set(label, { address, voucher });
  }
  return payers;
}

/** A derived payer of a local chain deposits what is missing and signs. */
async function playVoucher(
  session: Session,
  { model }: Answering,
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
function checkRequests({ find }: Answering, chosen: readonly string[]): void {
  const seen = new Set<string>();
  for (const requestId of chosen) {
    const id = requestId.toLowerCase();
    if (find(id) !== undefined || seen.has(id)) throw new RequestTwiceError(requestId);
    seen.add(id);
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
