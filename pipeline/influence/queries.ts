/**
 * An epoch's queries as one matrix: `Q = Σ_q f_q h_q word(k̂_q)ᵀ`, fee-weighted: an influence on it is one
 * on how well the answered class' word fits (one-hot: on its score).
 *
 * Fees are units of at most 2^16 − 1 and features bytes, so a term stays within 2^23, and the first 2^31 /
 * 2^23 = 256 queries of an epoch cannot leave 32 bits whatever they are. More usually fit too, because
 * features change sign.
 */
import type { DataRecord, Profile } from "../../prover/index.ts";
import { checkBits, checkLength } from "../model/matrices.ts";

/**
 * The matrix of queries, `d × m` row-major. A record's weight is its fee.
 * @throws QueryError for a class or fee out of range, RangeExceededError when the sum leaves its width.
 */
export function queriesMatrix(records: readonly DataRecord[], profile: Profile): bigint[] {
  const { d, m, words, feeBits, qBits } = profile;
  const q = new Array<bigint>(d * m).fill(0n);
  records.forEach(({ features, klass, weight }, i) => {
    checkLength(`Features of query ${i}`, features, d);
    const word = words[klass];
    if (word === undefined) {
      throw new QueryError(
        `Query ${i} was answered with class ${klass}, which is not in 0..${words.length - 1}: answer it again.`,
      );
    }
    if (!Number.isInteger(weight) || weight < 0 || weight >= 2 ** feeBits) {
      throw new QueryError(
        `Query ${i} has a fee of ${weight} units, which is not in 0..2^${feeBits} - 1: change it.`,
      );
    }
    for (let j = 0; j < d; j++) {
      for (const [k, value] of word.entries()) {
        q[j * m + k] = (q[j * m + k] as bigint) + BigInt(weight * (features[j] as number) * value);
      }
    }
  });
  checkBits("The queries' matrix Q", q, qBits, "settle with fewer queries in the epoch, or smaller fees");
  return q;
}

/** A query whose class or fee cannot be proven. */
export class QueryError extends Error {
  override readonly name = "Influence.QueryError";
}
