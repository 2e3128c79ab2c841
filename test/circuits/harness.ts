// What a circuit test needs: the compiled circuit, honest witnesses, and *forged* ones.
//
// A forger is a prover with a program of his own. `forge` compiles that program: the same templates with
// every `===` taken out (so that it computes anything and refuses nothing), optionally with one line of it
// changed, and with the public inputs set to what it computes itself. The result is dishonest but consistent
// in every other respect: hashes, sums and digits are recomputed. Its values are then put, signal by signal,
// into the real circuit's wires, and the real circuit's rows are asked. A test names the rows that it expects
// to be broken; that no others are shows that the guard under test, and nothing else by accident, is what
// refuses.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { type Artifact, compileSource } from "../../prover/artifacts.ts";
import { compile, compilerVersion } from "../../prover/engine/circom.ts";
import { type CircuitName, loadProfile, mainSource, type ProfileName } from "../../prover/profile.ts";
import type { CircuitInput, InputValue } from "../../prover/witness.ts";
import { GeneratorError, generateWitness } from "./generator.ts";
import { readSymbols, readSystem, type System, type Violation, violations } from "./system.ts";

export const ROOT = join(import.meta.dirname, "../..");
/** Shared with the tool's own cache: a circuit compiled by one is not compiled again by the other. */
export const CACHE = join(ROOT, ".cache");

export type Bench = {
  readonly artifact: Artifact;
  readonly system: System;
  readonly label: string;
  readonly text: string;
};

/** A change of the forger's program: exact text somewhere under circuits/, and what stands there instead. */
export type Change = { readonly from: string; readonly to: string };

export type Forgery = {
  readonly input: CircuitInput;
  /** Public inputs that the forger sets to a signal of his own computation: input name → signals. */
  readonly publish?: Readonly<Record<string, string | readonly string[]>>;
  readonly changes?: readonly Change[];
};

/** A circuit of a profile. */
export async function openCircuit(profile: ProfileName, circuit: CircuitName): Promise<Bench> {
  return openSource(`${profile}-${circuit}`, mainSource(loadProfile(profile), circuit));
}

/** A main file given as text, for one building block. */
export async function openSource(label: string, text: string): Promise<Bench> {
  const artifact = await compileSource({ label, text }, { cacheDir: CACHE });
  return { artifact, system: await readSystem(artifact), label, text };
}

/** `component main` of one template under circuits/. */
export function mainOf(include: string, call: string): string {
  return `pragma circom 2.1.0;\n\ninclude "${include}";\n\ncomponent main = ${call};\n`;
}

/** The honest prover's witness; throws GeneratorError where it refuses the input. */
export function prove(bench: Bench, input: CircuitInput): Promise<bigint[]> {
  return generateWitness(bench.artifact.wasmPath, input);
}

/** Whether the honest generator accepts an input and the rows accept its witness. */
export async function accepts(bench: Bench, input: CircuitInput): Promise<boolean> {
  try {
    return violations(bench.system, await prove(bench, input)).length === 0;
  } catch (error) {
    if (error instanceof GeneratorError) return false;
    throw error;
  }
}

/** The rows of the real circuit that a forgery breaks. */
export async function refusals(bench: Bench, forgery: Forgery): Promise<Violation[]> {
  return violations(bench.system, await forge(bench, forgery));
}

/** A forger's witness, in the real circuit's wires. */
export async function forge(bench: Bench, forgery: Forgery): Promise<bigint[]> {
  const program = await forgersProgram(bench, forgery.changes ?? []);
  let values = await valuesOf(program, forgery.input);
  if (forgery.publish !== undefined) {
    const published = Object.entries(forgery.publish).map(([name, signals]) => [
      name,
      lookUp(values, signals),
    ]);
    values = await valuesOf(program, { ...forgery.input, ...Object.fromEntries(published) });
  }
  return Array.from({ length: bench.system.wires }, (_, wire) => {
    if (wire === 0) return 1n;
    for (const name of bench.system.namesOf.get(wire) ?? []) {
      const value = values.get(name);
      if (value !== undefined) return value;
    }
    throw new Error(`The forger's program has no value for ${bench.system.namesOf.get(wire)}.`);
  });
}

function lookUp(values: ReadonlyMap<string, bigint>, signals: string | readonly string[]): InputValue {
  if (typeof signals !== "string") return signals.map((signal) => lookUp(values, signal));
  const value = values.get(signals);
  if (value === undefined) throw new Error(`The forger's program has no signal ${signals}.`);
  return value.toString();
}

type Program = { readonly wasmPath: string; readonly wireOf: ReadonlyMap<string, number> };

async function valuesOf(program: Program, input: CircuitInput): Promise<Map<string, bigint>> {
  const witness = await generateWitness(program.wasmPath, input);
  return new Map([...program.wireOf].map(([name, wire]) => [name, witness[wire] as bigint]));
}

const programs = new Map<string, Promise<Program>>();

/** Compiled with --O0, so that every signal of the templates has a value of its own. */
function forgersProgram(bench: Bench, changes: readonly Change[]): Promise<Program> {
  const files = forgersSources(bench, changes);
  const hash = createHash("sha256").update(compilerVersion()).update(JSON.stringify(files)).digest("hex");
  let program = programs.get(hash);
  if (program === undefined) {
    program = compileProgram(join(CACHE, "forgers", `${bench.label}-${hash.slice(0, 16)}`), files);
    programs.set(hash, program);
  }
  return program;
}

async function compileProgram(target: string, files: Readonly<Record<string, string>>): Promise<Program> {
  const [wasmPath, symPath] = [join(target, "main_js", "main.wasm"), join(target, "main.sym")];
  if (!existsSync(target)) {
    const folder = `${target}.${process.pid}.tmp`;
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    await compile({
      folder,
      main: "main.circom",
      libraries: [".", "node_modules"],
      options: ["--O0", "--wasm", "--sym"],
    });
    try {
      renameSync(folder, target);
    } catch (error) {
      if (!existsSync(target)) throw error; // else another test file was first
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return { wasmPath, wireOf: await readSymbols(symPath) };
}

function forgersSources(bench: Bench, changes: readonly Change[]): Record<string, string> {
  const files: Record<string, string> = { "main.circom": bench.text };
  const unused = new Set(changes);
  for (const file of readdirSync(join(ROOT, "circuits"), { recursive: true, encoding: "utf8" }).sort()) {
    if (!file.endsWith(".circom")) continue;
    let text = readFileSync(join(ROOT, "circuits", file), "utf8");
    for (const change of changes) {
      if (text.includes(change.from)) unused.delete(change);
      text = text.replaceAll(change.from, change.to);
    }
    files[join("circuits", file)] = text.replace(/^[^;\n]*===[^;\n]*;/gm, "");
  }
  for (const { from } of unused) throw new Error(`No template contains the line to be changed: ${from}`);
  const constants = "node_modules/circomlib/circuits/poseidon_constants.circom";
  files[constants] = readFileSync(join(ROOT, constants), "utf8");
  return files;
}

/** A copy of an input with elements replaced: `"features[0][3]"` → value. */
export function patch(input: CircuitInput, edits: Readonly<Record<string, bigint>>): CircuitInput {
  const copy = structuredClone(input) as Record<string, unknown>;
  for (const [path, value] of Object.entries(edits)) {
    const keys = path.split(/[[\].]+/).filter((key) => key !== "");
    const last = keys.pop() as string;
    let node = copy;
    for (const key of keys) node = node[key] as Record<string, unknown>;
    if (typeof node?.[last] !== "string") throw new Error(`There is no input element ${path}.`);
    node[last] = value.toString();
  }
  return copy as CircuitInput;
}

/** The witness with one wire changed, told by a signal's name. */
export function edit(bench: Bench, witness: readonly bigint[], signal: string, value: bigint): bigint[] {
  const wire = bench.system.wireOf.get(signal);
  if (wire === undefined) throw new Error(`No wire is called ${signal}.`);
  return witness.map((honest, i) => (i === wire ? value : honest));
}

/** Something is refused, and every broken row has a signal of the guard that was to refuse it. */
export function expectOnly(found: readonly Violation[], guard: RegExp): void {
  expect(found.length).toBeGreaterThan(0);
  for (const { signals } of found) {
    expect(
      signals.some((signal) => guard.test(signal)),
      signals.join("\n"),
    ).toBe(true);
  }
}
