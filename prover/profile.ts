/**
 * Profiles: every size and every width that the circuits are built with, read from one manifest.
 *
 * `circuits/circuits.json` is the only place where a number like "45 queries" stands. The circuits get it as
 * template parameters (through {@link mainSource}), the TypeScript gets it as a {@link Profile}; so the two
 * cannot disagree, and a circuit's hash changes when its profile does.
 *
 * `xBits` is the width of a signed value: the range [-2^(b-1), 2^(b-1)). Three are unsigned, [0, 2^b):
 * `feeBits`, `lambdaBits` and `scoreDiffBits` (the lead of the winning score over another is never negative).
 *
 * Pitfall: widths are not free choices. {@link rangeProblems} holds the arithmetic that ties them to the
 * sizes; a profile that breaks one of its lines is refused, because an honest witness could then be
 * unprovable, or a sum could wrap around the field.
 */
import { z } from "zod";
import circuitsJson from "../circuits/circuits.json" with { type: "json" };
import { type Code, largestEntry, leadBound, loadCode, ONE_HOT, squaredNorms } from "./codes.ts";

/** The circuits, in the order in which reports and tables list them. */
export const CIRCUIT_NAMES = [
  "samples",
  "contributors",
  "model",
  "inference",
  "adjoint",
  "weights",
  "duplicate",
  "inclusion",
] as const;
export type CircuitName = (typeof CIRCUIT_NAMES)[number];

/**
 * The profiles: `default` (up to 10 classes, an output each) and `tickets32` (up to 77 classes that share 16
 * outputs, see codes.ts) for use, `tiny` and `tiny-codes` for tests (the real widths, small sizes).
 */
export const PROFILE_NAMES = ["tiny", "default", "tiny-codes", "tickets32"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

const size = z.number().int().positive();
const bits = z.number().int().min(2).max(250);

const sizesSchema = z.strictObject({
  d: size,
  m: size,
  classes: size,
  code: z.string(),
  scaleBits: bits,
  adjointBits: bits,
  maxSamples: size,
  batchRecords: size,
  queries: size,
  contributors: size,
  feeBits: bits,
  wBits: bits,
  aBits: bits,
  qBits: bits,
  yBits: bits,
  rBits: bits,
  sBits: bits,
  lambdaBits: bits,
  scoreDiffBits: bits,
});

/**
 * A record with the same value for every circuit: the shape of schemas and tables that must name them all.
 *
 * @example `z.strictObject(forEachCircuit(z.string()))`
 */
export function forEachCircuit<T>(value: T): Record<CircuitName, T> {
  return Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, value])) as Record<CircuitName, T>;
}

/** What a template may be called with: a number of the profile, or the words of its code. */
const parameter = z.union([sizesSchema.omit({ code: true }).keyof(), z.literal("words")]);

const templateSchema = z.strictObject({
  file: z.string(),
  template: z.string(),
  parameters: z.array(parameter),
});

/** `coded` is the template for profiles with another code than one-hot, where that makes a difference. */
const circuitSchema = templateSchema.extend({
  public: z.array(z.string()),
  coded: templateSchema.optional(),
});

const manifestSchema = z.strictObject({
  format: z.literal("quittance-circuits/1"),
  optimisation: z.enum(["--O0", "--O1", "--O2"]),
  circuits: z.strictObject(forEachCircuit(circuitSchema)),
  profiles: z.strictObject(
    Object.fromEntries(PROFILE_NAMES.map((name) => [name, sizesSchema])) as Record<
      ProfileName,
      typeof sizesSchema
    >,
  ),
});

/** Sizes and widths of one profile. Read-only data; the fields are explained in circuits/README.md. */
export type Profile = Readonly<z.infer<typeof sizesSchema>> & {
  readonly name: ProfileName;
  /** The word of each class, `classes` of m integers. */
  readonly words: Code;
};

/** Where a circuit's template stands, what it is called with, and its public signals in order. */
export type CircuitSource = Readonly<z.infer<typeof templateSchema>> & { readonly public: readonly string[] };

type Manifest = z.infer<typeof manifestSchema>;

let cached: Manifest | undefined;

function manifest(): Manifest {
  if (cached === undefined) {
    const parsed = manifestSchema.safeParse(circuitsJson);
    if (!parsed.success) {
      throw new ProfileManifestError(
        `circuits/circuits.json is not a valid manifest: ${parsed.error.message}`,
      );
    }
    cached = parsed.data;
  }
  return cached;
}

/**
 * Reads a profile from `circuits/circuits.json`.
 *
 * @throws {ProfileUnknownError} when there is no such profile.
 * @throws {ProfileRangeError} when its widths do not fit its sizes.
 * @example `loadProfile("default").d // 32`
 */
export function loadProfile(name: ProfileName): Profile {
  if (!PROFILE_NAMES.includes(name)) throw new ProfileUnknownError(name);
  const sizes = manifest().profiles[name];
  const words = loadCode(sizes.code, sizes.classes, sizes.m);
  const profile: Profile = Object.freeze({ name, ...sizes, words });
  const problems = rangeProblems(profile);
  if (problems.length > 0) throw new ProfileRangeError(name, problems);
  return profile;
}

/** The source of a circuit: file, template, parameters and public signals. */
export function circuitSource(circuit: CircuitName, profile: Pick<Profile, "code">): CircuitSource {
  const { coded, public: publics, ...plain } = manifest().circuits[circuit];
  return { ...(profile.code === ONE_HOT ? plain : (coded ?? plain)), public: publics };
}

/** The compiler's optimisation option that every circuit is built with, such as `--O1`. */
export function circuitOptimisation(): string {
  return manifest().optimisation;
}

/**
 * Text of the main file of a circuit: pragma, include, and the one `component main`.
 *
 * To be compiled from the repository's root with `-l . -l node_modules`: the include is relative to the root.
 */
export function mainSource(profile: Profile, circuit: CircuitName): string {
  const source = circuitSource(circuit, profile);
  const values = source.parameters.map((name) =>
    name === "words" ? JSON.stringify(profile.words) : String(profile[name]),
  );
  return [
    "pragma circom 2.1.0;",
    "",
    `include "${source.file}";`,
    "",
    `// ${profile.name}: ${source.template}(${source.parameters.join(", ")})`,
    `component main {public [${source.public.join(", ")}]} = ${source.template}(${values.join(", ")});`,
    "",
  ].join("\n");
}

/**
 * The arithmetic that ties widths to sizes. Each line is a bound on the largest honest value (so that every
 * honest run can be proven) or on the largest value that a dishonest one can reach (so that nothing wraps
 * around the field, whose order exceeds 2^253).
 *
 * @returns one sentence per broken rule; empty when the profile is sound.
 */
export function rangeProblems(p: Profile): string[] {
  const d = BigInt(p.d);
  const h = 128n; // |feature| <= 2^7
  const half = (b: number): bigint => 1n << BigInt(b - 1); // bounds |v| of a signed v
  const entry = BigInt(largestEntry(p.words)); // 1 for one-hot
  // |e| <= 2^S·entry + d·2^7·2^(wBits-1), and an entry of any sum of h·eᵀ over samples is within this:
  const gradient = BigInt(p.maxSamples) * h * ((entry << BigInt(p.scaleBits)) + d * half(p.wBits) * h);
  const norms = squaredNorms(p.words);
  const rules: [string, boolean][] = [
    [
      "aBits: |A_jk| <= maxSamples·2^14 must be below 2^(aBits-1)",
      BigInt(p.maxSamples) * h * h < half(p.aBits),
    ],
    [
      "scoreDiffBits: two classes' fits to scores of d·2^7·2^(wBits-1) must differ by less than 2^scoreDiffBits",
      leadBound(p.words, p.scaleBits, d * h * half(p.wBits)) < 1n << BigInt(p.scoreDiffBits),
    ],
    [
      "qBits: one proof's queries add at most queries·2^feeBits·2^7 per unit of a word, to be below 2^(qBits-1)",
      (BigInt(p.queries) << BigInt(p.feeBits)) * h * entry < half(p.qBits),
    ],
    [
      "code: the words differ, and word 0, which padding is answered with, is a shortest one",
      new Set(p.words.map(String)).size === p.words.length &&
        norms.every((norm) => norm >= (norms[0] as number)),
    ],
    [
      "rBits: Y rounded by a half leaves |R| <= (d·2^(aBits-1) + 2^lambdaBits)/2, to be below 2^(rBits-1)",
      d * half(p.aBits) + (1n << BigInt(p.lambdaBits)) < 2n * half(p.rBits),
    ],
    [
      "yBits: both sides of A_λY = 2^T·Q + R must stay below 2^252",
      (d * half(p.aBits) + (1n << BigInt(p.lambdaBits))) * half(p.yBits) < 1n << 252n &&
        (half(p.qBits) << BigInt(p.adjointBits)) + half(p.rBits) < 1n << 252n,
    ],
    [
      "sBits: the largest exact influence must stay below 2^252, and sBits below 252",
      d * BigInt(p.m) * gradient * half(p.yBits) < 1n << 252n && p.sBits < 252,
    ],
    [
      "scaleBits: the sides of Σ G = λW + R must stay below 2^252, or agreement modulo p would not be enough",
      gradient < 1n << 252n && (half(p.wBits) << BigInt(p.lambdaBits)) + half(p.rBits) < 1n << 252n,
    ],
  ];
  return rules.filter(([, holds]) => !holds).map(([sentence]) => sentence);
}

/** The manifest cannot be read as one. */
export class ProfileManifestError extends Error {
  override readonly name = "Profile.Manifest";
}

/** No such profile. */
export class ProfileUnknownError extends Error {
  override readonly name = "Profile.Unknown";
  constructor(profile: string) {
    super(`There is no profile "${profile}". Use one of: ${PROFILE_NAMES.join(", ")}.`);
  }
}

/** Widths that do not fit the sizes. */
export class ProfileRangeError extends Error {
  override readonly name = "Profile.Range";
  constructor(profile: string, problems: readonly string[]) {
    super(
      `Profile "${profile}" in circuits/circuits.json is not sound. Correct:\n- ${problems.join("\n- ")}`,
    );
  }
}
