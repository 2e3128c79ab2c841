/**
 * Plain values and the one JSON text that each of them has: what is hashed, kept and sent.
 *
 * Keys are sorted, there are no spaces, and what JSON lacks is written as an object of one key: bigints as
 * `{"$n":"123"}`, bytes as `{"$b":"base64"}`. Nothing here is Node's, so that a browser reads a receipt as
 * the tool does.
 */

/**
 * A value that has one JSON text; bigints are written as `{"$n":"123"}`, byte arrays as `{"$b":"base64"}`.
 */
export type Plain =
  | null
  | boolean
  | number
  | string
  | bigint
  | Uint8Array
  | Int8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain | undefined };

/** The one JSON text of a value: keys sorted, no spaces. Equal values have equal texts on every machine. */
export function canonical(value: Plain): string {
  if (typeof value === "bigint") return `{"$n":"${value}"}`;
  if (value instanceof Uint8Array || value instanceof Int8Array) {
    return `{"$b":"${toBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}"}`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item as Plain)).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value as Record<string, Plain | undefined>)
      .filter((entry): entry is [string, Plain] => entry[1] !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Reads what {@link canonical} wrote. */
export function parsePlain(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      const keys = Object.keys(value);
      const record = value as Record<string, unknown>;
      if (keys.length === 1 && typeof record["$n"] === "string") return BigInt(record["$n"]);
      if (keys.length === 1 && typeof record["$b"] === "string") {
        return fromBase64(record["$b"]);
      }
    }
    return value;
  });
}

/** Characters of a string at a time: as many arguments as every engine takes, and a multiple of three. */
const CHUNK_BYTES = 3 << 13;

/** Node's own way, where there is one: for every answer a question and its features are written as text. */
const { Buffer: NodeBuffer } = globalThis as { readonly Buffer?: typeof Buffer };

function toBase64(bytes: Uint8Array): string {
  if (NodeBuffer !== undefined)
    return NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES)));
  }
  return text;
}

/** Throws for what is not base64. */
function fromBase64(text: string): Uint8Array {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
