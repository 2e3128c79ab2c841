import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { CorpusReadError } from "../../../pipeline/corpus/corpus.ts";
import { loadCorpus } from "../../../pipeline/corpus/folder.ts";
import { dataFolder } from "./data.ts";
import { corpusFiles, idxBytes } from "./files.ts";

describe("loadCorpus", () => {
  it("tells files by their ending", () => {
    const at = corpusFiles({
      "a.csv": "label,p\n0,1\n",
      "a.jsonl": '{"label":0,"pixels":[1]}\n',
      "a.txt": "",
    });
    expect(loadCorpus(at("a.csv")).samples[0]?.content).toEqual(Uint8Array.of(1));
    expect(loadCorpus(at("a.jsonl")).samples[0]?.content).toEqual(Uint8Array.of(1));
    expect(() => loadCorpus(at("a.txt"))).toThrow(/no known kind/);
    expect(() => loadCorpus(at("nowhere"))).toThrow(CorpusReadError);
  });

  it("says which file a folder lacks", () => {
    const at = corpusFiles({ "train-images-idx3-ubyte": idxBytes([1, 1, 1], [1]) });
    expect(() => loadCorpus(dirname(at("x")))).toThrow(/has no train-labels-idx1-ubyte/);
    expect(() => loadCorpus(dirname(at("x")), { part: "test" })).toThrow(/has no t10k-images-idx3-ubyte/);
  });

  it("reads the digits and writers of mnist-writers", () => {
    const corpus = loadCorpus(dataFolder("mnist-writers"), { part: "test", classes: 10 });
    expect(corpus.shape).toEqual([28, 28]);
    expect(corpus.samples).toHaveLength(10_000);
    expect(corpus.samples[0]).toMatchObject({ label: 7, contributor: "writer-2578" });
    expect(new Set(corpus.samples.map(({ contributor }) => contributor)).size).toBe(297);
  });
});
