/** Reproducible numbers for the tests of the arithmetic; the seed is printed in the test's name. */

import { createHash, randomInt } from "node:crypto";

export type Draw = { readonly seed: string; readonly below: (limit: bigint) => bigint };

/** Numbers from a seed of its own for every run, or from QUITTANCE_TEST_SEED. */
export function drawFrom(name: string): Draw {
  const seed = process.env.QUITTANCE_TEST_SEED ?? String(randomInt(2 ** 32));
  let count = 0;
  return {
    seed,
    below: (limit) => {
      const hash = createHash("sha512").update(`${seed}/${name}/${count++}`).digest("hex");
      return BigInt(`0x${hash}`) % limit;
    },
  };
}
