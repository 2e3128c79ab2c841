/**
 * Output codes: how many classes share few outputs. Class k has a public word of m small integers; a sample's
 * target is its class' word, and the answer is the class whose word is nearest to the scores,
 *
 *   fit_k  =  2·⟨word_k, s⟩ − 2^S·|word_k|²      largest     (|s − 2^S·word_k|² = |s|² − 2^S·fit_k),
 *
 * or largest ⟨word_k, s⟩ where all words are equally long, which is the same with smaller numbers. One-hot,
 * the default, is the code of unit vectors: fit_k = s_k.
 *
 * Words are constants of the circuits, so linear functions of them take no rows. Cost grows with the outputs
 * (every matrix is d × m) and only lightly with the classes: 77 classes one-hot at d = 32 would not fit 2^17
 * rows, 77 words of 16 do.
 *
 * A code is a file, `circuits/codes/NAME.json`; the words that a profile uses are written into the main
 * source of its circuits, hence are part of their hash. The files state the rule that gives them, and a test
 * derives them again.
 *
 * Pitfall: padding has no features, hence scores 0, and class 0. So word 0 must be a shortest one.
 */
import { z } from "zod";
import bch16 from "../circuits/codes/bch16.json" with { type: "json" };
import tetra5 from "../circuits/codes/tetra5.json" with { type: "json" };
import { cell } from "./algebra.ts";

/** A word a class, each of m integers. */
export type Code = readonly (readonly number[])[];

/** The code of unit vectors: an output a class. */
export const ONE_HOT = "one-hot";

/** Largest entry of a word, in absolute value. */
const MAX_ENTRY = 127;

const codeSchema = z.strictObject({
  format: z.literal("quittance-code/1"),
  rule: z.string().min(1),
  words: z.array(z.array(z.number().int().min(-MAX_ENTRY).max(MAX_ENTRY))).min(2),
});

/**
 * The words of the first `classes` classes of a code, each of `outputs` integers.
 *
 * @throws {CodeError} when there is no such code, or it has fewer words or other sizes.
 * @example `loadCode("one-hot", 3, 3) // [[1, 0, 0], [0, 1, 0], [0, 0, 1]]`
 */
export function loadCode(name: string, classes: number, outputs: number): Code {
  if (name === ONE_HOT) {
    if (classes !== outputs)
      throw new CodeError(name, `needs an output a class, not ${outputs} for ${classes}`);
    return Array.from({ length: classes }, (_, k) =>
      Array.from({ length: outputs }, (_, j) => (j === k ? 1 : 0)),
    );
  }
  const { words } = readCode(name);
  if (words.length < classes) throw new CodeError(name, `has ${words.length} words, not ${classes}`);
  if (words.some((word) => word.length !== outputs))
    throw new CodeError(name, `has words of another length than the profile's ${outputs} outputs`);
  return words.slice(0, classes);
}

/** Every code there is, by its file's name; imported, not read, so that a browser has them too. */
const CODES: Readonly<Record<string, unknown>> = { bch16, tetra5 };

/** A code's file: its rule, in words, and all its words. */
export function readCode(name: string): { readonly rule: string; readonly words: Code } {
  if (!/^[a-z0-9-]+$/.test(name))
    throw new CodeError(name, "cannot be read (a name has small letters, digits and dashes)");
  const json = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (json === undefined) throw new CodeError(name, `is none of ${Object.keys(CODES).join(", ")}`);
  const parsed = codeSchema.safeParse(json);
  if (!parsed.success) throw new CodeError(name, `is no code: ${parsed.error.message}`);
  return parsed.data;
}

/** |word_k|² of every word. */
export function squaredNorms(code: Code): number[] {
  return code.map((word) => word.reduce((sum, value) => sum + value * value, 0));
}

/** Whether all words are equally long, so that fits need no norms. */
export function isEquallyLong(code: Code): boolean {
  const norms = squaredNorms(code);
  return norms.every((norm) => norm === norms[0]);
}

/**
 * fit_k of every class, for scores of which 2^scaleBits stands for 1. The largest is the answer.
 *
 * @param scores m integers
 */
export function codeFits(scores: readonly bigint[], code: Code, scaleBits: number): bigint[] {
  const equal = isEquallyLong(code);
  return code.map((word) => {
    const inner = word.reduce((sum, value, j) => sum + BigInt(value) * cell(scores, j), 0n);
    if (equal) return inner;
    const norm = word.reduce((sum, value) => sum + value * value, 0);
    return 2n * inner - (BigInt(norm) << BigInt(scaleBits));
  });
}

/** The class whose word fits the scores best; of several the first. */
export function bestClass(scores: readonly bigint[], code: Code, scaleBits: number): number {
  const fits = codeFits(scores, code, scaleBits);
  return fits.reduce((best, fit, k) => (fit > cell(fits, best) ? k : best), 0);
}

/** Bounds |fit_k − fit_l| for scores of at most `bound`, as `leadBound` in circuits/lib/code.circom does. */
export function leadBound(code: Code, scaleBits: number, bound: bigint): bigint {
  const sums = code.map((word) => word.reduce((sum, value) => sum + Math.abs(value), 0));
  const longest = BigInt(Math.max(...sums));
  if (isEquallyLong(code)) return 2n * longest * bound;
  return 4n * longest * bound + ((longest * BigInt(largestEntry(code))) << BigInt(scaleBits));
}

/** The largest |word_k[j]|. */
export function largestEntry(code: Code): number {
  return Math.max(...code.flat().map(Math.abs));
}

/** The word of a class. */
export function wordOf(code: Code, klass: number): readonly number[] {
  const word = code[klass];
  if (word === undefined)
    throw new CodeError("in use", `has no class ${klass}; it has 0 … ${code.length - 1}`);
  return word;
}

/** A code that is not there, or does not fit its profile. */
export class CodeError extends Error {
  override readonly name = "Codes.Code";
  constructor(name: string, problem: string, cause?: unknown) {
    super(`The code "${name}" ${problem}. Correct circuits/circuits.json or circuits/codes/.`, { cause });
  }
}
