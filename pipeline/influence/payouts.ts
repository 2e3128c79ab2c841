/**
 * From weights to money: `payout_c = floor(pool · w_c / Σ w)`.
 *
 * Rounding down never pays more than there is; what it leaves (less than one wei a contributor) is the dust,
 * and carries over to the model's next epoch. When nobody helped, Σ w = 0, all of the pool does. The contract
 * computes the same line.
 */

/** Payouts in the order of the weights, and what is left over. They add up to the pool exactly. */
export type Payouts = { readonly payouts: readonly bigint[]; readonly dust: bigint };

/**
 * Divides a pool (wei) by weights.
 *
 * @example
 * ```ts
 * settlePayouts([1n, 2n, 0n], 100n); // { payouts: [33n, 66n, 0n], dust: 1n }
 * ```
 * @throws PayoutInputError for a negative weight or pool.
 */
export function settlePayouts(weights: readonly bigint[], pool: bigint): Payouts {
  if (pool < 0n || weights.some((weight) => weight < 0n)) {
    throw new PayoutInputError("A weight or the pool is negative: clip influences with weights() first.");
  }
  const sum = weights.reduce((total, weight) => total + weight, 0n);
  const payouts = weights.map((weight) => (sum === 0n ? 0n : (pool * weight) / sum));
  return { payouts, dust: payouts.reduce((left, payout) => left - payout, pool) };
}

/** Shares of an epoch's fees in basis points. Contributors have the rest. */
export type Split = {
  readonly protocolBps: number;
  readonly developerBps: number;
  readonly validatorsBps: number;
};

/** What an epoch comes to: shares of the fees rounded down, and what is left for the contributors. */
export type Settled = Payouts & {
  readonly shares: { readonly protocol: bigint; readonly developer: bigint; readonly validators: bigint };
  readonly earnings: bigint;
};

const BPS = 10_000n;

/**
 * Divides an epoch's fees and carry as `IEpochs.settle` does: treasury, operator and validators get their
 * shares of the fees; the contributors the rest and the carry, by weight.
 *
 * @throws PayoutInputError for a negative number, or shares above the whole.
 */
export function settleFees(of: {
  readonly weights: readonly bigint[];
  readonly fees: bigint;
  readonly carry: bigint;
  readonly split: Split;
}): Settled {
  const { fees, carry, split } = of;
  const part = (bps: number): bigint => (fees * BigInt(bps)) / BPS;
  const shares = {
    protocol: part(split.protocolBps),
    developer: part(split.developerBps),
    validators: part(split.validatorsBps),
  };
  if (fees < 0n || carry < 0n || Object.values(split).some((bps) => bps < 0))
    throw new PayoutInputError("Fees, carry or a share is negative: take them from the chain.");
  const earnings = fees + carry - shares.protocol - shares.developer - shares.validators;
  return { shares, earnings, ...settlePayouts(of.weights, earnings) };
}

/** Each one's part of the whole, as numbers that add up to 1 (or all 0 where the weights are). */
export function shares(weights: readonly bigint[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0n);
  if (sum === 0n) return weights.map(() => 0);
  const precision = 1n << 80n;
  return weights.map((weight) => Number((weight * precision) / sum) / 2 ** 80);
}

/** `Σ |p_c − q_c|`: 0 for equal distributions, 2 for ones that share nobody. */
export function shareDistance(p: readonly number[], q: readonly number[]): number {
  if (p.length !== q.length)
    throw new PayoutInputError(`${p.length} shares cannot be compared with ${q.length}.`);
  return p.reduce((sum, share, c) => sum + Math.abs(share - (q[c] as number)), 0);
}

/** Weights or pools that nothing can be paid from. */
export class PayoutInputError extends Error {
  override readonly name = "Influence.PayoutInputError";
}
