/**
 * The core that answers: one open model, for the command line and for the service alike.
 *
 * What it needs of the project is read once, when it is opened: weights, backbone, the open epoch's number,
 * and the receipts of the epochs that are not on chain, for what payers owe and what is due. Which requests
 * were ever answered is on the disk, in an index. So neither memory nor the time to open depends on how much
 * was answered before. From then on it is the only one who adds (the project's lock sees to that), and
 * nothing is read again for a request but its key in the index.
 *
 * A batch of questions is one run of the backbone, one round of signatures and one line of the epoch's
 * journal with one flush. It is answered when that line is on the disk, as a whole or not at all: a crash
 * leaves no gap, no duplicate, and no answer without the voucher that pays for it. Batches and sealing take
 * turns, so an epoch is closed between two batches and the next answer is the first of the next epoch.
 */
import type { Profile } from "../prover/index.ts";
import type { Backbone } from "./backbone/backbone.ts";
import { currentModel, type ModelState } from "./commit.ts";
import { DUE_SECONDS, type Dues } from "./due.ts";
import { bytesOfHex } from "./engine/secp256k1.ts";
import { answer } from "./model/model.ts";
import { openBooks } from "./open-books.ts";
import { enter } from "./payments/book.ts";
import type { Ledger } from "./payments/ledger.ts";
import { type Seal, type SignTask, signReceipts } from "./payments/signing.ts";
import type { SignedVoucher } from "./payments/vouchers.ts";
import type { Project } from "./project.ts";
import { type AnswerPlace, openEpoch } from "./receipt-store.ts";
import { contentDigest, type Receipt } from "./receipts.ts";
import { openRequestIndex } from "./request-index.ts";
import { type SealedEpoch, sealEpoch, sealFull, waitingEpochs } from "./seal.ts";
import type { Session } from "./session.ts";

/** Contents in one run of the backbone, and answers in one line of the journal. */
export const BATCH = 64;

/** Sealed epochs are counted again after this long: settling makes them fewer. */
const COUNT_MS = 1_000;

/** A question that is paid for. */
export type PaidQuestion = {
  /** 32 bytes in hex; never used before. */
  readonly requestId: string;
  readonly content: Uint8Array;
  /** The payer's address. */
  readonly payer: string;
  readonly feeUnits: number;
  /** Covers all that the payer owes with this answer; absent where one of the same batch does. */
  readonly voucher?: SignedVoucher;
  /** Whether the fee was reserved in the ledger. */
  readonly reserved?: boolean;
};

/** Makes leaves and signatures of a batch. */
export type SignAll = (task: SignTask) => Promise<readonly Seal[]>;

/** An answer that is on the disk. */
export type Answered = { readonly receipt: Receipt; readonly place: AnswerPlace };

/** An open core. */
export type Answering = {
  readonly model: ModelState;
  readonly profile: Profile;
  readonly backbone: Backbone;
  readonly ledger: Ledger;
  /** When the epochs of this model's receipts are due. */
  readonly dues: Dues;
  readonly epoch: () => number;
  /** Receipts of the open epoch, and how many more it can be proven with. */
  readonly count: () => number;
  readonly room: () => number;
  /** Where a request's answer is, of any model and epoch of the project. */
  readonly find: (requestId: string) => AnswerPlace | undefined;
  /** Answers a batch, in order. Nothing of it is answered when this throws. */
  answer(batch: readonly PaidQuestion[]): Promise<Answered[]>;
  /** Class of a content, with nothing kept: for measuring what receipts cost. */
  peek(contents: readonly Uint8Array[]): Promise<number[]>;
  /** Closes the open epoch between two batches, or finds the one that is not settled. */
  seal(): Promise<SealedEpoch>;
  /** How many epochs are sealed and not settled; a look at the disk, at most once a second. */
  readonly waiting: () => number;
  /** Seals the epoch because it is full, and opens the next, while earlier ones may wait to be settled. */
  sealFull(): Promise<void>;
  /** Waits for what is in hand. */
  close(): Promise<void>;
};

/** Opens the core of a project's model. */
export async function openAnswering(of: {
  readonly project: Project;
  readonly session: Session;
  readonly notice?: (text: string) => void;
  /** Signs receipts; here and one by one unless told otherwise. */
  readonly signAll?: SignAll;
}): Promise<Answering> {
  const { project, session, notice = () => {} } = of;
  const { profile, operator, contracts } = session;
  const signAll = of.signAll ?? (async (task) => signReceipts(task));
  const signedHere = {
    key: bytesOfHex(operator.privateKey),
    profile: profile.name,
    chainId: session.chain.chainId,
    epochs: session.deployment.epochs,
  };
  const model = currentModel(project);
  const most = (await contracts.epochBatches()) * profile.queries;
  const index = await openRequestIndex(project, notice);
  const opened = await openBooks({ project, session, model, index, notice }).catch(async (error) => {
    await index.close();
    throw error;
  });
  const { ledger, dues, book, backbone, storeOf } = opened;
  let { epoch, store } = opened;
  let last: Promise<unknown> = Promise.resolve();
  let sealed: Promise<unknown> = last;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  let counted: { readonly waiting: number; readonly at: number } | undefined;
  /** Batches before it are in the old epoch, batches after it wait until the new one is open. */
  const betweenBatches = <T>(work: () => Promise<T>): Promise<T> => {
    const result = inTurn(work);
    sealed = result.catch(() => {});
    return result;
  };
  const nextStore = async (): Promise<void> => {
    const next = openEpoch(project, model);
    if (next === epoch) return;
    counted = undefined;
    await index.flush().catch((error: Error) => notice(error.message));
    await store.close();
    epoch = next;
    store = await storeOf(epoch);
  };
  const classes = async (contents: readonly Uint8Array[]) => {
    const features = await backbone.features(contents);
    return contents.map((_, index) => {
      const h = Int8Array.from(features.subarray(index * profile.d, (index + 1) * profile.d));
      return { features: h, answer: answer(model.w, h, profile).klass };
    });
  };
  /** All that can be done before it is a batch's turn: several batches are prepared at a time. */
  const prepare = async (batch: readonly PaidQuestion[]): Promise<Array<Omit<Receipt, "sequence">>> => {
    const dueBy = (await ledger.time()) + DUE_SECONDS;
    // Not a stored job: a question is new, and its features are in its receipt.
    const found = await classes(batch.map(({ content }) => content));
    const issuedAt = new Date().toISOString();
    const open = batch.map(({ requestId, content, payer, feeUnits }, index) => ({
      modelId: model.id,
      unproven: model.unproven,
      epoch,
      requestId,
      payer,
      feeUnits,
      dueBy,
      opening: {
        ...(found[index] as (typeof found)[number]),
        digest: contentDigest(content),
        salt: project.secrets.salt(`query/${model.id}/${epoch}/${requestId}`),
      },
    }));
    const seals = await signAll({ ...signedHere, receipts: open });
    return open.map((rest, index) => ({
      format: "quittance-receipt/2" as const,
      profile: profile.name,
      chainId: session.chain.chainId,
      epochs: session.deployment.epochs,
      operator: operator.address,
      issuedAt,
      backbone: model.backbone,
      ...rest,
      ...(seals[index] as Seal),
    }));
  };
  const keep = async (
    batch: readonly PaidQuestion[],
    prepared: ReadonlyArray<Omit<Receipt, "sequence">>,
  ): Promise<Answered[]> => {
    const receipts = prepared.map((rest, index) => ({ ...rest, sequence: store.count() + index }));
    const vouchers = new Map<string, SignedVoucher>();
    enter(
      vouchers,
      batch.flatMap(({ voucher }) => voucher ?? []),
    );
    const kept = await store.append({
      answers: receipts.map((receipt, index) => ({
        receipt,
        question: batch[index]?.content ?? new Uint8Array(),
      })),
      vouchers: [...vouchers.values()],
    });
    enter(book, [...vouchers.values()]);
    index.add(receipts.map(({ requestId }, at) => ({ requestId, place: kept[at] as AnswerPlace })));
    return receipts.map((receipt, index) => {
      const place = kept[index] as AnswerPlace;
      ledger.answered(receipt, batch[index]?.reserved === true);
      dues.add(receipt);
      return { receipt, place };
    });
  };
  return {
    model,
    profile,
    backbone,
    ledger,
    dues,
    epoch: () => epoch,
    count: () => store.count(),
    room: () => most - store.count(),
    find: index.find,
    answer(batch) {
      const prepared = sealed.then(() => prepare(batch));
      // Heard of in its turn; until then a failure is nobody's.
      prepared.catch(() => {});
      return inTurn(async () => keep(batch, await prepared));
    },
    peek: async (contents) => (await classes(contents)).map((one) => one.answer),
    seal: () =>
      betweenBatches(async () => {
        const found = sealEpoch(project, model);
        await nextStore();
        return found;
      }),
    waiting() {
      if (counted === undefined || Date.now() - counted.at > COUNT_MS)
        counted = { waiting: waitingEpochs(project, model, epoch), at: Date.now() };
      return counted.waiting;
    },
    sealFull: () =>
      betweenBatches(async () => {
        if (store.count() === 0) return;
        sealFull(project, model, { receipts: store.count(), vouchers: book });
        await nextStore();
      }),
    close: () =>
      inTurn(async () => {
        await store.close();
        await index.close();
        await backbone.close();
      }),
  };
}
