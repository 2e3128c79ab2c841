/**
 * BN254 in WebAssembly (npm's `ffjavascript`), in the two forms that this room needs.
 *
 * - {@link shareSingleThreadCurve}: the curve object that snarkjs finds when it asks for one. Left alone,
 *   snarkjs starts a worker for every core, which keeps the process alive and gains nothing where proofs run
 *   side by side. It looks for `globalThis.curve_bn128` first; a single-threaded curve put there serves
 *   every later call.
 * - {@link openCurve}: the bare wasm functions and their memory, for loops over a million points
 *   (keys/points.ts), where copying each operand in and out would cost more than the arithmetic.
 *
 * Numbers: a field element is 32 bytes little-endian. The functions `f1m_*` (base field), `f2m_*` (its
 * quadratic extension), `frm_*` (scalar field) work on Montgomery form, v·2^256 mod p; `frm_mul` of a
 * standard and a Montgomery element gives a standard one. An affine point is its coordinates, all zero for
 * the point at infinity.
 *
 * Pitfall: the word at address 0 is the allocator's pointer to free memory, and some functions take scratch
 * space from there without asking for more pages. Everything here allocates through it, and keeps spare pages
 * beyond it.
 */

import { buildBn128, type Curve } from "ffjavascript";
import { FIELD } from "../field.ts";

export type { Curve } from "ffjavascript";

/** A wasm function: pointers and lengths in, sometimes a truth value out. */
export type WasmFunction = (...operands: number[]) => number;

/** The bare curve. Views of the memory are valid until the next allocation. */
export type CurveWasm = {
  readonly call: (name: string) => WasmFunction;
  /** Address of so many fresh bytes, a multiple of 32. */
  readonly alloc: (bytes: number) => number;
  /** Copies bytes into fresh memory. */
  readonly put: (bytes: Uint8Array) => number;
  readonly bytes: (address: number, length: number) => Uint8Array;
  readonly words: () => Uint32Array;
  /** Frees everything that was allocated after `mark` was read. */
  readonly mark: () => number;
  readonly release: (mark: number) => void;
  /** Montgomery form of the 2^power-th root of unity that snarkjs's domains are built on. */
  readonly root: (power: number) => Uint8Array;
  /** Affine generators in Montgomery form: 64 and 128 bytes. */
  readonly generators: { readonly g1: Uint8Array; readonly g2: Uint8Array };
};

const PAGE_BYTES = 65536;
/** Scratch that no function used here exceeds: a batch inversion takes 32 or 64 bytes an element. */
const SPARE_BYTES = 16 << 20;

const ORDER_BYTES = Uint8Array.from({ length: 32 }, (_, i) => Number((FIELD >> BigInt(8 * i)) & 0xffn));

declare global {
  var curve_bn128: Curve | null | undefined;
}

let shared: Promise<Curve> | undefined;

/** Gives snarkjs one single-threaded curve for the whole life of this thread. */
export async function shareSingleThreadCurve(): Promise<Curve> {
  shared ??= buildBn128(true);
  const curve = await shared;
  globalThis.curve_bn128 = curve;
  return curve;
}

/** A fresh instance with memory of its own. */
export async function openCurve(): Promise<CurveWasm> {
  const curve = await buildBn128(true);
  const { memory, instance } = curve.tm;
  // One view serves between growths: a loop over a million points must not make a view for each.
  let view = new Uint8Array(memory.buffer);
  let words = new Uint32Array(memory.buffer);
  const alloc = (bytes: number): number => {
    const address = (mark() + 31) & ~31;
    const missing = address + bytes + SPARE_BYTES - memory.buffer.byteLength;
    if (missing > 0) {
      memory.grow(Math.ceil(missing / PAGE_BYTES));
      view = new Uint8Array(memory.buffer);
      words = new Uint32Array(memory.buffer);
    }
    words[0] = address + bytes;
    return address;
  };
  const mark = (): number => words[0] as number;
  return {
    call: (name) => instance.exports[name] as WasmFunction,
    alloc,
    put: (bytes) => {
      const address = alloc(bytes.length);
      view.set(bytes, address);
      return address;
    },
    bytes: (address, length) => view.subarray(address, address + length),
    words: () => words,
    mark,
    release: (to) => {
      words[0] = to;
    },
    root: (power) => curve.Fr.w[power] as Uint8Array,
    generators: { g1: curve.G1.gAffine, g2: curve.G2.gAffine },
  };
}

/**
 * Whether a point given by canonical coordinates lies in the group of order r of G2's curve. The curve over
 * the extension field has other points too; the chain's pairing refuses them, so they are refused here.
 */
export async function isInG2([x, y]: readonly [readonly bigint[], readonly bigint[]]): Promise<boolean> {
  const { G2 } = await shareSingleThreadCurve();
  const point = G2.fromObject([x, y]);
  return G2.isValid(point) && G2.isZero(G2.timesScalar(point, ORDER_BYTES));
}
