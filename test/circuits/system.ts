// A compiled circuit as its rows: each is a claim ⟨A,w⟩·⟨B,w⟩ = ⟨C,w⟩ about the witness w. What these tests
// ask is what the rows alone refuse, because a dishonest prover does not run our witness generator.

import { readFile } from "node:fs/promises";
import type { Artifact } from "../../prover/artifacts.ts";
import { FIELD } from "../../prover/field.ts";
import { ELEMENT_BYTES, parseR1cs } from "../../prover/r1cs.ts";

type Term = { readonly wire: number; readonly coefficient: bigint };
type Row = readonly [readonly Term[], readonly Term[], readonly Term[]];

export type System = {
  readonly rows: readonly Row[];
  readonly wires: number;
  readonly publicCount: number;
  /** Every signal that is still a wire. */
  readonly wireOf: ReadonlyMap<string, number>;
  readonly namesOf: ReadonlyMap<number, readonly string[]>;
  /** Rows in which a wire occurs. */
  readonly rowsOf: readonly (readonly number[])[];
};

/** A row that a witness breaks, told by the names of the signals in it. */
export type Violation = { readonly row: number; readonly signals: readonly string[] };

export async function readSystem(artifact: Artifact): Promise<System> {
  const r1cs = parseR1cs(await readFile(artifact.r1csPath));
  const rows = readRows(r1cs.constraints, r1cs.rows);
  const wireOf = await readSymbols(artifact.symPath);
  const namesOf = new Map<number, string[]>();
  for (const [name, wire] of wireOf) namesOf.set(wire, [...(namesOf.get(wire) ?? []), name]);
  const rowsOf = Array.from({ length: r1cs.wires }, () => new Set<number>());
  rows.forEach((row, index) => {
    for (const { wire } of row.flat()) rowsOf[wire]?.add(index);
  });
  return {
    rows,
    wires: r1cs.wires,
    publicCount: r1cs.outputs + r1cs.publicInputs,
    wireOf,
    namesOf,
    rowsOf: rowsOf.map((set) => [...set]),
  };
}

/** The compiler's table of signals, name → wire, without those that it dropped as equal to another. */
export async function readSymbols(symPath: string): Promise<Map<string, number>> {
  const wireOf = new Map<string, number>();
  const readable = nameReader();
  for (const line of (await readFile(symPath, "utf8")).split("\n")) {
    const [, wire, , compilersName] = line.split(",");
    if (compilersName === undefined) continue;
    const name = readable(compilersName); // also for dropped ones: the names are counted
    if (Number(wire) >= 0) wireOf.set(name, Number(wire));
  }
  return wireOf;
}

/**
 * Gives anonymous components names that outlive an edit of the source: the compiler numbers them by their
 * place in the text (`Bits_12_3456`), here they are counted within their parent, in order (`Bits#0`).
 */
function nameReader(): (compilersName: string) => string {
  const ordinals = new Map<string, Map<string, number>>();
  return (compilersName) => {
    let path = "";
    for (const segment of compilersName.split(".")) {
      const [, template, place, index] = segment.match(/^(.+)_(\d+_\d+)((?:\[\d+\])*)$/) ?? [];
      let name = segment;
      if (template !== undefined && place !== undefined) {
        const siblings = ordinals.get(`${path}.${template}`) ?? new Map<string, number>();
        ordinals.set(`${path}.${template}`, siblings);
        if (!siblings.has(place)) siblings.set(place, siblings.size);
        name = `${template}#${siblings.get(place)}${index}`;
      }
      path = path === "" ? name : `${path}.${name}`;
    }
    return path;
  };
}

function readRows(bytes: Buffer, count: number): Row[] {
  let at = 0;
  const terms = (): Term[] => {
    const length = bytes.readUInt32LE(at);
    at += 4;
    return Array.from({ length }, () => {
      const wire = bytes.readUInt32LE(at);
      let coefficient = 0n;
      for (let word = 3; word >= 0; word--) {
        coefficient = (coefficient << 64n) | bytes.readBigUInt64LE(at + 4 + 8 * word);
      }
      at += 4 + ELEMENT_BYTES;
      return { wire, coefficient };
    });
  };
  return Array.from({ length: count }, () => [terms(), terms(), terms()]);
}

/** Whether a row holds. */
export function holds(system: System, row: number, witness: readonly bigint[]): boolean {
  const [a, b, c] = (system.rows[row] as Row).map((terms) =>
    terms.reduce((sum, { wire, coefficient }) => sum + coefficient * (witness[wire] as bigint), 0n),
  ) as [bigint, bigint, bigint];
  return (a * b - c) % FIELD === 0n;
}

/** The rows that a witness breaks; none for an honest one. */
export function violations(system: System, witness: readonly bigint[]): Violation[] {
  if (witness.length !== system.wires || witness[0] !== 1n)
    throw new Error("This is not a witness of this circuit.");
  const broken = system.rows.map((_, row) => row).filter((row) => !holds(system, row, witness));
  return broken.map((row) => ({ row, signals: rowSignals(system, row) }));
}

/** Names of the signals in a row, one for each wire. */
export function rowSignals(system: System, row: number): string[] {
  const wires = new Set((system.rows[row] as Row).flat().map(({ wire }) => wire));
  wires.delete(0);
  return [...wires].map((wire) => (system.namesOf.get(wire) ?? [`wire ${wire}`]).join(" = "));
}

/**
 * Wires (private and public) that can be changed on their own without breaking a row: an honest circuit has
 * none. Tries +1, and the negated value, which is what unsigned-looking checks overlook.
 */
export function looseWires(system: System, witness: readonly bigint[]): string[] {
  const loose: string[] = [];
  const edited = [...witness];
  for (let wire = 1; wire < system.wires; wire++) {
    const honest = witness[wire] as bigint;
    for (const forged of [(honest + 1n) % FIELD, (FIELD - honest) % FIELD]) {
      if (forged === honest) continue;
      edited[wire] = forged;
      const caught = (system.rowsOf[wire] as readonly number[]).some((row) => !holds(system, row, edited));
      if (!caught) loose.push((system.namesOf.get(wire) ?? [`wire ${wire}`]).join(" = "));
    }
    edited[wire] = honest;
  }
  return loose;
}
