/**
 * Runs the witness generator that circom writes: a WebAssembly module, compiled once and kept.
 *
 * Protocol (circom 2): inputs are set one field element at a time, named by the 64-bit FNV-1a hash of the
 * signal's name; elements cross the border as eight 32-bit words, least significant first, at one address of
 * the module's memory. The last input that is set starts the computation, and a refusal (an `===` that does
 * not hold, an assert) calls back with a code.
 *
 * snarkjs can do the same; it compiles the module anew for every witness, and carries every element of it
 * through a call for each word.
 *
 * Every witness gets an instance of its own: one that refused its inputs stops half-way and must not meet the
 * next inputs.
 */

import { FIELD } from "../field.ts";

/** The compiled generator of one circuit. */
export type Calculator = (input: { readonly [signal: string]: unknown }) => Uint8Array;

type Exports = {
  readonly memory: WebAssembly.Memory;
  init(sanityCheck: number): void;
  getVersion(): number;
  getFieldNumLen32(): number;
  getRawPrime(): void;
  getSharedRWMemoryStart(): number;
  getInputSignalSize(high: number, low: number): number;
  getInputSize(): number;
  setInputSignal(high: number, low: number, index: number): void;
  getWitnessSize(): number;
  getWitness(index: number): void;
  getMessageChar(): number;
};

const ELEMENT_BYTES = 32;
/** Magic, version, count of sections; then section 1 (element size, prime, count) and section 2's header. */
const WTNS_HEADER_BYTES = 12 + 12 + 4 + ELEMENT_BYTES + 4 + 12;
const REASONS = [
  "",
  "a signal is not known",
  "a signal has too many values",
  "a signal is set twice",
  "a constraint does not hold",
  "its memory is full",
  "a signal has too many values",
];

/** Compiles a generator. The returned function gives a witness in circom's wtns format. */
export async function compileCalculator(wasm: Uint8Array): Promise<Calculator> {
  // The copy gives it a buffer of its own, which is what the type wants to know.
  const module = await WebAssembly.compile(new Uint8Array(wasm));
  return (input) => calculate(module, input);
}

function calculate(module: WebAssembly.Module, input: { readonly [signal: string]: unknown }): Uint8Array {
  const messages: string[] = [];
  let circuit: Exports | undefined;
  const message = (): string => (circuit === undefined ? "" : readMessage(circuit));
  const runtime = {
    exceptionHandler: (code: number) => {
      throw new GeneratorError([REASONS[code] ?? `error ${code}`, ...messages].join(": "));
    },
    printErrorMessage: () => void messages.push(message()),
    writeBufferMessage: () => void message(),
    showSharedRWMemory: () => {},
  };
  circuit = new WebAssembly.Instance(module, { runtime }).exports as unknown as Exports;
  if (circuit.getVersion() !== 2 || circuit.getFieldNumLen32() !== ELEMENT_BYTES / 4)
    throw new GeneratorError("it is no generator of circom 2 for BN254");
  circuit.init(0);
  setInputs(circuit, input);
  return readWitness(circuit);
}

function setInputs(circuit: Exports, input: { readonly [signal: string]: unknown }): void {
  let count = 0;
  const shared = (): DataView => new DataView(circuit.memory.buffer, circuit.getSharedRWMemoryStart());
  for (const [name, value] of Object.entries(input)) {
    const [high, low] = fnv1a(name);
    const elements = [value].flat(Number.POSITIVE_INFINITY);
    const size = circuit.getInputSignalSize(high, low);
    if (size <= 0) throw new GeneratorError(`it has no input ${name}`);
    if (size !== elements.length)
      throw new GeneratorError(`its input ${name} has ${size} values, not ${elements.length}`);
    for (const [i, element] of elements.entries()) {
      writeElement(shared(), toElement(name, element));
      circuit.setInputSignal(high, low, i);
    }
    count += size;
  }
  const missing = circuit.getInputSize() - count;
  if (missing !== 0) throw new GeneratorError(`${missing} input values are missing`);
}

/** Decimal strings, bigints and whole numbers; any integer stands for its residue. */
function toElement(name: string, value: unknown): bigint {
  const isInteger =
    typeof value === "bigint" ||
    (typeof value === "number" && Number.isSafeInteger(value)) ||
    (typeof value === "string" && /^-?\d+$/.test(value));
  if (!isInteger) throw new GeneratorError(`a value of its input ${name} is no integer`);
  const residue = BigInt(value) % FIELD;
  return residue < 0n ? residue + FIELD : residue;
}

function writeElement(shared: DataView, element: bigint): void {
  for (let word = 0; word < ELEMENT_BYTES / 8; word++)
    shared.setBigUint64(8 * word, BigInt.asUintN(64, element >> BigInt(64 * word)), true);
}

function readWitness(circuit: Exports): Uint8Array {
  const size = circuit.getWitnessSize();
  const wtns = new Uint8Array(WTNS_HEADER_BYTES + size * ELEMENT_BYTES);
  const header = new DataView(wtns.buffer);
  wtns.set(new TextEncoder().encode("wtns"));
  header.setUint32(4, 2, true);
  header.setUint32(8, 2, true);
  header.setUint32(12, 1, true);
  header.setBigUint64(16, BigInt(4 + ELEMENT_BYTES + 4), true);
  header.setUint32(24, ELEMENT_BYTES, true);
  circuit.getRawPrime();
  // No call below makes the memory grow, so that one view serves.
  const element = new Uint8Array(circuit.memory.buffer, circuit.getSharedRWMemoryStart(), ELEMENT_BYTES);
  wtns.set(element, 28);
  header.setUint32(60, size, true);
  header.setUint32(64, 2, true);
  header.setBigUint64(68, BigInt(size * ELEMENT_BYTES), true);
  for (let i = 0, at = WTNS_HEADER_BYTES; i < size; i++, at += ELEMENT_BYTES) {
    circuit.getWitness(i);
    wtns.set(element, at);
  }
  return wtns;
}

function readMessage(circuit: Exports): string {
  let text = "";
  for (let char = circuit.getMessageChar(); char !== 0; char = circuit.getMessageChar())
    text += String.fromCharCode(char);
  return text;
}

function fnv1a(name: string): [number, number] {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(name))
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return [Number(hash >> 32n), Number(hash & 0xffffffffn)];
}

/** The generator refuses the inputs, or is no generator. */
export class GeneratorError extends Error {
  override readonly name = "Calculator.Refused";
  constructor(why: string) {
    super(`The witness generator stopped: ${why}.`);
  }
}
