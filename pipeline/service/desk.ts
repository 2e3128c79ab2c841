/**
 * Where requests wait, and how they become batches.
 *
 * While one batch is being answered, the next one gathers: nobody waits for a timer, and the busier it is,
 * the more share a run of the backbone and a flush of the disk. What is admitted is reserved at once, without
 * a pause in between: requests of one payer that arrive together are held against each other in the order of
 * their arrival, and none is answered on money that another one has spoken for.
 *
 * Everything is bounded: the queue, the batch, and the rate of each payer.
 */
import type { Answered, Answering, PaidQuestion } from "../answering.ts";
import { contentDigest, type Receipt } from "../receipts.ts";
import { receiptAt } from "../request-receipt.ts";
import type { SealedEpoch } from "../seal.ts";
import type { ServiceSettings } from "./context.ts";
import { busy, ServiceError } from "./errors.ts";
import { openBuckets } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Payment, Till } from "./payment.ts";

/** A request as the desk takes it. */
export type Asked = {
  readonly requestId: string;
  readonly content: Uint8Array;
  readonly payment: Payment;
  /** Where it came in, for a demand for payment. */
  readonly url: string;
};

/** An answer, and whether somebody had paid for it before. */
export type Served = { readonly receipt: Receipt; readonly replayed: boolean };

/** The desk of an open service. */
export type Desk = {
  /** Admits a request and answers it, or gives the answer that it has. Throws {@link ServiceError}. */
  ask(asked: Asked): Promise<Served>;
  /** Benchmarks only: the class of a content, on the same way without payment and receipt. */
  peek(content: Uint8Array): Promise<number>;
  /**
   * The answer that a request has. Throws {@link ServiceError} 409 where it was asked with another content.
   */
  replay(requestId: string, content: Uint8Array): Served | undefined;
  readonly depth: () => number;
  /** Answers that can be taken before the epoch is full. */
  readonly room: () => number;
  /** Closes the open epoch between two batches. */
  seal(): Promise<SealedEpoch>;
  /** Takes nothing new and waits for what is in hand. */
  drain(): Promise<void>;
};

type Waiting = {
  readonly question: PaidQuestion | undefined;
  readonly content: Uint8Array;
  readonly resolve: (answered: Answered | number) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * While one batch is signed, another is computed and a third is flushed; a small one is not worth a flush.
 */
const MOST_FLIGHTS = 3;
const WORTH_ANOTHER = 8;

/** Opens the desk. */
export function openDesk(of: {
  readonly answering: Answering;
  readonly till: Till;
  readonly feeUnits: number;
  readonly settings: ServiceSettings;
  readonly metrics: Metrics;
}): Desk {
  const { answering, till, feeUnits, settings, metrics } = of;
  const { ledger } = answering;
  const queue: Waiting[] = [];
  const inFlight = new Map<string, { readonly digest: bigint; readonly answer: Promise<Answered> }>();
  const rates = openBuckets(settings.ratePerPayer);
  let inHand = 0;
  let draining = false;
  let running: Promise<void> | undefined;
  let arrived: () => void = () => {};
  /** Ends when the queue has become worth another batch. */
  const arrival = (): Promise<void> =>
    new Promise((resolve) => {
      arrived = resolve;
    });

  const room = (): number => answering.room() - inFlight.size;
  /** Whether a full epoch may be sealed although it is not settled yet. */
  const maySeal = (): boolean => answering.waiting() < settings.sealedEpochs;
  const replay = (requestId: string, content: Uint8Array): Served | undefined => {
    const place = answering.find(requestId);
    if (place === undefined) return undefined;
    const receipt = receiptAt(requestId, place);
    if (receipt.opening.digest !== contentDigest(content)) throw otherContent();
    return { receipt, replayed: true };
  };
  const admit = (): void => {
    if (draining) throw busy("draining", "The service is being stopped. Ask again in a moment.", 5);
    if (queue.length >= settings.maxQueue)
      throw busy("queue_full", "Too many requests are waiting. Ask again, with the same idempotency key.", 1);
  };
  const enqueue = <T extends Answered | number>(content: Uint8Array, question?: PaidQuestion): Promise<T> => {
    const answered = new Promise<T>((resolve, reject) => {
      queue.push({ question, content, resolve: resolve as Waiting["resolve"], reject });
      if (queue.length >= WORTH_ANOTHER) arrived();
    });
    running ??= run().finally(() => {
      running = undefined;
    });
    return answered;
  };
  const answerBatch = async (batch: readonly Waiting[]): Promise<readonly (Answered | number)[]> => {
    const questions = batch.flatMap(({ question }) => question ?? []);
    if (questions.length === batch.length) return answering.answer(questions);
    return answering.peek(batch.map(({ content }) => content));
  };
  const refuse = ({ question, reject }: Waiting, error: unknown): void => {
    if (question !== undefined) ledger.release(question.payer, question.feeUnits);
    reject(error);
  };
  const fly = async (batch: readonly Waiting[]): Promise<void> => {
    inHand += batch.length;
    metrics.batch(batch.length);
    try {
      const answers = await answerBatch(batch);
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answered | number);
    } catch (error) {
      for (const waiting of batch) refuse(waiting, error);
    } finally {
      inHand -= batch.length;
    }
  };
  /** Answers what waits, batch after batch, until nothing does. */
  const run = async (): Promise<void> => {
    // What arrived in the same turn of the event loop belongs to the same batch.
    await new Promise((resolve) => setImmediate(resolve));
    const flights = new Set<Promise<void>>();
    while (queue.length > 0 || flights.size > 0) {
      const isWorth = queue.length >= (flights.size === 0 ? 1 : WORTH_ANOTHER);
      const fits = Math.min(settings.maxBatch, answering.room() - inHand);
      if (isWorth && flights.size < MOST_FLIGHTS && fits > 0) {
        const flight = fly(queue.splice(0, fits)).finally(() => flights.delete(flight));
        flights.add(flight);
      } else if (flights.size === 0) {
        // Nothing is in hand and nothing fits: the epoch is full to the last answer.
        if (maySeal()) await answering.sealFull();
        else for (const waiting of queue.splice(0)) refuse(waiting, epochFull());
      } else {
        await Promise.race([...flights, arrival()]);
      }
    }
  };
  return {
    replay,
    async ask({ requestId, content, payment, url }) {
      const { voucher } = payment;
      await till.refresh(payment);
      // From here to the reservation nothing waits.
      const digest = contentDigest(content);
      const same = inFlight.get(requestId);
      if (same !== undefined) {
        if (same.digest !== digest) throw otherContent();
        return { receipt: (await same.answer).receipt, replayed: true };
      }
      const answered = replay(requestId, content);
      if (answered !== undefined) return answered;
      admit();
      if (room() < 1 && !maySeal()) throw epochFull();
      till.check(payment, url);
      const wait = rates.take(voucher.payer.toLowerCase());
      if (wait > 0) throw tooFast(wait);
      ledger.reserve(voucher.payer, feeUnits);
      const question = { requestId, content, payer: voucher.payer, feeUnits, voucher, reserved: true };
      const answer = enqueue<Answered>(content, question).finally(() => inFlight.delete(requestId));
      inFlight.set(requestId, { digest, answer });
      return { receipt: (await answer).receipt, replayed: false };
    },
    async peek(content) {
      admit();
      return enqueue<number>(content);
    },
    depth: () => queue.length + inHand,
    room,
    seal: () => answering.seal(),
    async drain() {
      draining = true;
      while (running !== undefined) await running;
    },
  };
}

/** The key was used for something else. */
function otherContent(): ServiceError {
  return new ServiceError(
    409,
    "other_content",
    "This idempotency key was used for another content. Use a new key for a new question.",
  );
}

function epochFull(): ServiceError {
  return busy(
    "epoch_full",
    "The open epoch takes no more answers until the operator settles one. Ask again later.",
    60,
  );
}

function tooFast(waitSeconds: number): ServiceError {
  const message = `Too many answers for this payer. Wait ${waitSeconds} s and go on more slowly.`;
  return new ServiceError(429, "rate_limited", message, { "retry-after": String(waitSeconds) });
}
