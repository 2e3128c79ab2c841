/** A small seeded generator: every run sees the same numbers, and a failure can be had again. */
import { createHash } from "node:crypto";

export type Random = {
  readonly field: () => bigint;
  /** In [0, bound). */
  readonly below: (bound: bigint) => bigint;
  readonly hex32: () => string;
};

export function randomFrom(seed: string): Random {
  let counter = 0;
  const next = (): bigint => BigInt(`0x${createHash("sha512").update(`${seed}/${counter++}`).digest("hex")}`);
  const order = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
  return {
    field: () => (next() % (order - 1n)) + 1n,
    below: (bound) => next() % bound,
    hex32: () => `0x${(next() % (1n << 256n)).toString(16).padStart(64, "0")}`,
  };
}
