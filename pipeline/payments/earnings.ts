/**
 * Earnings: what a model's contributors have earned so far, as the tree whose root the vault computes.
 *
 * Nobody posts this tree: `Vault.distribute` makes the root itself from the proven weights. Anybody can make
 * the same tree again from the `EpochSettled` events, and needs it to claim: a claim brings the proof of its
 * leaf.
 *
 *     leaf_i = keccak256(keccak256(abi.encode(model, account_i, cumulative_i)))
 *
 * in the model's order; neighbours are paired from the left, each pair sorted and hashed, and the last node
 * of an odd level moves up as it is. Proofs are OpenZeppelin's (`MerkleProof`).
 *
 * The pitfall: a proof leads to the root of the last settlement. After the next one, the old proof is
 * refused; what it showed is in the new leaf, for earnings only grow.
 */
import { abiEncode, concatHex, type Hex, keccak256 } from "../engine/ethers.ts";

/** Who has earned how much with a model, in the model's order. Amounts in the token's smallest unit. */
export type Earnings = {
  readonly model: Hex;
  readonly accounts: readonly string[];
  readonly cumulative: readonly bigint[];
};

/** What a claim brings. */
export type EarningsProof = {
  readonly account: string;
  readonly cumulative: bigint;
  readonly proof: readonly Hex[];
};

/** An account's leaf. */
export function earningsLeaf(model: Hex, account: string, cumulative: bigint): Hex {
  return keccak256(keccak256(abiEncode(["bytes32", "address", "uint256"], [model, account, cumulative])));
}

/** A model's earnings before and after one settlement. Throws {@link EarningsError} for other accounts. */
export function addPayouts(
  before: Earnings,
  settled: { readonly accounts: readonly string[]; readonly payouts: readonly bigint[] },
): Earnings {
  const same =
    settled.accounts.length === before.accounts.length &&
    settled.payouts.length === before.accounts.length &&
    settled.accounts.every((account, i) => account.toLowerCase() === before.accounts[i]?.toLowerCase());
  if (!same) throw new EarningsError("the accounts are not the model's, in its order");
  return { ...before, cumulative: before.cumulative.map((sum, i) => sum + (settled.payouts[i] as bigint)) };
}

/** Nobody has earned anything yet. */
export function noEarnings(model: Hex, accounts: readonly string[]): Earnings {
  return { model, accounts, cumulative: accounts.map(() => 0n) };
}

/** A model's earnings from its `EpochSettled` events, oldest first, up to an epoch if one is given. */
export function earningsOf(
  model: Hex,
  accounts: readonly string[],
  logs: readonly { readonly name: string; readonly args: Readonly<Record<string, unknown>> }[],
  upTo = Number.POSITIVE_INFINITY,
): Earnings {
  let earnings = noEarnings(model, accounts);
  for (const { name, args } of logs) {
    if (name !== "EpochSettled" || String(args.model).toLowerCase() !== model.toLowerCase()) continue;
    if (Number(args.epoch) > upTo) continue;
    const settled = { accounts: args.accounts as string[], payouts: args.payouts as bigint[] };
    earnings = addPayouts(earnings, settled);
  }
  return earnings;
}

/** The root, as `Vault.rootOf` after these settlements. Throws {@link EarningsError} without accounts. */
export function earningsRoot(earnings: Earnings): Hex {
  const root = levelsOf(earnings).at(-1)?.[0];
  if (root === undefined) throw new EarningsError("a model has at least one contributor");
  return root;
}

/** The proof of one account's leaf. Throws {@link EarningsError} if it is none of the model's. */
export function earningsProof(earnings: Earnings, account: string): EarningsProof {
  const index = earnings.accounts.findIndex((other) => other.toLowerCase() === account.toLowerCase());
  const cumulative = earnings.cumulative[index];
  if (cumulative === undefined) throw new EarningsError(`${account} is none of the model's contributors`);
  const proof: Hex[] = [];
  let place = index;
  for (const level of levelsOf(earnings).slice(0, -1)) {
    const sibling = level[place ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    place >>= 1;
  }
  return { account: earnings.accounts[index] as string, cumulative, proof };
}

/** The tree's levels from the leaves up. */
function levelsOf({ model, accounts, cumulative }: Earnings): Hex[][] {
  let level = accounts.map((account, i) => earningsLeaf(model, account, cumulative[i] ?? 0n));
  const levels = [level];
  while (level.length > 1) {
    const below = level;
    level = Array.from({ length: Math.ceil(below.length / 2) }, (_, i) => {
      const [left, right] = [below[2 * i] as Hex, below[2 * i + 1]];
      return right === undefined ? left : hashPair(left, right);
    });
    levels.push(level);
  }
  return levels;
}

/** Both are lower-case hex of one length, so their order as texts is that of their numbers. */
function hashPair(a: Hex, b: Hex): Hex {
  return keccak256(concatHex(a < b ? [a, b] : [b, a]));
}

/** Lists that are not a model's earnings. */
export class EarningsError extends Error {
  override readonly name = "Payments.Earnings";
  constructor(problem: string) {
    super(`These are not the model's earnings: ${problem}. Take accounts and payouts from the chain.`);
  }
}
