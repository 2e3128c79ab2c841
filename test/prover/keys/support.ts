/** A small circuit for tests of keys, and places for them. */

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Artifact, compileSource } from "../../../prover/artifacts.ts";

/** Three public signals, one of which no constraint mentions; rows of every kind; 2^6 domain. */
export const SMALL_SOURCE = `pragma circom 2.1.0;
include "circomlib/circuits/bitify.circom";
template Small() {
  signal input sum;
  signal input square;
  signal input unused;
  signal input x;
  signal input y;
  component bits = Num2Bits(24);
  bits.in <== x;
  sum === x + y;
  signal cube <== x * x;
  square === cube * y + 3 * x - 7;
}
component main { public [sum, square, unused] } = Small();
`;

/** An honest input. */
export function smallInput(x: bigint, y: bigint): Record<string, string> {
  return {
    sum: String(x + y),
    square: String(x * x * y + 3n * x - 7n),
    unused: "0",
    x: String(x),
    y: String(y),
  };
}

/** A folder of its own under the system's temporary one. */
export function scratch(): Promise<string> {
  return mkdtemp(join(tmpdir(), "quittance-prover-"));
}

export function compileSmall(cacheDir: string): Promise<Artifact> {
  return compileSource({ label: "small", text: SMALL_SOURCE }, { cacheDir });
}
