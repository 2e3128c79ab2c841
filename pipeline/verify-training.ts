/**
 * The training part of a bundle: what its proofs state, and the three identities that tie them together. The
 * random point is derived here from the model's id and the batches' roots, never read from the bundle.
 */
import {
  checkTrainingIdentities,
  commitMatrix,
  type Profile,
  residualBound,
  type Statement,
} from "../prover/browser.ts";
import type { EpochBundle } from "./bundle-format.ts";
import { rhoOf, trainingSeed } from "./chain/ids.ts";

type ProofJson = EpochBundle["adjoint"]["proof"];

/**
 * The statements of a bundle's training proof, with their proofs; none for a model registered as unproven.
 */
export function trainingStatementsOf(
  bundle: EpochBundle,
  profile: Profile,
): Array<{ readonly statement: Statement; readonly proof: ProofJson }> {
  const { training, model } = bundle;
  if (training === null) return [];
  const batches = model.contributors.flatMap((contributor) => contributor.batches);
  const roots = batches.map((batch) => BigInt(batch.root));
  const place = { chainId: bundle.chainId, training: bundle.contracts.training, modelId: model.id };
  const [rho1, rho2, rho3] = rhoOf(trainingSeed({ ...place, roots }));
  const commitV = BigInt(training.commitV);
  return [
    ...training.samples.map(({ g, a, proof }, index) => ({
      statement: {
        circuit: "samples" as const,
        ...{ rho1, rho2, rho3, commitV },
        root: roots[index] ?? 0n,
        count: BigInt(batches[index]?.count ?? 0),
        g: BigInt(g),
        a: BigInt(a),
      },
      proof,
    })),
    ...training.contributors.map(({ commitG, value, proof }) => ({
      statement: {
        circuit: "contributors" as const,
        ...{ rho1, rho2 },
        commitG: commitG.map(BigInt),
        value: value.map(BigInt),
      },
      proof,
    })),
    {
      statement: {
        circuit: "model" as const,
        ...{ rho1, rho2, rho3, commitV },
        commitW: BigInt(model.commitW),
        commitA: BigInt(model.commitA),
        commitR: BigInt(model.commitR),
        bound: residualBound(profile, model.samples, BigInt(model.lambda)),
        wValue: BigInt(training.model.wValue),
        aValue: BigInt(training.model.aValue),
        rValue: BigInt(training.model.rValue),
      },
      proof: training.model.proof,
    },
  ];
}

/** What is wrong with the training's statements, apart from their proofs; undefined when nothing is. */
export function trainingProblem(bundle: EpochBundle, profile: Profile): string | undefined {
  const { training, model } = bundle;
  if (training === null) {
    return model.unproven
      ? undefined
      : "the model is not registered as unproven, and there is no training proof";
  }
  if (model.unproven) return "the model is registered as unproven, and the bundle claims a training proof";
  const count = model.contributors.reduce((sum, { batches }) => sum + batches.length, 0);
  if (training.samples.length !== count)
    return `${training.samples.length} batches are proven, the model has ${count}`;
  const nullG = commitMatrix("G", new Array<bigint>(profile.d * profile.m).fill(0n), 0n, profile);
  const groups = Math.ceil(model.contributors.length / profile.contributors);
  if (training.contributors.length !== groups) {
    return `${training.contributors.length} groups of contributors are proven, the model has ${groups}`;
  }
  const values: bigint[] = [];
  for (const [index, group] of training.contributors.entries()) {
    if (group.value.length !== profile.contributors || group.commitG.length !== profile.contributors) {
      return `contributors' group ${index + 1} has the wrong size`;
    }
    for (let slot = 0; slot < profile.contributors; slot++) {
      const contributor = model.contributors[index * profile.contributors + slot];
      const expected = contributor === undefined ? nullG : BigInt(contributor.commitG);
      if (BigInt(group.commitG[slot] ?? "") !== expected) {
        return `contributors' group ${index + 1} names another contributor in place ${slot + 1}`;
      }
      if (contributor === undefined && group.value[slot] !== "0") {
        return `contributors' group ${index + 1} has a value in an empty place`;
      }
      if (contributor !== undefined) values.push(BigInt(group.value[slot] ?? ""));
    }
  }
  let next = 0;
  return checkTrainingIdentities({
    profile,
    lambda: BigInt(model.lambda),
    contributors: model.contributors.map(({ batches }, index) => ({
      value: values[index] ?? 0n,
      batches: batches.map(() => {
        const entry = training.samples[next++];
        return { g: BigInt(entry?.g ?? ""), a: BigInt(entry?.a ?? "") };
      }),
    })),
    model: {
      wValue: BigInt(training.model.wValue),
      aValue: BigInt(training.model.aValue),
      rValue: BigInt(training.model.rValue),
    },
  });
}
