/**
 * Writes WebAssembly modules, as much of the format as the prover's arithmetic needs: functions of i32
 * parameters, i32 and i64 locals, one imported memory.
 *
 * Code is a list of bytes; every function here gives the bytes of one instruction or of a piece built from
 * some. The stack order is the machine's: operands first, then the operator.
 *
 * Why not a compiler: field arithmetic is unrolled from a modulus and a limb size, which is a program in this
 * language anyway, and a build that needs another tool chain would have to ship its output.
 *
 * Format: WebAssembly core specification 1.0, section 5.
 */

/** Bytes of code. */
export type Code = readonly number[];

/** A function of `params` i32 parameters; its locals follow them, the i32 ones first. */
export type WasmFunctionSource = {
  readonly name: string;
  readonly params: number;
  readonly returns?: boolean;
  readonly i32s?: number;
  readonly i64s?: number;
  readonly body: Code;
};

const I32 = 0x7f;
const I64 = 0x7e;

/** Unsigned LEB128. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest & 0x7f;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; ) {
    const low = Number(BigInt.asUintN(7, rest));
    rest >>= 7n;
    const done = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    bytes.push(done ? low : low | 0x80);
    if (done) return bytes;
  }
}

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number): Code => [0x21, ...unsigned(local)];
export const tee = (local: number): Code => [0x22, ...unsigned(local)];
export const constant32 = (value: number): Code => [0x41, ...signed(BigInt(value | 0))];
export const constant64 = (value: bigint): Code => [0x42, ...signed(BigInt.asIntN(64, value))];
export const call = (index: number): Code => [0x10, ...unsigned(index)];

const access = (opcode: number, offset: number): Code => [opcode, 2, ...unsigned(offset)];
export const load32 = (offset: number): Code => access(0x28, offset);
export const store32 = (offset: number): Code => access(0x36, offset);
export const load64 = (offset: number): Code => access(0x29, offset);
export const store64 = (offset: number): Code => access(0x37, offset);
/** Four bytes from memory as an unsigned i64, and the low four of an i64 to memory. */
export const load64From32 = (offset: number): Code => access(0x35, offset);
export const store64To32 = (offset: number): Code => access(0x3e, offset);

export const op = {
  add32: [0x6a],
  sub32: [0x6b],
  mul32: [0x6c],
  and32: [0x71],
  or32: [0x72],
  xor32: [0x73],
  shl32: [0x74],
  shr32: [0x76],
  eqz32: [0x45],
  eq32: [0x46],
  lessUnsigned32: [0x49],
  add64: [0x7c],
  sub64: [0x7d],
  mul64: [0x7e],
  and64: [0x83],
  or64: [0x84],
  xor64: [0x85],
  shl64: [0x86],
  shrSigned64: [0x87],
  shr64: [0x88],
  eqz64: [0x50],
  lessSigned64: [0x53],
  select: [0x1b],
  return: [0x0f],
} as const satisfies Readonly<Record<string, Code>>;

/** `(if condition then otherwise)`; the condition is on the stack. */
export const when = (then: Code, otherwise: Code = []): Code => [
  0x04,
  0x40,
  ...then,
  ...(otherwise.length > 0 ? [0x05, ...otherwise] : []),
  0x0b,
];

/** Repeats `body` while `condition`, which is tested first, leaves something other than zero. */
export const whileLoop = (condition: Code, body: Code): Code => [
  0x02,
  0x40,
  0x03,
  0x40,
  ...condition,
  ...op.eqz32,
  0x0d,
  1,
  ...body,
  0x0c,
  0,
  0x0b,
  0x0b,
];

/** `local += amount`. */
export const step = (local: number, amount: number): Code => [
  ...get(local),
  ...constant32(amount),
  ...op.add32,
  ...set(local),
];

/** The module's bytes: imports `env.memory`, exports every function by its name; calls go by position. */
export function assemble(functions: readonly WasmFunctionSource[]): Uint8Array<ArrayBuffer> {
  const bytes = [
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(functions.map(({ params, returns }) => type(params, returns === true)))),
    ...section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, 1]])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
  ];
  const code = section(10, vector(functions.map(functionBody)));
  const module = new Uint8Array(bytes.length + code.length);
  module.set(bytes);
  module.set(code, bytes.length);
  return module;
}

function functionBody({ i32s = 0, i64s = 0, body }: WasmFunctionSource): Code {
  const content = [2, ...unsigned(i32s), I32, ...unsigned(i64s), I64].concat(body, [0x0b]);
  return unsigned(content.length).concat(content);
}

function type(params: number, returns: boolean): Code {
  return [0x60, ...unsigned(params), ...Array<number>(params).fill(I32), ...(returns ? [1, I32] : [0])];
}

function section(id: number, content: Code): Code {
  return [id].concat(unsigned(content.length), content);
}

function vector(items: readonly Code[]): Code {
  return unsigned(items.length).concat(items.flat());
}

function text(value: string): Code {
  const bytes = [...new TextEncoder().encode(value)];
  return [...unsigned(bytes.length), ...bytes];
}
