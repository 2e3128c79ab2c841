/**
 * What an EIP-712 signature signs, for many messages of one kind.
 *
 *     digest = keccak256(0x1901 ‖ hash of the domain ‖ keccak256(hash of the type ‖ a word for each field))
 *
 * A general encoder reads the types for each message again and makes a text of every step; a voucher and a
 * receipt have nothing but fields of one word each, so both hashes are made once and the words are written
 * into one buffer. Fields of other types (texts, bytes, lists, structs) are hashed first and are not for
 * here.
 */
import { keccakText, type TypedDomain, type TypedTypes, typedDomainHash } from "../engine/ethers.ts";
import { keccak } from "../engine/keccak.ts";
import { bytesOfHex } from "../engine/secp256k1.ts";

/** A message by the names of its fields: hex for bytes and addresses, numbers in any form. */
export type Message = Readonly<Record<string, unknown>>;

const WORD = 32;

/**
 * Makes the digest of messages of one struct in one domain.
 *
 * @param types one struct, of fields of the types `address`, `bytes32`, `bool` and `uint…`
 * @returns the 32 bytes to sign of a message; throws {@link StructFieldError} for a value that does not fit
 * @throws StructFieldError for a type of a field that is no single word
 */
export function structDigest(domain: TypedDomain, types: TypedTypes): (message: Message) => Uint8Array {
  const [[name, fields] = ["", []], ...more] = Object.entries(types);
  if (more.length > 0) throw new StructFieldError(name, "one struct at a time");
  const members = fields.map((field) => `${field.type} ${field.name}`).join(",");
  const struct = Buffer.alloc((1 + fields.length) * WORD);
  struct.set(bytesOfHex(keccakText(`${name}(${members})`)));
  const whole = Buffer.alloc(2 + 2 * WORD);
  whole.set([0x19, 0x01]);
  whole.set(bytesOfHex(typedDomainHash(domain)), 2);
  const writers = fields.map((field, index) => writerOf(field, struct, (1 + index) * WORD));
  return (message) => {
    for (const write of writers) write(message);
    whole.set(keccak(struct), 2 + WORD);
    return keccak(whole);
  };
}

/** Writes one field of a message into its word. Whatever was there before is gone then. */
function writerOf(
  { name, type }: { readonly name: string; readonly type: string },
  words: Buffer,
  at: number,
): (message: Message) => void {
  const put = (digits: string): void => void words.write(digits, at, WORD, "hex");
  if (type === "bytes32" || type === "address") {
    const isRight = type === "address" ? /^0x[0-9a-fA-F]{40}$/ : /^0x[0-9a-fA-F]{64}$/;
    return ({ [name]: value }) => {
      if (typeof value !== "string" || !isRight.test(value)) throw new StructFieldError(name, type);
      put(value.slice(2).padStart(2 * WORD, "0"));
    };
  }
  const bits = type === "bool" ? 1 : Number(/^uint([1-9]\d{0,2})$/.exec(type)?.[1]);
  if (!(bits <= 8 * WORD)) throw new StructFieldError(name, "a type of one word");
  return ({ [name]: value }) => {
    const number = type === "bool" ? boolean(value) : whole(value);
    if (number === undefined || number < 0n || number >> BigInt(bits) !== 0n)
      throw new StructFieldError(name, type);
    put(number.toString(16).padStart(2 * WORD, "0"));
  };
}

function boolean(value: unknown): bigint | undefined {
  return typeof value === "boolean" ? BigInt(value) : undefined;
}

function whole(value: unknown): bigint | undefined {
  if (typeof value === "bigint") return value;
  return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
}

/** A value that a field of a struct cannot hold. */
export class StructFieldError extends Error {
  override readonly name = "Struct.Field";
  constructor(field: string, wanted: string) {
    super(`The field ${field} of a message to sign is not what it has to be: ${wanted}.`);
  }
}
