/**
 * Witness builder of the `inclusion` circuit: a receipt is in a batch of an epoch.
 *
 * The operator needs it to answer a payer who says that its receipt was left out. It shows one leaf, and
 * keeps the others and the place to itself.
 */
import { nullLeaf, receiptsRoot } from "./commitments.ts";
import type { Profile } from "./profile.ts";
import type { InclusionStatement } from "./statements.ts";
import { type CircuitInput, decimal, scalars } from "./witness-input.ts";

/** What one inclusion proof is made of. */
export type InclusionInputs = {
  readonly profile: Profile;
  /** The batch's, as in its `inference` proof. */
  readonly context: bigint;
  /** Leaves of the batch's receipts, at most `profile.queries`. */
  readonly leaves: readonly bigint[];
  /** Place of the receipt among them. */
  readonly place: number;
};

/**
 * Statement and input of the `inclusion` circuit.
 *
 * @throws {WitnessPlaceError} when there is no receipt at that place.
 * @throws {CommitmentsLengthError} when there are more leaves than a batch takes.
 */
export function inclusionWitness({ profile, context, leaves, place }: InclusionInputs): {
  statement: InclusionStatement;
  input: CircuitInput;
} {
  const leaf = leaves[place];
  if (leaf === undefined) throw new WitnessPlaceError(place, leaves.length);
  const statement = { context, receiptsRoot: receiptsRoot(leaves, context, profile), leaf };
  const places = Array.from({ length: profile.queries }, (_, q) => q);
  const padding = nullLeaf(profile);
  return {
    statement,
    input: {
      ...scalars(statement),
      leaves: places.map((q) => decimal(leaves[q] ?? padding)),
      mark: places.map((q) => (q === place ? "1" : "0")),
    },
  };
}

/** There is no receipt at the place. */
export class WitnessPlaceError extends Error {
  override readonly name = "Witness.Place";
  constructor(place: number, count: number) {
    super(`There is no receipt at place ${place}: the batch has ${count}. Give the receipt's place, from 0.`);
  }
}
