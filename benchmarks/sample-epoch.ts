// An epoch of a profile's full shape with everything that its proofs need, for benchmarks and tests of the
// contracts: what is paid and who signs is up to them.
//
// The numbers mean nothing and every statement is true: random W and G_c, answers that are argmaxes of W,
// and a diagonal A, so that Y = round(2^T Q / (a_j + λ)) is one division an entry.

import { createHash } from "node:crypto";
import {
  adjointWitness,
  bestClass,
  type CircuitInput,
  commitMatrix,
  type DataRecord,
  inferenceWitness,
  type Profile,
  recordLeaf,
  recordScores,
  weightsWitness,
} from "../prover/index.ts";

/** Private matrices of a model, and their commitments. */
export type SampleModel = {
  readonly w: readonly bigint[];
  readonly saltW: bigint;
  readonly a: readonly bigint[];
  readonly saltA: bigint;
  readonly lambda: bigint;
  readonly gradients: readonly (readonly bigint[])[];
  readonly saltsG: readonly bigint[];
  readonly commitW: bigint;
  readonly commitA: bigint;
  readonly commitG: readonly bigint[];
};

/** What each proof of an epoch is made from, and what is public of it. */
export type SampleEpoch = {
  readonly inference: readonly {
    readonly input: CircuitInput;
    readonly receiptsRoot: bigint;
    /** Of the receipts behind the root. */
    readonly leaves: readonly bigint[];
    readonly commitQ: bigint;
    readonly feeTotal: bigint;
  }[];
  readonly adjoint: { readonly input: CircuitInput; readonly commitY: bigint };
  readonly weights: readonly {
    readonly input: CircuitInput;
    readonly w: readonly bigint[];
    readonly commitG: readonly bigint[];
  }[];
  /** Of all contributors, without the places that nobody has. */
  readonly w: readonly bigint[];
};

type Draw = { readonly unsigned: (bits: number) => bigint; readonly signed: (bits: number) => bigint };

/** A model with this many contributors. The same seed gives the same model. */
export function sampleModel(profile: Profile, contributors: number, seed: string): SampleModel {
  const draw = drawFrom(seed);
  const cells = profile.d * profile.m;
  const w = fill(cells, () => draw.signed(profile.wBits - 2));
  const a = fill(profile.d, (j) =>
    fill(profile.d - j, (k) => (k === 0 ? draw.unsigned(profile.aBits - 2) : 0n)),
  ).flat();
  const gradients = fill(contributors, () => fill(cells, () => draw.signed(36)));
  const [saltW, saltA] = [draw.unsigned(248), draw.unsigned(248)];
  const saltsG = gradients.map(() => draw.unsigned(248));
  return {
    w,
    saltW,
    a,
    saltA,
    lambda: 32_768n,
    gradients,
    saltsG,
    commitW: commitMatrix("W", w, saltW, profile),
    commitA: commitMatrix("A", a, saltA, profile),
    commitG: gradients.map((gradient, c) => commitMatrix("G", gradient, saltsG[c] as bigint, profile)),
  };
}

/** An epoch of full batches; `contexts` holds the context of each. */
export function sampleEpoch(
  profile: Profile,
  model: SampleModel,
  contexts: readonly bigint[],
  seed: string,
): SampleEpoch {
  const draw = drawFrom(seed);
  let q: readonly bigint[] = fill(profile.d * profile.m, () => 0n);
  let saltQ = 0n;
  const inference = contexts.map((context) => {
    const saltQOut = draw.unsigned(248);
    const records = fill(profile.queries, () => answered(profile, model, draw));
    const { w, saltW } = model;
    const made = inferenceWitness({
      profile,
      context,
      w,
      saltW,
      qIn: q,
      saltQIn: saltQ,
      saltQOut,
      records,
    });
    [q, saltQ] = [made.qOut, saltQOut];
    const { receiptsRoot, commitQOut, feeTotal } = made.statement;
    const leaves = records.map((record) => recordLeaf(record, profile));
    return { input: made.input, receiptsRoot, leaves, commitQ: commitQOut, feeTotal };
  });
  const { a, saltA, lambda } = model;
  const [y, saltY] = [solveDiagonal(profile, model, q), draw.unsigned(248)];
  const adjoint = adjointWitness({ profile, a, saltA, q, saltQ, y, saltY, lambda });
  const weights = fill(Math.ceil(model.gradients.length / profile.contributors), (group) => {
    const [from, to] = [group * profile.contributors, (group + 1) * profile.contributors];
    const [gradients, salts] = [model.gradients.slice(from, to), model.saltsG.slice(from, to)];
    const { input, statement } = weightsWitness({ profile, y, saltY, gradients, salts });
    return { input, w: statement.w, commitG: statement.commitG };
  });
  const w = weights.flatMap((group) => group.w).slice(0, model.gradients.length);
  return { inference, adjoint: { input: adjoint.input, commitY: adjoint.statement.commitY }, weights, w };
}

/** A record with random features, answered by the model, for a fee of 1 to 4,096 units. */
function answered(profile: Profile, model: SampleModel, draw: Draw): DataRecord {
  const features = Int8Array.from(fill(profile.d, () => Number(draw.signed(8))));
  const klass = bestClass(recordScores(features, model.w, profile.m), profile.words, profile.scaleBits);
  const weight = 1 + Number(draw.unsigned(12));
  return { features, klass, digest: draw.unsigned(248), salt: draw.unsigned(248), weight };
}

/** Y = round(2^T Q / (a_j + λ)) for a diagonal A. */
function solveDiagonal(profile: Profile, model: SampleModel, q: readonly bigint[]): bigint[] {
  let at = 0;
  const diagonal = fill(profile.d, (j) => {
    const value = (model.a[at] as bigint) + model.lambda;
    at += profile.d - j;
    return value;
  });
  return q.map((value, i) => {
    const divisor = diagonal[Math.floor(i / profile.m)] as bigint;
    const doubled = (value << BigInt(profile.adjointBits + 1)) + divisor;
    const quotient = doubled / (2n * divisor);
    return doubled < 0n && quotient * 2n * divisor !== doubled ? quotient - 1n : quotient;
  });
}

function drawFrom(seed: string): Draw {
  let count = 0;
  const unsigned = (bits: number): bigint => {
    const digest = createHash("sha256").update(`${seed}/${count++}`).digest("hex");
    return BigInt(`0x${digest}`) >> BigInt(256 - bits);
  };
  return { unsigned, signed: (bits) => unsigned(bits) - (1n << BigInt(bits - 1)) };
}

function fill<T>(length: number, make: (index: number) => T): T[] {
  return Array.from({ length }, (_, index) => make(index));
}
