/**
 * Influence with its sign. What lies below zero is in no proof (a proof says no more than that it earns
 * nothing), so the operator works it out again from the receipts, and shows it only if the part above zero
 * comes out as exactly what was proven.
 */
import type { ModelState } from "../commit.ts";
import { adjoint } from "../influence/adjoint.ts";
import { queriesMatrix } from "../influence/queries.ts";
import { scores } from "../influence/scores.ts";
import { receiptRecord } from "../receipts.ts";
import type { Source } from "./source.ts";

const influences = new WeakMap<ModelState, Map<number, readonly bigint[] | undefined>>();

/** Influences with their signs, worked out once; undefined where they are not what was proven. */
export function signedInfluence(
  source: Source,
  model: ModelState,
  number: number,
  weights: readonly bigint[],
): readonly bigint[] | undefined {
  const known = influences.get(model) ?? new Map<number, readonly bigint[] | undefined>();
  influences.set(model, known);
  if (!known.has(number)) known.set(number, computeInfluence(source, model, number, weights));
  return known.get(number);
}

function computeInfluence(
  source: Source,
  model: ModelState,
  number: number,
  weights: readonly bigint[],
): readonly bigint[] | undefined {
  const { profile } = source.session;
  const records = source.receipts(model, number).map(receiptRecord);
  if (records.length === 0) return undefined;
  const { y } = adjoint(model.a, model.lambda, queriesMatrix(records, profile), profile);
  const signed = scores(
    model.contributors.map(({ gradient }) => gradient),
    y,
    profile,
  );
  const proven = signed.every((s, i) => (s > 0n ? s : 0n) === weights[i]);
  return proven ? signed : undefined;
}
