/**
 * The only importer of ethers: hashes, the contract ABI, keys and signatures, as small functions of our own.
 *
 * Nothing here talks to a network. ethers' providers cache, batch and poll on timers, which a chain that
 * lives inside the process neither needs nor likes; `pipeline/chain/client.ts` speaks JSON-RPC itself and
 * only has its bytes made here.
 *
 * The pitfall: signatures are RFC 6979 (no randomness), so the same key and message give the same bytes on
 * every run. The replayable local chain depends on that.
 */
import {
  AbiCoder,
  concat,
  dataLength,
  formatEther,
  getAddress,
  getBytes,
  getCreateAddress,
  id as hashText,
  hexlify,
  Interface,
  isAddress,
  keccak256 as keccakOf,
  type ParamType,
  type Result,
  recoverAddress,
  SigningKey,
  sha256 as sha256Of,
  TypedDataEncoder,
  type TypedDataField,
  toBeHex,
  Wallet,
} from "ethers";

/** Bytes as `0x` and hex digits. */
export type Hex = string;

/** A contract's ABI as the compiler wrote it, as JSON text. */
export type Abi = string;

/** Domain of an EIP-712 signature. */
export type TypedDomain = {
  readonly name: string;
  readonly version: string;
  readonly chainId: number;
  readonly verifyingContract: string;
};

/** Types of an EIP-712 message. */
export type TypedTypes = Readonly<Record<string, readonly TypedDataField[]>>;

/** An address and the key that speaks for it. */
export type Account = { readonly address: string; readonly privateKey: Hex };

/** The account of a private key. Throws {@link KeyFormatError}, which never shows the key. */
export function accountOf(privateKey: Hex): Account {
  try {
    const wallet = new Wallet(privateKey);
    return { address: wallet.address, privateKey: wallet.privateKey };
  } catch {
    throw new KeyFormatError();
  }
}

/** keccak256 of bytes or of hex. */
export function keccak256(data: Uint8Array | Hex): Hex {
  return keccakOf(data);
}

/** From now on this function makes every Keccak-256 here and within ethers. It must be one. */
export function hashWith(keccak: (data: Uint8Array) => Uint8Array): void {
  keccakOf.register(keccak);
}

/** keccak256 of a text's UTF-8. */
export function keccakText(text: string): Hex {
  return hashText(text);
}

/** SHA-256 of bytes, or of a text's UTF-8, in hex without a prefix: Node's own in Node, in a browser too. */
export function sha256Hex(data: Uint8Array | string): string {
  return sha256Of(typeof data === "string" ? new TextEncoder().encode(data) : data).slice(2);
}

/** ABI coding of values, as Solidity's `abi.encode`. */
export function abiEncode(types: readonly string[], values: readonly unknown[]): Hex {
  return AbiCoder.defaultAbiCoder().encode(types, values);
}

/** A number as a 32-byte word. */
export function word(value: bigint): Hex {
  return toBeHex(value, 32);
}

/** Hex strings joined. */
export function concatHex(parts: readonly Hex[]): Hex {
  return concat(parts);
}

/** The bytes of hex. */
export function hexBytes(hex: Hex): Uint8Array {
  return getBytes(hex);
}

/** A number as the shortest JSON-RPC quantity. */
export function quantity(value: bigint | number): Hex {
  return `0x${value.toString(16)}`;
}

/** An address with its checksum; throws ethers' error for anything else. */
export function checksumAddress(address: string): string {
  return getAddress(address);
}

/** Whether a text is an address (with a right checksum if it has one). */
export function isAddressText(text: string): boolean {
  return isAddress(text);
}

/** Whether two addresses are the same, whatever their letters' case. */
export function sameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** The address that `from`'s transaction with this nonce creates. */
export function createAddress(from: string, nonce: number): string {
  return getCreateAddress({ from, nonce });
}

/** Wei as a decimal number of coins, for people. */
export function formatCoins(wei: bigint): string {
  return formatEther(wei);
}

/** Signs an EIP-712 message. Throws {@link KeyFormatError}, which never shows the key. */
export async function signTypedData(
  privateKey: Hex,
  domain: TypedDomain,
  types: TypedTypes,
  value: Readonly<Record<string, unknown>>,
): Promise<Hex> {
  return signingKeyOf(privateKey).sign(typedDataDigest(domain, types, value)).serialized;
}

/** 65 bytes that end in 27 or 28: the one form that contracts take. */
const SIGNATURE = /^0x[0-9a-f]{128}1[bc]$/i;

/**
 * Who signed an EIP-712 message. Throws for bytes that are no signature. High-s signatures count as none, and
 * so do the short forms (EIP-2098, other recovery numbers) that ethers reads and our contracts do not: what
 * is taken here has to be good on chain.
 */
export function recoverTypedData(
  domain: TypedDomain,
  types: TypedTypes,
  value: Readonly<Record<string, unknown>>,
  signature: Hex,
): string {
  if (!SIGNATURE.test(signature)) throw new SignatureFormatError();
  return recoverAddress(typedDataDigest(domain, types, value), signature);
}

/** Half the group's order: of s and −s, the contracts take the smaller one. */
const LARGEST_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/**
 * Whether a signature is in the form that the contracts take: 65 bytes, v 27 or 28, the smaller s. Libraries
 * also read v as 0 or 1 and a short form of 64 bytes: what is read so generously is refused on chain.
 */
export function isContractSignature(signature: Hex): boolean {
  return (
    /^0x[0-9a-fA-F]{128}1[bcBC]$/.test(signature) && BigInt(`0x${signature.slice(66, 130)}`) <= LARGEST_S
  );
}

/** Encoders by their types: making one costs several times what using it does. */
const ENCODERS = new WeakMap<TypedTypes, TypedDataEncoder>();

/** What an EIP-712 signature signs: `keccak256(0x1901 ‖ domain ‖ message)`. */
export function typedDataDigest(
  domain: TypedDomain,
  types: TypedTypes,
  value: Readonly<Record<string, unknown>>,
): Hex {
  let encoder = ENCODERS.get(types);
  if (encoder === undefined) {
    encoder = TypedDataEncoder.from(mutable(types));
    ENCODERS.set(types, encoder);
  }
  return keccakOf(concat(["0x1901", typedDomainHash(domain), encoder.hash(value)]));
}

let lastDomain: { readonly text: string; readonly hash: Hex } | undefined;

/** Hash of a domain; a run of signatures is of one. */
export function typedDomainHash(domain: TypedDomain): Hex {
  const text = JSON.stringify(domain);
  if (lastDomain?.text !== text) lastDomain = { text, hash: TypedDataEncoder.hashDomain(domain) };
  return lastDomain.hash;
}

function signingKeyOf(privateKey: Hex): SigningKey {
  try {
    return new SigningKey(privateKey);
  } catch {
    throw new KeyFormatError();
  }
}

/** What a transaction needs before it is signed (EIP-1559). `to` missing: creates a contract. */
export type UnsignedTransaction = {
  readonly chainId: number;
  readonly nonce: number;
  readonly gasLimit: bigint;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly to?: string;
  readonly valueWei: bigint;
  readonly data: Hex;
};

/** Signs a transaction; returns its raw bytes and its hash. */
export async function signTransaction(
  account: Account,
  transaction: UnsignedTransaction,
): Promise<{ raw: Hex; hash: Hex }> {
  const { valueWei, to, ...rest } = transaction;
  const fields = { type: 2, value: valueWei, ...rest, ...(to === undefined ? {} : { to }) };
  const raw = await new Wallet(account.privateKey).signTransaction(fields);
  return { raw, hash: keccakOf(raw) };
}

/** A decoded event. */
export type DecodedLog = {
  readonly address: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
};

/** A contract's refusal: the custom error's name and arguments. */
export type DecodedError = { readonly name: string; readonly args: readonly unknown[] };

/** A contract's interface: what goes in and what comes out, as bytes. */
export type Codec = {
  /** Call data of a method. */
  readonly call: (method: string, args: readonly unknown[]) => Hex;
  /** What a method was called with, by name; `undefined` if the data is no call of it. */
  readonly called: (method: string, data: Hex) => Readonly<Record<string, unknown>> | undefined;
  /** The constructor's arguments. */
  readonly construct: (args: readonly unknown[]) => Hex;
  /** What a method returned: a value, or an object of them where it returns several. */
  readonly result: (method: string, data: Hex) => unknown;
  /** A decoded log, or `undefined` if it is not one of this contract's events. */
  readonly log: (log: { address: string; topics: readonly string[]; data: string }) => DecodedLog | undefined;
  /** A decoded custom error, or `undefined` if it is not one of this interface's. */
  readonly error: (data: Hex) => DecodedError | undefined;
};

/** Several contracts' ABIs as one: a call into one contract may end with another's error or event. */
export function joinAbis(abis: readonly Abi[]): Abi {
  const parts = abis.flatMap((abi) => JSON.parse(abi) as Array<{ type: string }>);
  const shared = parts
    .filter(({ type }) => type === "error" || type === "event")
    .map((part) => JSON.stringify(part));
  return `[${[...new Set(shared)].join(",")}]`;
}

/** Reads an ABI. */
export function codecOf(abi: Abi): Codec {
  const face = new Interface(abi);
  return {
    call: (method, args) => face.encodeFunctionData(method, args),
    called: (method, data) => {
      const parsed = attempt(() => face.parseTransaction({ data }));
      return parsed?.name === method ? named(parsed.args, parsed.fragment.inputs) : undefined;
    },
    construct: (args) => face.encodeDeploy(args),
    result: (method, data) => {
      const { outputs = [] } = face.getFunction(method) ?? {};
      const parts = partsOf(face.decodeFunctionResult(method, data), outputs);
      return parts.length === 1 ? parts[0] : together(parts, outputs);
    },
    log: ({ address, topics, data }) => {
      const parsed = face.parseLog({ topics: [...topics], data });
      if (parsed === null) return undefined;
      return {
        address: getAddress(address),
        name: parsed.name,
        args: named(parsed.args, parsed.fragment.inputs),
      };
    },
    error: (data) => {
      if (dataLength(hexlify(data)) < 4) return undefined;
      const parsed = attempt(() => face.parseError(data)) ?? undefined;
      return parsed && { name: parsed.name, args: partsOf(parsed.args, parsed.fragment.inputs) };
    },
  };
}

/** What stands where somebody put bytes that are no text into a text. */
const NO_TEXT = "\ufffd";

/**
 * The parts of one of ethers' results as plain values. Whoever may put a text into an event may put bytes
 * there that are none, for which ethers throws when the part is looked at: such a part is {@link NO_TEXT},
 * and everything else is read as ever. Nobody can make an event unreadable for others.
 */
function partsOf(result: Result, types: readonly ParamType[]): unknown[] {
  return types.map((type, i) => {
    const part = attempt(() => [result[i] as unknown]);
    return part === undefined ? NO_TEXT : plain(part[0], type);
  });
}

/** Objects where every part has a name, arrays otherwise. */
function together(parts: readonly unknown[], types: readonly ParamType[]): unknown {
  const isNamed = types.length > 0 && types.every(({ name }) => name !== "");
  return isNamed ? Object.fromEntries(types.map(({ name }, i) => [name, parts[i]])) : parts;
}

/** By the names of the parts, or their numbers where they have none. */
function named(result: Result, types: readonly ParamType[]): Record<string, unknown> {
  const parts = partsOf(result, types);
  return Object.fromEntries(types.map(({ name }, i) => [name || String(i), parts[i]]));
}

function plain(value: unknown, type: ParamType): unknown {
  if (!isResult(value)) return value;
  if (type.isTuple()) return together(partsOf(value, type.components), type.components);
  if (type.isArray()) return partsOf(value, Array(value.length).fill(type.arrayChildren));
  return value;
}

function isResult(value: unknown): value is Result {
  return Array.isArray(value) && "toObject" in value;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

function mutable(types: TypedTypes): Record<string, TypedDataField[]> {
  return Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]]));
}

/** A private key that is none. */
export class KeyFormatError extends Error {
  override readonly name = "Ethers.KeyFormat";
  constructor() {
    super("This is not a private key. Give 32 bytes in hex, with 0x in front (64 digits after it).");
  }
}

/** Bytes that are no signature of the form that contracts take. */
export class SignatureFormatError extends Error {
  override readonly name = "Ethers.SignatureFormat";
  constructor() {
    super("This is not a signature: give 65 bytes in hex that end in 1b or 1c.");
  }
}
