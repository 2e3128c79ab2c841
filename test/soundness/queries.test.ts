// A lie about the queries: a Q_in that is not the previous Q_out, so that an answer counts for nobody.
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EpochBundle } from "../../pipeline/bundle.ts";
import { bundleProof } from "../../pipeline/bundle.ts";
import type { ModelState } from "../../pipeline/commit.ts";
import { answerQueries } from "../../pipeline/infer.ts";
import { readVouchers } from "../../pipeline/payments/book.ts";
import { type Receipt, receiptRecord } from "../../pipeline/receipts.ts";
import { chargesOf } from "../../pipeline/settle.ts";
import { epochStatements } from "../../pipeline/statements.ts";
import { verifyBundle } from "../../pipeline/verify.ts";
import { emptyCommitQ, inferenceWitness, proofWords } from "../../prover/index.ts";
import { randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import {
  bundleOf,
  commitFit,
  contribute,
  fitOf,
  openShop,
  PROFILE,
  reasonOf,
  type Shop,
  UI,
} from "./shop.ts";

let shop: Shop;
let model: ModelState;
let receipts: Receipt[];
beforeAll(async () => {
  const random = randomFrom(SEED);
  shop = await openShop(`queries/${SEED}`, "known");
  const of = await contribute(shop, [[Array.from({ length: 5 }, () => sampleRecord(random, PROFILE))]]);
  const fit = fitOf(
    of.contributions.map(({ records }) => records),
    4000n,
  );
  model = await commitFit(shop, of, fit, true);
  const { project, session } = shop;
  project.writeState("model", model);
  const queries = Array.from({ length: PROFILE.queries + 1 }, (_, i) => {
    return { content: new Uint8Array(784).fill(10 * i), payer: "alice", feeUnits: 5 + i };
  });
  receipts = (await answerQueries({ project, session, queries, ui: UI })).map(({ receipt }) => receipt);
});
afterAll(() => shop.close());

it(`is refused on chain, and by the offline verifier in either spelling (seed ${SEED})`, async () => {
  const { contracts, operator, keys } = shop.session;
  const { secrets } = shop.project;
  const contexts = [await contracts.context(model.id, 1, 0), await contracts.context(model.id, 1, 1)];
  const context = (batch: number): bigint => contexts[batch] ?? 0n;
  const honest = await epochStatements({ model, receipts, profile: PROFILE, secrets, context });
  const [first, second] = honest.inference;
  if (first === undefined || second === undefined) throw new Error("two batches are needed");
  // The second batch starts from zero again: the first three answers are forgotten.
  const lie = inferenceWitness({
    ...{ profile: PROFILE, context: context(1), w: model.w, saltW: model.saltW, saltQIn: 0n, saltQOut: 77n },
    qIn: new Array<bigint>(PROFILE.d * PROFILE.m).fill(0n),
    records: second.receipts.map(receiptRecord),
  });
  expect(lie.statement.commitQIn).toBe(emptyCommitQ(PROFILE));
  expect(lie.statement.commitQIn).not.toBe(first.statement.commitQOut);
  const made = await shop.prove([
    { label: "1", statement: { circuit: "inference", ...first.statement }, input: first.input as never },
    { label: "2", statement: { circuit: "inference", ...lie.statement }, input: lie.input },
  ]);

  const charges = chargesOf(receipts);
  const committed = {
    receiptsRoots: [first.statement.receiptsRoot, lie.statement.receiptsRoot],
    commitQ: [first.statement.commitQOut, lie.statement.commitQOut],
    feeTotals: [first.statement.feeTotal, lie.statement.feeTotal],
  };
  const commitment = {
    ...committed,
    commitY: honest.adjoint.statement.commitY,
    payers: [...charges.keys()],
    feeUnits: [...charges.values()],
  };
  const vouchers = [...readVouchers(shop.project, model.id).values()];
  await contracts.commitEpoch(operator, model.id, commitment, vouchers);
  const post = (batchIndex: number): Promise<string> => {
    const inference = [{ batchIndex, proof: proofWords(made[batchIndex]?.proof as never) }];
    return reasonOf(contracts.proveEpoch(operator, model.id, 1, committed, { inference }));
  };
  expect(await post(0)).toBe("accepted");
  expect(await post(1)).toBe("VerifierInvalidBatch");

  const batches = [
    { statement: first.statement, receipts: first.receipts },
    { statement: lie.statement, receipts: second.receipts },
  ].map(({ statement, receipts: own }, index): EpochBundle["inference"][number] => ({
    context: String(statement.context),
    commitQIn: String(statement.commitQIn),
    commitQOut: String(statement.commitQOut),
    receiptsRoot: String(statement.receiptsRoot),
    feeTotal: String(statement.feeTotal),
    receipts: own.map(({ requestId, payer, feeUnits, leaf, dueBy, signature }) => {
      return { requestId, payer, feeUnits, leaf: String(leaf), dueBy, signature };
    }),
    proof: bundleProof(made[index]?.proof as never),
  }));
  const line = async (name: string): Promise<string> => {
    const lines = await verifyBundle(bundleOf(shop, model, undefined, batches), keys);
    const found = lines.find((one) => one.name === name);
    return found?.ok === false ? found.detail : "ok";
  };
  expect(await line("receipts")).toBe("ok");
  expect(await line("inference proofs")).toBe("ok");
  expect(await line("statements fit together")).toBe(
    "inference batch 2 does not continue from the previous state",
  );
  // Said to continue, it is another statement than the one that was proven.
  Object.assign(batches[1] ?? {}, { commitQIn: String(first.statement.commitQOut) });
  expect(await line("inference proofs")).toMatch(/inference proof 2 does not verify/);
});
