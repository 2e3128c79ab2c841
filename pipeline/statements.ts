/**
 * From an epoch's receipts to its statements and witnesses: pure integer arithmetic, no files, no chain.
 *
 * Receipts are taken in order, `queries` of them to an inference proof; each proof continues from the Q that
 * the one before it ended with. The last Q gives the adjoint, the adjoint gives every contributor's
 * influence.
 */

import {
  type AdjointStatement,
  adjointWitness,
  type CircuitName,
  type InferenceStatement,
  inferenceWitness,
  type Profile,
  type WeightsStatement,
  weightsWitness,
} from "../prover/index.ts";
import type { ModelState } from "./commit.ts";
import { adjoint } from "./influence/adjoint.ts";
import { type Receipt, receiptRecord } from "./receipts.ts";
import type { Secrets } from "./secrets.ts";

/** A statement with the circuit input that proves it. */
export type Provable<S> = {
  readonly circuit: CircuitName;
  readonly statement: S;
  readonly input: Record<string, unknown>;
};

/** All that an epoch has to prove. */
export type EpochStatements = {
  readonly inference: ReadonlyArray<Provable<InferenceStatement> & { readonly receipts: readonly Receipt[] }>;
  readonly adjoint: Provable<AdjointStatement>;
  readonly weights: ReadonlyArray<Provable<WeightsStatement>>;
  /** Influence and weight of each contributor, in the model's order. */
  readonly influence: readonly bigint[];
  readonly w: readonly bigint[];
  readonly q: readonly bigint[];
  readonly y: readonly bigint[];
};

/**
 * Builds the statements of an epoch. `context(batch)` is what the contract derives for each inference proof.
 */
export async function epochStatements(of: {
  readonly model: ModelState;
  readonly receipts: readonly Receipt[];
  readonly profile: Profile;
  readonly secrets: Secrets;
  readonly context: (batch: number) => bigint;
}): Promise<EpochStatements> {
  const { model, receipts, profile, secrets, context } = of;
  const label = `${model.id}/${receipts[0]?.epoch}`;
  const inference: Array<Provable<InferenceStatement> & { receipts: readonly Receipt[] }> = [];
  let q: readonly bigint[] = new Array<bigint>(profile.d * profile.m).fill(0n);
  let saltQ = 0n;
  for (let start = 0; start < receipts.length; start += profile.queries) {
    const part = receipts.slice(start, start + profile.queries);
    const batch = inference.length;
    const saltQOut = secrets.salt(
      `Q/${label}/${batch}`,
      part.map((receipt) => receipt.leaf),
    );
    const { statement, input, qOut } = inferenceWitness({
      profile,
      context: context(batch),
      w: model.w,
      saltW: model.saltW,
      qIn: q,
      saltQIn: saltQ,
      saltQOut,
      records: part.map(receiptRecord),
    });
    inference.push({ circuit: "inference", statement, input, receipts: part });
    q = qOut;
    saltQ = saltQOut;
    // A service answers others meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { y } = adjoint(model.a, model.lambda, q, profile);
  const saltY = secrets.salt(`Y/${label}`, y);
  const solved = adjointWitness({
    profile,
    a: model.a,
    saltA: model.saltA,
    q,
    saltQ,
    y,
    saltY,
    lambda: BigInt(model.lambda),
  });
  const weights: Array<Provable<WeightsStatement>> = [];
  const influence: bigint[] = [];
  const w: bigint[] = [];
  for (let start = 0; start < model.contributors.length; start += profile.contributors) {
    const group = model.contributors.slice(start, start + profile.contributors);
    const made = weightsWitness({
      profile,
      y,
      saltY,
      gradients: group.map((c) => c.gradient),
      salts: group.map((c) => c.saltG),
    });
    weights.push({ circuit: "weights", statement: made.statement, input: made.input });
    influence.push(...made.s.slice(0, group.length));
    w.push(...made.w.slice(0, group.length));
  }
  return {
    inference,
    adjoint: { circuit: "adjoint", statement: solved.statement, input: solved.input },
    weights,
    influence,
    w,
    q,
    y,
  };
}
