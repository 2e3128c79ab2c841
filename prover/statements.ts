/**
 * Statements: what a proof claims, by name, and the one order in which its public signals stand.
 *
 * The order is that of the `signal input`s in the circuits' templates (all public signals are inputs; there
 * are no outputs), and the contracts build the same list from their own state:
 *
 *   inference  context, commitW, commitQIn, commitQOut, receiptsRoot, feeTotal
 *   adjoint    commitA, commitQ, commitY, lambda
 *   weights    commitY, commitG[g], w[g]
 *
 * Pitfall: a verifier that accepts a value at or beyond the field's order accepts the same statement under
 * many names. Both directions here refuse such values.
 */
import { assertField } from "./field.ts";
import type { CircuitName, Profile } from "./profile.ts";

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

export type Statement =
  | ({ readonly circuit: "inference" } & InferenceStatement)
  | ({ readonly circuit: "adjoint" } & AdjointStatement)
  | ({ readonly circuit: "weights" } & WeightsStatement);

/** Number of public signals of a circuit. */
export function publicCount(circuit: CircuitName, profile: Profile): number {
  return { inference: 6, adjoint: 4, weights: 1 + 2 * profile.contributors }[circuit];
}

/**
 * The public signals of a statement, in the circuit's order.
 *
 * @throws {StatementsShapeError} when a weights statement is not padded to the profile's group size.
 * @throws {FieldElementError} when a value is not a field element.
 */
export function publicSignals(statement: Statement, profile: Profile): bigint[] {
  const signals = listSignals(statement);
  if (
    signals.length !== publicCount(statement.circuit, profile) ||
    (statement.circuit === "weights" && statement.commitG.length !== statement.w.length)
  ) {
    throw new StatementsShapeError(
      statement.circuit,
      signals.length,
      publicCount(statement.circuit, profile),
    );
  }
  for (const signal of signals) assertField(signal, "public signal");
  return signals;
}

function listSignals(s: Statement): bigint[] {
  switch (s.circuit) {
    case "inference":
      return [s.context, s.commitW, s.commitQIn, s.commitQOut, s.receiptsRoot, s.feeTotal];
    case "adjoint":
      return [s.commitA, s.commitQ, s.commitY, s.lambda];
    case "weights":
      return [s.commitY, ...s.commitG, ...s.w];
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
  const at = (i: number): bigint => signals[i] as bigint; // the length was checked above
  switch (circuit) {
    case "inference":
      return {
        circuit,
        context: at(0),
        commitW: at(1),
        commitQIn: at(2),
        commitQOut: at(3),
        receiptsRoot: at(4),
        feeTotal: at(5),
      };
    case "adjoint":
      return { circuit, commitA: at(0), commitQ: at(1), commitY: at(2), lambda: at(3) };
    case "weights": {
      const g = profile.contributors;
      return { circuit, commitY: at(0), commitG: signals.slice(1, 1 + g), w: signals.slice(1 + g) };
    }
  }
}

/** The wrong number of public signals. */
export class StatementsShapeError extends Error {
  override readonly name = "Statements.Shape";
  constructor(circuit: CircuitName, count: number, expected: number) {
    super(
      `The ${circuit} statement has ${count} public signals, not ${expected}. Check the profile` +
        (circuit === "weights" ? ", and pad groups with the null G and w = 0." : "."),
    );
  }
}
