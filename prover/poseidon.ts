/**
 * Poseidon over BN254, the hash that circuits can afford, with circomlib's parameters (x^5, 8 full rounds,
 * initial state 0, first state element out).
 *
 * It runs in WebAssembly (fast/hasher.ts), some 15 times as fast as on bigints: one commitment to a gradient
 * is 22 permutations of 17 elements, and a verification makes hundreds. The circuits write the same
 * permutation in another form (circuits/lib/poseidon.circom); tests compare the two with each other, with
 * poseidon-lite and with circomlibjs.
 *
 * Tables are worked out when a number of inputs is first met, tens of milliseconds for 16 of them.
 *
 * Pitfall: Poseidon hashes a fixed number of inputs; each width is another function. What has a length goes
 * through `sponge` in commitments.ts, which binds it.
 */
import { type Hasher, openHasher } from "./fast/hasher.ts";
import { assertField } from "./field.ts";

const MAX_INPUTS = 16;

let opened: Hasher | undefined;

function hasher(): Hasher {
  opened ??= openHasher();
  return opened;
}

/**
 * Poseidon of 1 to 16 field elements.
 *
 * @throws {PoseidonWidthError} when there are none, or more than 16.
 * @throws {FieldElementError} when one is not in [0, p): reducing it would give two inputs the same hash.
 * @example `poseidon([1n, 2n])`
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  if (inputs.length < 1 || inputs.length > MAX_INPUTS) throw new PoseidonWidthError(inputs.length);
  for (const input of inputs) assertField(input, "Poseidon input");
  return hasher().hash(inputs);
}

/**
 * state = Poseidon(state, the next `rate` values) until none is left, the last ones filled up with zeros. It
 * binds neither the number of values nor what they are: `sponge` in commitments.ts puts both into `start`.
 *
 * @param rate values for each permutation, 1 to 15
 * @throws {PoseidonWidthError} for another rate.
 * @throws {FieldElementError} when `start` or a value is not in [0, p).
 */
export function poseidonChain(start: bigint, values: readonly bigint[], rate: number): bigint {
  if (rate < 1 || rate >= MAX_INPUTS) throw new PoseidonWidthError(rate + 1);
  assertField(start, "Poseidon input");
  for (const value of values) assertField(value, "Poseidon input");
  return hasher().chain(start, values, rate);
}

/** A number of inputs that Poseidon has no parameters for. */
export class PoseidonWidthError extends Error {
  override readonly name = "Poseidon.Width";
  constructor(width: number) {
    super(`Poseidon takes 1 to 16 inputs, not ${width}. Use sponge() for longer lists.`);
  }
}
