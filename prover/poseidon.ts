/**
 * Poseidon over BN254, the hash that circuits can afford, with circomlib's parameters (x^5, 8 full rounds,
 * initial state 0, first state element out).
 *
 * The only importer of poseidon-lite. The circuits write the same permutation in another form
 * (circuits/lib/poseidon.circom); tests compare the two with each other and with circomlibjs.
 *
 * Pitfall: Poseidon hashes a fixed number of inputs; each width is another function. What has a length goes
 * through `sponge` in commitments.ts, which binds it.
 */
import * as lite from "poseidon-lite";
import { assertField } from "./field.ts";

const BY_WIDTH: readonly ((inputs: bigint[]) => bigint)[] = [
  lite.poseidon1,
  lite.poseidon2,
  lite.poseidon3,
  lite.poseidon4,
  lite.poseidon5,
  lite.poseidon6,
  lite.poseidon7,
  lite.poseidon8,
  lite.poseidon9,
  lite.poseidon10,
  lite.poseidon11,
  lite.poseidon12,
  lite.poseidon13,
  lite.poseidon14,
  lite.poseidon15,
  lite.poseidon16,
];

/**
 * Poseidon of 1 to 16 field elements.
 *
 * @throws {PoseidonWidthError} when there are none, or more than 16.
 * @throws {FieldElementError} when one is not in [0, p): reducing it would give two inputs the same hash.
 * @example `poseidon([1n, 2n])`
 */
export function poseidon(inputs: readonly bigint[]): bigint {
  const hash = BY_WIDTH[inputs.length - 1];
  if (hash === undefined) throw new PoseidonWidthError(inputs.length);
  for (const input of inputs) assertField(input, "Poseidon input");
  return hash([...inputs]);
}

/** A number of inputs that Poseidon has no parameters for. */
export class PoseidonWidthError extends Error {
  override readonly name = "Poseidon.Width";
  constructor(width: number) {
    super(`Poseidon takes 1 to 16 inputs, not ${width}. Use sponge() for longer lists.`);
  }
}
