import { describe, expect, it } from "vitest";
import { CorpusFormatError, CorpusLabelError, UNATTRIBUTED } from "../../../pipeline/corpus/corpus.ts";
import { loadJsonl } from "../../../pipeline/corpus/jsonl.ts";
import { corpusFiles } from "./files.ts";

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;

describe("loadJsonl", () => {
  it("reads pixels, base64 and text", () => {
    const at = corpusFiles({
      "a.jsonl":
        line({ label: 2, pixels: [0, 255], contributor: "ada", id: "x" }) +
        line({ label: 0, base64: "AQI=" }),
      "b.jsonl": `${line({ label: 0, text: "hello" })}\n${line({ label: 1, text: "hé" })}`,
    });
    expect(loadJsonl(at("a.jsonl"))).toEqual({
      name: "a",
      shape: [2],
      classes: 3,
      samples: [
        { id: "x", content: Uint8Array.of(0, 255), label: 2, contributor: "ada" },
        { id: "a/1", content: Uint8Array.of(1, 2), label: 0, contributor: UNATTRIBUTED },
      ],
    });
    const texts = loadJsonl(at("b.jsonl"));
    expect(texts.shape).toEqual([]);
    expect(texts.samples.map(({ content }) => content.length)).toEqual([5, 3]);
  });

  it.each([
    ["not JSON", '{"label": 1, "pixels": [1]'],
    ["no label", line({ pixels: [1] })],
    ["a pixel above 255", line({ label: 1, pixels: [256] })],
    ["two contents", line({ label: 1, pixels: [1], text: "x" })],
    ["no content", line({ label: 1 })],
    ["a misspelt key", line({ label: 1, pixels: [1], contributer: "ada" })],
    ["another length", line({ label: 1, pixels: [1, 2] })],
    ["a label that is text", line({ label: "1", pixels: [1] })],
  ])("refuses %s and names the line", (_, bad) => {
    const at = corpusFiles({ "x.jsonl": `${line({ label: 0, pixels: [9] })}\n${bad}` });
    expect(() => loadJsonl(at("x.jsonl"))).toThrow(CorpusFormatError);
    expect(() => loadJsonl(at("x.jsonl"))).toThrow(/x\.jsonl, line 3/);
  });

  it("refuses a label out of range with its line", () => {
    const at = corpusFiles({ "x.jsonl": line({ label: 0, pixels: [9] }) + line({ label: 10, pixels: [9] }) });
    expect(() => loadJsonl(at("x.jsonl"), { classes: 10 })).toThrow(CorpusLabelError);
    expect(() => loadJsonl(at("x.jsonl"), { classes: 10 })).toThrow(/line 2: label 10/);
  });
});
