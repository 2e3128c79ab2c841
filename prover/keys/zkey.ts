/**
 * snarkjs's zkey file for Groth16: where everything stands.
 *
 * All sizes follow from four numbers, so the whole layout is known before a point is computed: the file is
 * given its length at once and every worker writes its points in their place. Sections come in the order in
 * which snarkjs itself writes them; readers find them by type.
 *
 *    1  protocol (1 = Groth16)
 *    2  q, r, counts, then α1 β1 β2 γ2 δ1 δ2
 *    3  IC, public signals and the constant one    [(β·A + α·B + C)(τ) / γ]_1
 *    4  coefficients of A and B: matrix, row, wire, value·2^512 mod r
 *    5  A  [A_s(τ)]_1        6  B1 [B_s(τ)]_1        7  B2 [B_s(τ)]_2
 *    8  C, private wires                            [(β·A + α·B + C)(τ) / δ]_1
 *    9  H, the doubled domain's odd Lagrange values [L_{2i+1}(τ) / δ]_1
 *   10  circuit hash, count of contributions
 *
 * Points are affine, coordinates little-endian in Montgomery form (v·2^256 mod q), infinity all zero.
 *
 * Section 10 of a local key carries a text in place of the circuit hash, so that the file says of itself what
 * it is.
 */

import { FIELD } from "../field.ts";
import { BASE_FIELD } from "../groth16.ts";

export const G1_BYTES = 64;
export const G2_BYTES = 128;
export const COEFFICIENT_BYTES = 44;

/** The numbers that decide the layout. */
export type ZkeyShape = {
  readonly wires: number;
  readonly publicCount: number;
  /** A power of two, at least rows + public signals + 1. */
  readonly domain: number;
  /** Coefficients of A and B, with the row that each public signal and the constant get. */
  readonly coefficients: number;
};

export type Section = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

export type ZkeyLayout = { readonly start: Readonly<Record<Section, number>>; readonly bytes: number };

/** The group elements of section 2, as the file holds them. */
export type ZkeyPoints = Readonly<
  Record<"alpha1" | "beta1" | "beta2" | "gamma2" | "delta1" | "delta2", Uint8Array>
>;

const ORDER: readonly Section[] = [1, 2, 4, 3, 9, 8, 5, 6, 7, 10];
const INSECURE = "INSECURE LOCAL KEY: its secret was known to whoever made it.";

/** The domain that snarkjs gives a circuit: the smallest power of two above rows + public signals. */
export function domainPower(rows: number, publicCount: number): number {
  return Math.floor(Math.log2(rows + publicCount)) + 1;
}

/** Where each section's content starts, and how long the file is. */
export function zkeyLayout(shape: ZkeyShape): ZkeyLayout {
  const sizes = sectionBytes(shape);
  const start = {} as Record<Section, number>;
  let at = 12;
  for (const section of ORDER) {
    start[section] = at + 12;
    at += 12 + sizes[section];
  }
  return { start, bytes: at };
}

/** Everything but points 3, 5–9 and coefficients: small pieces and where they go. */
export function zkeyFrame(shape: ZkeyShape, points: ZkeyPoints): { at: number; bytes: Buffer }[] {
  const { start } = zkeyLayout(shape);
  const sizes = sectionBytes(shape);
  const pieces = ORDER.map((section) => {
    const header = Buffer.alloc(12);
    header.writeUInt32LE(section, 0);
    header.writeBigUInt64LE(BigInt(sizes[section]), 4);
    return { at: start[section] - 12, bytes: header };
  });
  const magic = Buffer.alloc(12);
  magic.write("zkey", "latin1");
  magic.writeUInt32LE(1, 4);
  magic.writeUInt32LE(ORDER.length, 8);
  const contributions = Buffer.alloc(68);
  contributions.write(INSECURE, "latin1");
  return [
    { at: 0, bytes: magic },
    ...pieces,
    { at: start[1], bytes: u32(1) },
    { at: start[2], bytes: groth16Header(shape, points) },
    { at: start[4], bytes: u32(shape.coefficients) },
    { at: start[10], bytes: contributions },
  ];
}

function sectionBytes({ wires, publicCount, domain, coefficients }: ZkeyShape): Record<Section, number> {
  return {
    1: 4,
    2: 4 + 32 + 4 + 32 + 12 + 3 * G1_BYTES + 3 * G2_BYTES,
    3: (publicCount + 1) * G1_BYTES,
    4: 4 + coefficients * COEFFICIENT_BYTES,
    5: wires * G1_BYTES,
    6: wires * G1_BYTES,
    7: wires * G2_BYTES,
    8: (wires - publicCount - 1) * G1_BYTES,
    9: domain * G1_BYTES,
    10: 68,
  };
}

function groth16Header({ wires, publicCount, domain }: ZkeyShape, points: ZkeyPoints): Buffer {
  const { alpha1, beta1, beta2, gamma2, delta1, delta2 } = points;
  return Buffer.concat([
    u32(32),
    element(BASE_FIELD),
    u32(32),
    element(FIELD),
    u32(wires),
    u32(publicCount),
    u32(domain),
    ...[alpha1, beta1, beta2, gamma2, delta1, delta2],
  ]);
}

/** A number as 32 bytes, little-endian. */
export function element(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
