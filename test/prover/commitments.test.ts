import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  batchRoot,
  CommitmentsLengthError,
  CommitmentsRangeError,
  CommitmentsRecordError,
  commitMatrix,
  commitVector,
  emptyCommitQ,
  type MatrixKind,
  matrixLength,
  nullCommitG,
  nullLeaf,
  nullRecord,
  packedPerElement,
  packFeatures,
  packSigned,
  receiptsRoot,
  recordLeaf,
  sponge,
} from "../../prover/commitments.ts";
import { FIELD, FieldElementError } from "../../prover/field.ts";
import { poseidon } from "../../prover/poseidon.ts";
import { loadProfile } from "../../prover/profile.ts";

const tiny = loadProfile("tiny");
const full = loadProfile("default");
const zeros = (length: number): bigint[] => new Array<bigint>(length).fill(0n);

describe("sponge", () => {
  it("is Poseidon16 over chunks of 15, from a state that names type and length", () => {
    const list = Array.from({ length: 16 }, (_, i) => BigInt(i + 1));
    const first = poseidon([(3n << 32n) + 16n, ...list.slice(0, 15)]);
    expect(sponge(list, 3)).toBe(poseidon([first, 16n, ...zeros(14)]));
  });

  it("tells lengths and types apart although it pads with zeros", () => {
    const values = [[], [0n], [0n, 0n], zeros(15), zeros(16)].flatMap((list) => [
      sponge(list, 1),
      sponge(list, 2),
    ]);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe("packing", () => {
  it("puts digits where the formula says, and reads back", () => {
    for (const bits of [8, 28, 31, 32, 36, 56]) {
      const low = -(1n << BigInt(bits - 1));
      const value = fc.bigInt(low, -low - 1n);
      fc.assert(
        fc.property(fc.array(value, { minLength: 1, maxLength: 40 }), (values) => {
          const perElement = packedPerElement(bits);
          const elements = packSigned(values, bits);
          expect(elements.length).toBe(Math.ceil(values.length / perElement));
          const mask = (1n << BigInt(bits)) - 1n;
          values.forEach((expected, i) => {
            const element = elements[Math.floor(i / perElement)] as bigint;
            expect(element < 1n << 252n).toBe(true);
            expect(((element >> BigInt(bits * (i % perElement))) & mask) + low).toBe(expected);
          });
        }),
        { numRuns: 25 },
      );
    }
  });

  it("puts 31 features into an element", () => {
    expect(packFeatures(Int8Array.of(-128, 127, 0, 1))).toEqual([
      0n + (255n << 8n) + (128n << 16n) + (129n << 24n),
    ]);
    expect(packFeatures(new Int8Array(32)).length).toBe(2);
    expect(packFeatures(new Int8Array(32))[1]).toBe(128n);
  });

  it("refuses a value out of range, naming it", () => {
    expect(() => packSigned([0n, 128n], 8)).toThrow(CommitmentsRangeError);
    expect(() => packSigned([0n, 128n], 8)).toThrow(/value 1 is 128/);
  });
});

describe("leaves and roots", () => {
  const record = {
    ...nullRecord(tiny),
    features: Int8Array.of(1, -2, 3, 64),
    klass: 2,
    digest: 5n,
    salt: 6n,
    weight: 7,
  };

  it("a leaf hashes packed features, class, digest, salt and weight", () => {
    expect(recordLeaf(record, tiny)).toBe(poseidon([...packFeatures(record.features), 2n, 5n, 6n, 7n]));
    expect(nullLeaf(tiny)).toBe(recordLeaf(nullRecord(tiny), tiny));
  });

  it("refuses each malformed field", () => {
    const malformed = [
      { features: new Int8Array(3) },
      { klass: 3 },
      { klass: -1 },
      { klass: 0.5 },
      { weight: 65536 },
      { weight: -1 },
      { digest: 1n << 248n },
      { salt: -1n },
    ];
    for (const change of malformed) {
      expect(() => recordLeaf({ ...record, ...change }, tiny)).toThrow(CommitmentsRecordError);
    }
  });

  it("roots pad with the null leaf, and receipts bind their context", () => {
    const leaf = recordLeaf(record, tiny);
    const pad = nullLeaf(tiny);
    expect(batchRoot([leaf], tiny)).toBe(sponge([leaf, pad, pad, pad, pad], 1));
    expect(receiptsRoot([leaf], 9n, tiny)).toBe(sponge([9n, leaf, pad, pad], 2));
    expect(receiptsRoot([leaf], 8n, tiny)).not.toBe(receiptsRoot([leaf], 9n, tiny));
    expect(() => batchRoot(new Array<bigint>(6).fill(leaf), tiny)).toThrow(CommitmentsLengthError);
    expect(() => receiptsRoot(new Array<bigint>(4).fill(leaf), 9n, tiny)).toThrow(CommitmentsLengthError);
  });
});

describe("commitments of matrices", () => {
  const kinds: MatrixKind[] = ["W", "A", "G", "Q", "Y", "R"];

  it("are the sponge of the packed values and the salt, under the kind's type", () => {
    const values = Array.from({ length: 12 }, (_, i) => BigInt(i * i) - 40n);
    expect(commitMatrix("W", values, 3n, tiny)).toBe(sponge([...packSigned(values, 28), 3n], 3));
    expect(commitMatrix("Q", values, 3n, tiny)).toBe(sponge([...packSigned(values, 32), 3n], 6));
    expect(commitMatrix("R", values, 3n, tiny)).toBe(sponge([...packSigned(values, 36), 3n], 8));
    const plain = values.map((value) => (value + FIELD) % FIELD);
    expect(commitMatrix("G", values, 3n, tiny)).toBe(sponge([...plain, 3n], 5));
  });

  it("of a vector are the sponge of its elements and the salt", () => {
    const v = [1n, FIELD - 1n, 3n, 0n];
    expect(commitVector(v, 7n, tiny)).toBe(sponge([...v, 7n], 9));
    expect(() => commitVector(v.slice(1), 7n, tiny)).toThrow(CommitmentsLengthError);
    expect(() => commitVector([FIELD, 0n, 0n, 0n], 7n, tiny)).toThrow(FieldElementError);
    expect(() => commitVector([-1n, 0n, 0n, 0n], 7n, tiny)).toThrow(FieldElementError);
    expect(() => commitVector(v, 1n << 248n, tiny)).toThrow(CommitmentsRangeError);
  });

  it("differ by kind and salt", () => {
    const commits = kinds.flatMap((kind) =>
      [0n, 1n].map((salt) => commitMatrix(kind, zeros(matrixLength(kind, full)), salt, full)),
    );
    expect(new Set(commits).size).toBe(12);
    expect(emptyCommitQ(full)).toBe(commitMatrix("Q", zeros(320), 0n, full));
    expect(nullCommitG(full)).toBe(commitMatrix("G", zeros(320), 0n, full));
  });

  it("refuse wrong lengths, values and salts", () => {
    expect(matrixLength("A", full)).toBe(528);
    for (const kind of kinds) {
      expect(() => commitMatrix(kind, zeros(matrixLength(kind, tiny) + 1), 0n, tiny)).toThrow(
        CommitmentsLengthError,
      );
      expect(() => commitMatrix(kind, zeros(matrixLength(kind, tiny)), 1n << 248n, tiny)).toThrow(
        CommitmentsRangeError,
      );
    }
    expect(() => commitMatrix("W", [1n << 27n, ...zeros(11)], 0n, tiny)).toThrow(
      /does not fit 28 signed bits/,
    );
  });
});
