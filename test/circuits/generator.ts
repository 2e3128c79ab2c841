// Runs a circuit's witness generator (the WebAssembly that circom writes) directly, without snarkjs: the
// tests here are about constraints, they need the whole witness as numbers, and they should not depend on how
// proofs are made.
//
// Protocol (circom 2): inputs are set one field element at a time, named by the FNV-1a hash of the signal's
// name; elements cross the border as eight 32-bit words, least significant first.

import { readFile } from "node:fs/promises";
import { FIELD } from "../../prover/field.ts";
import type { CircuitInput, InputValue } from "../../prover/witness.ts";

type Exports = {
  init(sanityCheck: number): void;
  getInputSignalSize(high: number, low: number): number;
  getInputSize(): number;
  setInputSignal(high: number, low: number, index: number): void;
  writeSharedRWMemory(word: number, value: number): void;
  readSharedRWMemory(word: number): number;
  getWitnessSize(): number;
  getWitness(index: number): void;
  getMessageChar(): number;
};

const WORDS = 8;
const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The whole witness for an input; throws GeneratorError where the generator's own checks refuse it. */
export async function generateWitness(wasmPath: string, input: CircuitInput): Promise<bigint[]> {
  let module = modules.get(wasmPath);
  if (module === undefined) {
    module = readFile(wasmPath).then((bytes) => WebAssembly.compile(bytes));
    modules.set(wasmPath, module);
  }
  const messages: string[] = [];
  const instance = await WebAssembly.instantiate(await module, {
    runtime: {
      exceptionHandler: (code: number) => {
        throw new GeneratorError(code, messages.join("; "));
      },
      printErrorMessage: () => messages.push(readMessage(circuit)),
      writeBufferMessage: () => readMessage(circuit),
      showSharedRWMemory: () => undefined,
    },
  });
  const circuit = instance.exports as unknown as Exports;
  circuit.init(1);
  setInputs(circuit, input);
  return Array.from({ length: circuit.getWitnessSize() }, (_, i) => {
    circuit.getWitness(i);
    return readElement(circuit);
  });
}

function setInputs(circuit: Exports, input: CircuitInput): void {
  let count = 0;
  for (const [name, value] of Object.entries(input)) {
    const [high, low] = fnv1a(name);
    const elements = flatten(value);
    const size = circuit.getInputSignalSize(high, low);
    if (size !== elements.length)
      throw new Error(`Signal ${name} takes ${size} elements, not ${elements.length}.`);
    for (const [i, element] of elements.entries()) {
      writeElement(circuit, ((BigInt(element) % FIELD) + FIELD) % FIELD);
      circuit.setInputSignal(high, low, i);
      count++;
    }
  }
  if (count !== circuit.getInputSize())
    throw new Error(`${circuit.getInputSize() - count} input elements are missing.`);
}

function flatten(value: InputValue): string[] {
  return typeof value === "string" ? [value] : value.flatMap(flatten);
}

function fnv1a(name: string): [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name)) {
    hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  }
  return [Number(hash >> 32n), Number(hash & 0xffffffffn)];
}

function writeElement(circuit: Exports, element: bigint): void {
  for (let i = 0; i < WORDS; i++) {
    circuit.writeSharedRWMemory(i, Number((element >> BigInt(32 * i)) & 0xffffffffn));
  }
}

function readElement(circuit: Exports): bigint {
  let element = 0n;
  for (let i = WORDS - 1; i >= 0; i--)
    element = (element << 32n) | BigInt(circuit.readSharedRWMemory(i) >>> 0);
  return element;
}

function readMessage(circuit: Exports): string {
  let text = "";
  for (let c = circuit.getMessageChar(); c !== 0; c = circuit.getMessageChar())
    text += String.fromCharCode(c);
  return text;
}

/** The generator stopped: a check of its own (`===`) failed on this input. */
export class GeneratorError extends Error {
  override readonly name = "Generator.Refused";
  constructor(code: number, message: string) {
    super(`The witness generator refused the input (code ${code}): ${message}`);
  }
}
