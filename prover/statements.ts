/**
 * Statements: what a proof claims, by name, and the one order in which its public signals stand.
 *
 * The order is that of the `signal input`s in the circuits' templates (all public signals are inputs; there
 * are no outputs), and the contracts build the same list from their own state:
 *
 *   samples       rho1, rho2, rho3, commitV, root, count, g, a
 *   contributors  rho1, rho2, commitG[g], value[g]
 *   model         rho1, rho2, rho3, commitW, commitA, commitR, commitV, bound, wValue, aValue, rValue
 *   inference     context, commitW, commitQIn, commitQOut, receiptsRoot, feeTotal
 *   adjoint       commitA, commitQ, commitY, lambda
 *   weights       commitY, commitG[g], w[g]
 *   duplicate     rootEarlier, rootLater, challenger
 *   inclusion     context, receiptsRoot, leaf
 *
 * Pitfall: a verifier that accepts a value at or beyond the field's order accepts the same statement under
 * many names. Both directions here refuse such values.
 */
import { assertField } from "./field.ts";
import type { CircuitName, Profile } from "./profile.ts";

/** The batch behind `root` has `count` samples, and adds g to its contributor's gradient and a to A, at ρ. */
export type SamplesStatement = {
  readonly rho1: bigint;
  readonly rho2: bigint;
  readonly rho3: bigint;
  /** Commitment to v = W(·, ρ2). */
  readonly commitV: bigint;
  readonly root: bigint;
  readonly count: bigint;
  readonly g: bigint;
  readonly a: bigint;
};

/** The committed G_c take these values at (ρ1, ρ2); padded to the profile's group size. */
export type ContributorsStatement = {
  readonly rho1: bigint;
  readonly rho2: bigint;
  readonly commitG: readonly bigint[];
  readonly value: readonly bigint[];
};

/** The committed W, A and R take these values at ρ, |R| is within the bound, and commitV is of W(·, ρ2). */
export type ModelProofStatement = {
  readonly rho1: bigint;
  readonly rho2: bigint;
  readonly rho3: bigint;
  readonly commitW: bigint;
  readonly commitA: bigint;
  readonly commitR: bigint;
  readonly commitV: bigint;
  /** See `residualBound`. */
  readonly bound: bigint;
  /** W(ρ1, ρ2) */
  readonly wValue: bigint;
  /** A(ρ1, ρ3) */
  readonly aValue: bigint;
  /** R(ρ1, ρ2) */
  readonly rValue: bigint;
};

/** These receipts were answered by the committed W, and moved Q from `commitQIn` to `commitQOut`. */
export type InferenceStatement = {
  readonly context: bigint;
  readonly commitW: bigint;
  readonly commitQIn: bigint;
  readonly commitQOut: bigint;
  readonly receiptsRoot: bigint;
  /** Σ of the fees, in fee units. */
  readonly feeTotal: bigint;
};

/** The committed Y is 2^T (A + λI)⁻¹ Q, up to a rounding within the bound. */
export type AdjointStatement = {
  readonly commitA: bigint;
  readonly commitQ: bigint;
  readonly commitY: bigint;
  readonly lambda: bigint;
};

/** w_c = max(0, ⟨G_c, Y⟩) for one group of contributors, padded to the profile's group size. */
export type WeightsStatement = {
  readonly commitY: bigint;
  readonly commitG: readonly bigint[];
  readonly w: readonly bigint[];
};

/**
 * A sample of the one batch and a sample of the other have the same content digest; two places of one batch
 * if the roots are one.
 */
export type DuplicateStatement = {
  readonly rootEarlier: bigint;
  readonly rootLater: bigint;
  /** The account that shows it, as a number: the proof is of use to no other. */
  readonly challenger: bigint;
};

/** The leaf is one of those behind the root of an inference batch. */
export type InclusionStatement = {
  readonly context: bigint;
  readonly receiptsRoot: bigint;
  readonly leaf: bigint;
};

export type Statement =
  | ({ readonly circuit: "samples" } & SamplesStatement)
  | ({ readonly circuit: "contributors" } & ContributorsStatement)
  | ({ readonly circuit: "model" } & ModelProofStatement)
  | ({ readonly circuit: "inference" } & InferenceStatement)
  | ({ readonly circuit: "adjoint" } & AdjointStatement)
  | ({ readonly circuit: "weights" } & WeightsStatement)
  | ({ readonly circuit: "duplicate" } & DuplicateStatement)
  | ({ readonly circuit: "inclusion" } & InclusionStatement);

/**
 * Names of a circuit's public signals, in order; elements of arrays as `commitG[0]`.
 *
 * @example publicNames("adjoint", profile) // ["commitA", "commitQ", "commitY", "lambda"]
 */
export function publicNames(circuit: CircuitName, profile: Profile): string[] {
  const rho = ["rho1", "rho2", "rho3"];
  const each = (name: string): string[] =>
    Array.from({ length: profile.contributors }, (_, i) => `${name}[${i}]`);
  switch (circuit) {
    case "samples":
      return [...rho, "commitV", "root", "count", "g", "a"];
    case "contributors":
      return ["rho1", "rho2", ...each("commitG"), ...each("value")];
    case "model": {
      const commits = ["commitW", "commitA", "commitR", "commitV"];
      return [...rho, ...commits, "bound", "wValue", "aValue", "rValue"];
    }
    case "inference":
      return ["context", "commitW", "commitQIn", "commitQOut", "receiptsRoot", "feeTotal"];
    case "adjoint":
      return ["commitA", "commitQ", "commitY", "lambda"];
    case "weights":
      return ["commitY", ...each("commitG"), ...each("w")];
    case "duplicate":
      return ["rootEarlier", "rootLater", "challenger"];
    case "inclusion":
      return ["context", "receiptsRoot", "leaf"];
  }
}

/** Number of public signals of a circuit. */
export function publicCount(circuit: CircuitName, profile: Profile): number {
  return publicNames(circuit, profile).length;
}

/**
 * The public signals of a statement, in the circuit's order.
 *
 * @throws {StatementsShapeError} when a statement about contributors is not padded to the group size.
 * @throws {FieldElementError} when a value is not a field element.
 */
export function publicSignals(statement: Statement, profile: Profile): bigint[] {
  const signals = listSignals(statement);
  const expected = publicCount(statement.circuit, profile);
  const isPadded = !("commitG" in statement) || statement.commitG.length === profile.contributors;
  if (signals.length !== expected || !isPadded) {
    throw new StatementsShapeError(statement.circuit, signals.length, expected);
  }
  for (const signal of signals) assertField(signal, "public signal");
  return signals;
}

function listSignals(s: Statement): bigint[] {
  switch (s.circuit) {
    case "samples":
      return [s.rho1, s.rho2, s.rho3, s.commitV, s.root, s.count, s.g, s.a];
    case "contributors":
      return [s.rho1, s.rho2, ...s.commitG, ...s.value];
    case "model": {
      const commits = [s.commitW, s.commitA, s.commitR, s.commitV];
      return [s.rho1, s.rho2, s.rho3, ...commits, s.bound, s.wValue, s.aValue, s.rValue];
    }
    case "inference":
      return [s.context, s.commitW, s.commitQIn, s.commitQOut, s.receiptsRoot, s.feeTotal];
    case "adjoint":
      return [s.commitA, s.commitQ, s.commitY, s.lambda];
    case "weights":
      return [s.commitY, ...s.commitG, ...s.w];
    case "duplicate":
      return [s.rootEarlier, s.rootLater, s.challenger];
    case "inclusion":
      return [s.context, s.receiptsRoot, s.leaf];
  }
}

/**
 * Reads public signals back into a statement; the inverse of {@link publicSignals}.
 *
 * @throws {StatementsShapeError} when their number is not the circuit's (snarkjs alone would not notice).
 * @throws {FieldElementError} when a value is not a field element.
 */
export function parsePublicSignals(
  circuit: CircuitName,
  signals: readonly bigint[],
  profile: Profile,
): Statement {
  const expected = publicCount(circuit, profile);
  if (signals.length !== expected) throw new StatementsShapeError(circuit, signals.length, expected);
  for (const signal of signals) assertField(signal, "public signal");
  const g = profile.contributors;
  const at = (i: number): bigint => signals[i] as bigint; // the length was checked above
  const named = <T extends string>(): { [Name in T]: bigint } =>
    Object.fromEntries(publicNames(circuit, profile).map((name, i) => [name, at(i)])) as {
      [Name in T]: bigint;
    };
  switch (circuit) {
    case "samples":
      return { circuit, ...named<keyof SamplesStatement>() };
    case "contributors": {
      const [commitG, value] = [signals.slice(2, 2 + g), signals.slice(2 + g)];
      return { circuit, rho1: at(0), rho2: at(1), commitG, value };
    }
    case "model":
      return { circuit, ...named<keyof ModelProofStatement>() };
    case "inference":
      return { circuit, ...named<keyof InferenceStatement>() };
    case "adjoint":
      return { circuit, ...named<keyof AdjointStatement>() };
    case "weights":
      return { circuit, commitY: at(0), commitG: signals.slice(1, 1 + g), w: signals.slice(1 + g) };
    case "duplicate":
      return { circuit, ...named<keyof DuplicateStatement>() };
    case "inclusion":
      return { circuit, ...named<keyof InclusionStatement>() };
  }
}

/** The wrong number of public signals. */
export class StatementsShapeError extends Error {
  override readonly name = "Statements.Shape";
  constructor(circuit: CircuitName, count: number, expected: number) {
    super(
      `The ${circuit} statement has ${count} public signals, not ${expected}. Check the profile` +
        (["weights", "contributors"].includes(circuit) ? ", and pad groups with the null G and 0." : "."),
    );
  }
}
