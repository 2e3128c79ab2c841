/**
 * Where answers are kept: `receipts/MODEL/EPOCH/answers.jsonl`, a journal whose lines hold a batch of answers
 * each: receipts, what was asked, and the vouchers that pay for them. Receipt, question and voucher of an
 * answer are therefore on the disk together or not at all, with one flush for the whole batch.
 *
 * `000003.json` beside it is a payer's copy of one receipt, as the command line hands it out. Earlier
 * versions had only those: where the journal has no receipt of a number, its file counts.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { questionFile } from "./contents.ts";
import { type Journal, type LinePlace, openJournal, readJournal, readLine } from "./journal.ts";
import type { SignedVoucher } from "./payments/vouchers.ts";
import type { Project } from "./project.ts";
import { parseReceipt, type Receipt, ReceiptFormatError, receiptOf, receiptText } from "./receipts.ts";
import { canonical, type Plain, parsePlain, writeFileAtomic } from "./store.ts";

/** An answer as it is kept. */
export type KeptAnswer = { readonly receipt: Receipt; readonly question?: Uint8Array };

/** What one line of the journal holds. */
export type KeptBatch = {
  readonly answers: readonly KeptAnswer[];
  /** The best voucher of each payer that the batch was answered on. */
  readonly vouchers: readonly SignedVoucher[];
};

/** Where an answer is kept: in which epoch's folder, and there in a line of the journal or in a file. */
export type AnswerPlace = {
  readonly folder: string;
  readonly index: number;
  readonly line?: LinePlace;
};

/** The open epoch's answers, for whoever adds to them. */
export type ReceiptStore = {
  readonly folder: string;
  /** Number of the next receipt. */
  readonly count: () => number;
  /** Keeps a batch; it is on the disk when this returns. Throws WriteError, {@link ReceiptGapError}. */
  append(batch: KeptBatch): Promise<AnswerPlace[]>;
  close(): Promise<void>;
};

/** Where the receipts of one epoch lie. */
export function receiptsFolder(root: string, modelId: string, epoch: number): string {
  return join(root, "receipts", modelId.slice(2, 18), String(epoch));
}

/** The number of the epoch that takes new receipts: the one after the last that was closed. */
export function openEpoch(project: Project, model: { readonly id: string }): number {
  return project.listState(`epochs/${model.id.slice(2, 18)}`).length + 1;
}

/**
 * Opens the folder of an epoch for adding. `known` is how many receipts it has, where that has been read
 * already. Throws JournalDamagedError, {@link ReceiptGapError}.
 */
export async function openReceiptStore(
  folder: string,
  notice: (text: string) => void = () => {},
  known?: number,
): Promise<ReceiptStore> {
  const { journal } = await openJournal(journalPath(folder), notice);
  let count = known ?? readReceipts(folder).length;
  return {
    folder,
    count: () => count,
    async append(batch) {
      const first = batch.answers[0]?.receipt.sequence;
      if (first !== undefined && first !== count) throw new ReceiptGapError(folder, count);
      const line = await appendBatch(journal, batch);
      count += batch.answers.length;
      return batch.answers.map((_, index) => ({ folder, index, line }));
    },
    close: () => journal.close(),
  };
}

function appendBatch(journal: Journal, { answers, vouchers }: KeptBatch): Promise<LinePlace> {
  const texts = answers.map(({ receipt, question }) => {
    const asked = question === undefined ? "" : `"question":${canonical(question)},`;
    return `{${asked}"receipt":${receiptText(receipt).trimEnd()}}`;
  });
  return journal.append(`{"answers":[${texts.join(",")}],"vouchers":${canonical(vouchers as Plain)}}`);
}

/** What was kept in an epoch's journal, batch by batch. Throws JournalDamagedError, ReceiptFormatError. */
export function readBatches(folder: string): Array<KeptBatch & { readonly line: LinePlace }> {
  const path = journalPath(folder);
  return readJournal(path).lines.map(({ text, ...line }) => ({ ...batchOf(text, path), line }));
}

/** A request and the place of its answer. */
export type PlacedRequest = { readonly requestId: string; readonly place: AnswerPlace };

/**
 * Which requests a folder answers, and where: from a byte of its journal on, with the copies that count only
 * from its beginning. `length` is where the journal's lines end. Nothing else of the receipts is looked at.
 * Throws JournalDamagedError, ReceiptFormatError.
 */
export function placedRequests(
  folder: string,
  from = 0,
): { readonly requests: readonly PlacedRequest[]; readonly length: number } {
  const path = journalPath(folder);
  const { lines, length } = readJournal(path, from);
  const requests: PlacedRequest[] = [];
  const numbers = new Set<number>();
  for (const { text, ...line } of lines) {
    for (const [index, { receipt }] of (JSON.parse(text) as RequestsOnly).answers.entries()) {
      requests.push({ requestId: receipt.requestId, place: { folder, index, line } });
      numbers.add(receipt.sequence);
    }
  }
  for (const index of from === 0 && existsSync(folder) ? copiesIn(folder) : [])
    if (!numbers.has(index))
      requests.push({ requestId: readCopy(folder, index).requestId, place: { folder, index } });
  return { requests, length };
}

/** As much of a line as the index needs; its checksum says that it is what was written. */
type RequestsOnly = {
  readonly answers: readonly {
    readonly receipt: { readonly requestId: string; readonly sequence: number };
  }[];
};

/** Length of an epoch's journal in bytes, without reading it. */
export function journalLength(folder: string): number {
  return statSync(journalPath(folder), { throwIfNoEntry: false })?.size ?? 0;
}

/** All receipts of a folder, by sequence number. Throws ReceiptFormatError or {@link ReceiptGapError}. */
export function readReceipts(folder: string): Receipt[] {
  return placedReceipts(folder).map(({ receipt }) => receipt);
}

/** All receipts of a folder with their places, by sequence number. */
export function placedReceipts(
  folder: string,
): Array<{ readonly receipt: Receipt; readonly place: AnswerPlace }> {
  if (!existsSync(folder)) return [];
  const bySequence = new Map<number, { receipt: Receipt; place: AnswerPlace }>();
  for (const { answers, line } of readBatches(folder))
    for (const [index, { receipt }] of answers.entries())
      bySequence.set(receipt.sequence, { receipt, place: { folder, index, line } });
  for (const index of copiesIn(folder)) {
    if (bySequence.has(index)) continue;
    bySequence.set(index, { receipt: readCopy(folder, index), place: { folder, index } });
  }
  const all = [...bySequence.values()].sort((a, b) => a.receipt.sequence - b.receipt.sequence);
  const gap = all.findIndex(({ receipt }, index) => receipt.sequence !== index);
  if (gap >= 0) throw new ReceiptGapError(folder, gap);
  return all;
}

/**
 * Reads an epoch's receipts as they come: each call gives all that are there by now, and reads only what is
 * new. Throws as {@link readReceipts}.
 */
export function followReceipts(folder: string): () => readonly Receipt[] {
  const path = journalPath(folder);
  let receipts: Receipt[] = [];
  let end: number | undefined;
  return () => {
    const { lines, length } = readJournal(path, end ?? 0);
    if (end === undefined) receipts = readReceipts(folder).slice();
    else
      for (const { text } of lines)
        receipts.push(...batchOf(text, path).answers.map(({ receipt }) => receipt));
    // Until there is a journal the copies count, and may be more the next time.
    end = length === 0 ? undefined : length;
    return receipts;
  };
}

/** One answer, from its place. Throws JournalDamagedError, ReceiptFormatError. */
export function readAnswer({ folder, index, line }: AnswerPlace): KeptAnswer {
  if (line === undefined) return { receipt: readCopy(folder, index) };
  const path = journalPath(folder);
  const answer = batchOf(readLine(path, line), path, index).answers[0];
  if (answer === undefined) throw new ReceiptFormatError(path, `no answer ${index} at byte ${line.offset}`);
  return answer;
}

/** Every folder of receipts of a project, of any model and epoch. */
export function receiptFolders(project: Project): string[] {
  const root = project.path("receipts");
  if (!existsSync(root)) return [];
  return readdirSync(root).flatMap((model) =>
    readdirSync(join(root, model)).map((epoch) => join(root, model, epoch)),
  );
}

/** What was asked, or undefined where the project has not kept it. */
export function questionOf(project: Project, receipt: Receipt): Uint8Array | undefined {
  const { modelId, epoch, sequence } = receipt;
  for (const { answers } of readBatches(receiptsFolder(project.folder, modelId, epoch))) {
    const found = answers.find((answer) => answer.receipt.sequence === sequence);
    if (found !== undefined) return found.question;
  }
  return questionFile(project, receipt);
}

/** Where a payer's copy of a receipt lies. */
export function copyPath(folder: string, sequence: number): string {
  return join(folder, `${String(sequence).padStart(6, "0")}.json`);
}

/** Writes a payer's copy of a receipt that is kept. */
export function writeCopy(folder: string, receipt: Receipt): string {
  const path = copyPath(folder, receipt.sequence);
  writeFileAtomic(path, receiptText(receipt));
  return path;
}

/** The numbers of the single files of a folder. */
function copiesIn(folder: string): number[] {
  return readdirSync(folder).flatMap((file) => (/^\d+\.json$/.test(file) ? Number.parseInt(file, 10) : []));
}

function readCopy(folder: string, sequence: number): Receipt {
  const path = copyPath(folder, sequence);
  return parseReceipt(readFileSync(path, "utf8"), path);
}

function journalPath(folder: string): string {
  return join(folder, "answers.jsonl");
}

/** What a line says; with `only`, of its answers just that one. */
function batchOf(text: string, where: string, only?: number): KeptBatch {
  const { answers, vouchers } = parsePlain(text) as {
    answers: readonly { receipt: unknown; question?: Uint8Array }[];
    vouchers: readonly SignedVoucher[];
  };
  const wanted = only === undefined ? answers : answers.slice(only, only + 1);
  return {
    answers: wanted.map(({ receipt, question }) => ({
      receipt: receiptOf(receipt, where),
      ...(question === undefined ? {} : { question }),
    })),
    vouchers,
  };
}

/** A receipt of the epoch is missing. */
export class ReceiptGapError extends Error {
  override readonly name = "Receipt.Gap";
  constructor(folder: string, sequence: number) {
    super(
      `Receipt ${sequence} is missing in ${folder}. Restore it from your backup: its payer holds a copy.`,
    );
  }
}
