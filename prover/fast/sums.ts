/**
 * Sums of multiples of points in the forms of files and of the curve's library, and the thread's one kernel,
 * which they share with the transforms.
 *
 * The library, like a zkey, holds a coordinate v as v·2^256 modulo q; the kernel as v·2^261.
 */

import { type Curve, shareSingleThreadCurve } from "../engine/curve.ts";
import { FIELD } from "../field.ts";
import { BASE_FIELD } from "../groth16.ts";
import { type Kernel, openKernel } from "./kernel.ts";
import { MONTGOMERY_BITS, VALUE_BYTES } from "./limbs.ts";
import { multiexp, type Term } from "./multiexp.ts";

/** Addresses of factors. */
export type Constants = {
  /** Base field: a file's form to the kernel's, and back. */
  readonly fromFile: number;
  readonly toFile: number;
  /** Scalar field: what makes of a wire w the w·2^10·R that a coefficient v·2^512 turns into v·w·R. */
  readonly wires: number;
  /** The number one, which takes a value out of Montgomery form. */
  readonly plain: number;
};

/** Σ k_i·P_i of points as in a zkey and scalars of 32 bytes, as a Jacobian point of the curve's library. */
export type Sums = (group: "g1" | "g2", points: Uint8Array, scalars: Uint8Array) => Uint8Array;

/** What a thread keeps. Whoever uses it does so without waiting in between: the arena is one. */
export type Workshop = {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly curve: Curve;
  readonly sums: Sums;
};

const FILE_BITS = 256n;

let workshop: Promise<Workshop> | undefined;

/** The thread's kernel, with its constants in place. */
export function openWorkshop(): Promise<Workshop> {
  workshop ??= makeWorkshop();
  return workshop;
}

async function makeWorkshop(): Promise<Workshop> {
  const curve = await shareSingleThreadCurve();
  const kernel = openKernel();
  const constant = (value: bigint): number => {
    const address = kernel.alloc(VALUE_BYTES);
    kernel.write(address, value);
    return address;
  };
  const constants = {
    fromFile: constant((1n << (2n * MONTGOMERY_BITS - FILE_BITS)) % BASE_FIELD),
    toFile: constant((1n << FILE_BITS) % BASE_FIELD),
    wires: constant((1n << (3n * MONTGOMERY_BITS - 2n * FILE_BITS)) % FIELD),
    plain: constant(1n),
  };
  const sums: Sums = (group, points, scalars) =>
    kernel.scoped(() => {
      const terms = multiexp(kernel, group, points, scalars, constants.fromFile);
      const [of, values] = group === "g1" ? [curve.G1, 2] : [curve.G2, 4];
      return collect({ kernel, constants }, of, values, terms);
    });
  return { kernel, constants, curve, sums };
}

/** Sums up terms, each 2^bit times a point: from the highest bit down, doubling. */
function collect(
  { kernel, constants }: Pick<Workshop, "kernel" | "constants">,
  group: Curve["G1"],
  values: number,
  terms: Term[],
): Uint8Array {
  const byBit: Uint8Array[][] = [];
  const [value, packed] = [kernel.alloc(VALUE_BYTES), kernel.alloc(32)];
  for (const { bit, address } of terms) {
    const point = new Uint8Array(32 * values);
    for (let i = 0; i < values; i++) {
      kernel.call.q_scale(value, address + i * VALUE_BYTES, 1, constants.toFile, 0);
      kernel.call.pack(packed, value);
      point.set(kernel.bytes().subarray(packed, packed + 32), 32 * i);
    }
    byBit[bit] ??= [];
    byBit[bit].push(point);
  }
  let sum = group.zero;
  for (let bit = byBit.length - 1; bit >= 0; bit--) {
    sum = group.double(sum);
    for (const point of byBit[bit] ?? []) sum = group.add(sum, point);
  }
  return sum;
}
