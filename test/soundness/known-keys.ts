// Keys of known secret in place of a profile's own, and a prover for them that is honest all the same: it
// asks the real circuit's witness generator first, and states what the witness says. What it cannot find a
// witness of it does not prove, although it could. So a proof costs milliseconds, and means what a proof
// means.

import type { Provable, Proved } from "../../pipeline/jobs/proving.ts";
import {
  CIRCUIT_NAMES,
  type Circuit,
  type CircuitName,
  type Keys,
  type Profile,
  proofFromWords,
  publicCount,
  publicSignals,
  type VerifyingKey,
} from "../../prover/index.ts";
import { generateWitness } from "../circuits/generator.ts";
import { arithmetic, type TrapdoorKey, trapdoorKey } from "../verifier-contracts/groth.ts";
import { randomFrom } from "../verifier-contracts/random.ts";

type Circuits = Readonly<Record<CircuitName, Circuit>>;

export type KnownKeys = { readonly keys: Keys; prove(provables: readonly Provable[]): Promise<Proved[]> };

/** `real` with every verifying key replaced. */
export async function knownKeys(real: Keys, circuits: Circuits, profile: Profile): Promise<KnownKeys> {
  const random = randomFrom("known keys");
  const curve = await arithmetic();
  const setup = { alpha: random.field(), beta: random.field(), gamma: random.field() };
  const known = new Map<CircuitName, TrapdoorKey>();
  for (const name of CIRCUIT_NAMES)
    known.set(name, trapdoorKey(curve, setup, publicCount(name, profile), random));
  const keyOf = (name: CircuitName): TrapdoorKey => known.get(name) as TrapdoorKey;
  return {
    keys: { ...real, vkey: (name) => verifyingKeyOf(keyOf(name).words) },
    async prove(provables) {
      const proved: Proved[] = [];
      for (const { label, statement, input } of provables) {
        const signals = publicSignals(statement, profile);
        const witness = await generateWitness(circuits[statement.circuit].wasmPath, input as never);
        if (witness.slice(1, signals.length + 1).join() !== signals.join())
          throw new Error(`The ${statement.circuit} circuit says something else than the statement.`);
        const proof = proofFromWords(keyOf(statement.circuit).prove(signals));
        proved.push({ label, statement, proof, seconds: 0 });
      }
      return proved;
    },
  };
}

/** The inverse of `verifyingKeyWords`. */
function verifyingKeyOf(words: readonly bigint[]): VerifyingKey {
  const text = words.map(String);
  const g1 = (at: number): string[] => [text[at] as string, text[at + 1] as string, "1"];
  const g2 = (at: number): string[][] => {
    const [x1, x0, y1, y0] = text.slice(at, at + 4) as [string, string, string, string];
    return [
      [x0, x1],
      [y0, y1],
      ["1", "0"],
    ];
  };
  const IC = Array.from({ length: (words.length - 14) / 2 }, (_, i) => g1(14 + 2 * i));
  return {
    ...{ protocol: "groth16", curve: "bn128", nPublic: IC.length - 1, IC },
    ...{ vk_alpha_1: g1(0), vk_beta_2: g2(2), vk_gamma_2: g2(6), vk_delta_2: g2(10) },
  };
}
