import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  CorpusFormatError,
  CorpusLabelError,
  CorpusReadError,
  UNATTRIBUTED,
} from "../../../pipeline/corpus/corpus.ts";
import { loadIdx, parseIdx } from "../../../pipeline/corpus/idx.ts";
import { corpusFiles, idxBytes } from "./files.ts";

const images = idxBytes([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 255]);
const labels = idxBytes([3], [0, 2, 1]);
const writers = "index\twriter_id\n0\t7\n1\t9\n2\t7\n";

describe("parseIdx", () => {
  it("reads sizes, bytes and signed 32-bit integers", () => {
    expect(parseIdx(images, "x")).toEqual({ sizes: [3, 2, 2], values: images.subarray(16) });
    const wide = parseIdx(idxBytes([2, 2], [-1, 2, 70_000, 4], 0x0c), "x");
    expect([...wide.values]).toEqual([-1, 2, 70_000, 4]);
  });

  it.each([1, 3, 7, 15, 20, 27])("refuses a file cut to %i bytes", (length) => {
    expect(() => parseIdx(images.subarray(0, length), "digits.idx")).toThrow(CorpusFormatError);
    expect(() => parseIdx(images.subarray(0, length), "digits.idx")).toThrow(/digits\.idx/);
  });

  it("says how much of a cut file is there", () => {
    expect(() => parseIdx(images.subarray(0, 20), "x")).toThrow(
      "x is cut short: 20 bytes where its header promises 28",
    );
  });

  it("refuses trailing bytes, a wrong magic number and an unknown type", () => {
    expect(() => parseIdx(new Uint8Array([...images, 0]), "x")).toThrow(/bytes after its end/);
    expect(() => parseIdx(new Uint8Array([0x89, 0x50, 0x4e, 0x47]), "x")).toThrow(/starts with 89504e47/);
    expect(() => parseIdx(new Uint8Array([]), "x")).toThrow(/starts with nothing/);
    expect(() => parseIdx(idxBytes([1], [1], 0x0d), "x")).toThrow(/type 0xd is not supported/);
  });
});

describe("loadIdx", () => {
  it("reads plain and gzipped files alike, with contributors from a TSV column", () => {
    const at = corpusFiles({
      i: images,
      l: labels,
      "i.gz": gzipSync(images),
      "l.gz": gzipSync(labels),
      w: writers,
    });
    const corpus = loadIdx({ images: at("i"), labels: at("l"), contributors: at("w") }, { name: "c" });
    expect(corpus.shape).toEqual([2, 2]);
    expect(corpus.classes).toBe(3);
    expect(corpus.samples.map(({ id, label, contributor }) => [id, label, contributor])).toEqual([
      ["c/0", 0, "writer-7"],
      ["c/1", 2, "writer-9"],
      ["c/2", 1, "writer-7"],
    ]);
    expect([...(corpus.samples[2]?.content ?? [])]).toEqual([9, 10, 11, 255]);
    const zipped = loadIdx({ images: at("i.gz"), labels: at("l.gz"), contributors: at("w") }, { name: "c" });
    expect(zipped.samples.map(({ content }) => [...content])).toEqual(
      corpus.samples.map(({ content }) => [...content]),
    );
    expect(loadIdx({ images: at("i"), labels: at("l") }, { limit: 1 }).samples[0]?.contributor).toBe(
      UNATTRIBUTED,
    );
  });

  it("reads contributors from a column of a second IDX file", () => {
    const two = idxBytes([3, 3], [0, 4, 11, 2, 4, 12, 1, 4, 11], 0x0c);
    const at = corpusFiles({ i: images, l: two, w: two });
    const corpus = loadIdx({ images: at("i"), labels: at("l"), contributors: at("w") });
    expect(corpus.samples.map(({ label }) => label)).toEqual([0, 2, 1]);
    expect(corpus.samples.map(({ contributor }) => contributor)).toEqual([
      "writer-11",
      "writer-12",
      "writer-11",
    ]);
    expect(() =>
      loadIdx({ images: at("i"), labels: at("l"), contributors: at("w"), contributorColumn: 3 }),
    ).toThrow(/columns 0\.\.2/);
  });

  it("refuses counts that differ, naming both files", () => {
    const at = corpusFiles({ i: images, l: idxBytes([2], [0, 1]), w: "writer_id\n1\n2\n" });
    expect(() => loadIdx({ images: at("i"), labels: at("l") })).toThrow(/has 2 rows and .* has 3/);
    const ok = corpusFiles({ i: images, l: labels, w: "writer_id\n1\n2\n" });
    expect(() => loadIdx({ images: ok("i"), labels: ok("l"), contributors: ok("w") })).toThrow(
      CorpusFormatError,
    );
  });

  it("refuses a label outside the classes, naming the row", () => {
    const at = corpusFiles({ i: images, l: idxBytes([3], [0, 2, 10]) });
    expect(() => loadIdx({ images: at("i"), labels: at("l") }, { classes: 10 })).toThrow(CorpusLabelError);
    expect(() => loadIdx({ images: at("i"), labels: at("l") }, { classes: 10 })).toThrow(
      /row 2: label 10 is not in 0\.\.9/,
    );
  });

  it("refuses damaged gzip, a missing file, and a TSV row or column that is not there", () => {
    const zipped = gzipSync(images);
    const at = corpusFiles({
      i: images,
      l: labels,
      "cut.gz": zipped.subarray(0, zipped.length - 10),
      "plain.gz": images,
      short: "index\twriter_id\n0\t7\n1\n2\t7\n",
      named: "index\twho\n0\t7\n1\t1\n2\t7\n",
    });
    const load = (file: string, who?: string) => () =>
      loadIdx({ images: at(file), labels: at("l"), ...(who ? { contributors: at(who) } : {}) });
    expect(load("cut.gz")).toThrow(/damaged gzip/);
    expect(load("plain.gz")).toThrow(/is not gzip/);
    expect(load("nowhere")).toThrow(CorpusReadError);
    expect(load("i", "short")).toThrow(/line 3: 1 columns where the header has 2/);
    expect(load("i", "named")).toThrow(/no column writer_id: its columns are index, who/);
  });
});
