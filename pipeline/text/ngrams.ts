/**
 * Text as a vector of bytes: hashed character n-grams (Weinberger and others, "Feature hashing", 2009).
 *
 *   text      its UTF-8 bytes. A–Z become a–z; runs of bytes that are no letter, no digit and not part of a
 *             character beyond ASCII become one space; the text begins and ends with one
 *   n-grams   every run of n bytes, n = shortest … longest; N of them
 *   bucket    FNV-1a of the run, mixed, modulo the number of buckets; c_b of the n-grams fall into bucket b
 *   value     min(255, ⌊√⌊LEVEL² · c_b / N⌋⌋): the square roots of the counts, at length LEVEL
 *
 * Everything is integers, with one square root, which IEEE 754 rounds exactly: the same bytes everywhere.
 * That is also why only ASCII changes case. Unicode's tables of letters grow from version to version, so a
 * text in a new script would be another vector on a newer machine.
 *
 * The specification stands in the backbone's file (network.ts), hence is part of its hash.
 */

/** Sizes of the vector. */
export type NgramSpec = {
  /** A power of two. */
  readonly buckets: number;
  readonly shortest: number;
  readonly longest: number;
};

/** Length of a vector, in bytes' units: a text of 200 n-grams has values about 36. */
export const LEVEL = 512;

/** What the product uses: BANKING77's test texts fill some 200 of the buckets each. */
export const NGRAMS: NgramSpec = { buckets: 8192, shortest: 2, longest: 5 };

/**
 * The vector of a text.
 *
 * @param content UTF-8 bytes, of any length
 * @returns `spec.buckets` bytes; all 0 for a text shorter than the shortest n-gram
 */
export function ngramVector(content: Uint8Array, spec: NgramSpec): Uint8Array {
  const text = normalised(content);
  const counts = new Uint32Array(spec.buckets);
  let total = 0;
  for (let start = 0; start < text.length; start++) {
    let hash = FNV_OFFSET;
    const end = Math.min(text.length, start + spec.longest);
    for (let at = start; at < end; at++) {
      hash = Math.imul(hash ^ (text[at] as number), FNV_PRIME);
      if (at - start + 1 < spec.shortest) continue;
      const bucket = mixed(hash) & (spec.buckets - 1);
      counts[bucket] = (counts[bucket] as number) + 1;
      total++;
    }
  }
  return Uint8Array.from(counts, (count) =>
    count === 0 ? 0 : Math.min(255, Math.floor(Math.sqrt(Math.floor((LEVEL * LEVEL * count) / total)))),
  );
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const SPACE = 0x20;

/** FNV-1a's low bits know little of the last byte: two rounds of MurmurHash3's finaliser spread it. */
function mixed(hash: number): number {
  const once = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return Math.imul(once ^ (once >>> 13), 0xc2b2ae35) >>> 16;
}

function normalised(content: Uint8Array): Uint8Array {
  const out = new Uint8Array(content.length + 2);
  out[0] = SPACE;
  let length = 1;
  for (const byte of content) {
    const upper = byte >= 0x41 && byte <= 0x5a;
    const kept = upper || byte >= 0x80 || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39);
    if (kept) out[length++] = upper ? byte + 0x20 : byte;
    else if (out[length - 1] !== SPACE) out[length++] = SPACE;
  }
  if (out[length - 1] !== SPACE) out[length++] = SPACE;
  return out.subarray(0, length);
}
