/**
 * Seeded randomness: the same seed gives the same numbers on every machine.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand), its 128 bits of state filled with SHA-256 of the
 * seed, so that any text is a seed and similar seeds are unrelated. Only 32-bit integer operations are used.
 *
 * NOT for secrets: salts and keys come from pipeline/secrets.ts. This is for splits, shuffles and test data.
 */
import { createHash } from "node:crypto";

/** A stream of seeded random numbers. */
export type Random = {
  /** The next 32 bits, as an unsigned number. */
  readonly u32: () => number;
  /** A uniform integer in `[0, bound)`; `bound` is between 1 and 2^32. Unbiased (by rejection). */
  readonly below: (bound: number) => number;
  /** A uniform number in `[0, 1)` with 53 bits. */
  readonly uniform: () => number;
  /** A shuffled copy (Fisher and Yates). */
  readonly shuffle: <T>(items: readonly T[]) => T[];
};

/**
 * Opens the stream of `seed`.
 *
 * @example
 * ```ts
 * const random = seededRandom("quittance/demo");
 * random.below(10); // always the same digit
 * ```
 */
export function seededRandom(seed: string | number): Random {
  const digest = createHash("sha256").update(String(seed), "utf8").digest();
  let a = digest.readUInt32LE(0);
  let b = digest.readUInt32LE(4);
  let c = digest.readUInt32LE(8);
  let counter = digest.readUInt32LE(12);

  const u32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) u32();

  const below = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RandomBoundError(`A random bound must be an integer in 1..2^32, not ${bound}.`);
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = u32();
      if (value < limit) return value % bound;
    }
  };

  const uniform = (): number => ((u32() >>> 5) * 2 ** 26 + (u32() >>> 6)) / 2 ** 53;

  const shuffle = <T>(items: readonly T[]): T[] => {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  };

  return { u32, below, uniform, shuffle };
}

/** A bound that no unbiased draw exists for. */
export class RandomBoundError extends Error {
  override readonly name = "Random.BoundError";
}
