import { describe, expect, it } from "vitest";
import { CorpusFormatError, CorpusLabelError } from "../../../pipeline/corpus/corpus.ts";
import { loadCsv } from "../../../pipeline/corpus/csv.ts";
import { loadJsonl } from "../../../pipeline/corpus/jsonl.ts";
import { numberClasses } from "../../../pipeline/corpus/labels.ts";
import { dataFolder } from "./data.ts";
import { corpusFiles } from "./files.ts";

const row = (i: number): string => `row ${i}`;

describe("numberClasses", () => {
  it("takes numbers as they are, and names in their order", () => {
    expect(numberClasses(["3", "0", "10"], undefined, row)).toEqual({ labels: [3, 0, 10] });
    expect(numberClasses(["pay", "Ask", "pay", "ask"], undefined, row)).toEqual({
      labels: [2, 0, 2, 1],
      names: ["Ask", "ask", "pay"],
    });
  });

  it("takes known names as they stand, and refuses another", () => {
    const known = ["b", "a"];
    expect(numberClasses(["a", "b"], known, row)).toEqual({ labels: [1, 0], names: known });
    expect(() => numberClasses(["a", "c"], known, row)).toThrow(CorpusLabelError);
    expect(() => numberClasses(["a", "c"], known, row)).toThrow(
      /^row 1: the class "c" is none of the 2 .*\(b, a\)/,
    );
  });

  it("refuses an empty label, and numbers among names", () => {
    expect(() => numberClasses(["a", " "], undefined, row)).toThrow(/^row 1: the label is empty/);
    expect(() => numberClasses(["a", "7"], undefined, row)).toThrow(CorpusFormatError);
    expect(() => numberClasses(["a", "7"], undefined, row)).toThrow(/^row 1: the label 7 is a number/);
  });
});

describe("texts with named classes", () => {
  it("come from a CSV in BANKING77's layout, with contributors if it has them", () => {
    const at = corpusFiles({
      "t.csv": 'text,category,contributor\n"Where, oh where?",card_arrival,ada\nhow long\nx,1\n'.replace(
        "\nx,1",
        "",
      ),
      "u.csv": "text,category,contributor\na,card_arrival,ada\nb,lost,bo\n",
    });
    expect(() => loadCsv(at("t.csv"))).toThrow(/line 3: 1 columns where the header has 3/);
    const corpus = loadCsv(at("u.csv"));
    expect(corpus).toMatchObject({ text: true, shape: [], classes: 2, labels: ["card_arrival", "lost"] });
    expect(corpus.samples.map(({ label, contributor }) => [label, contributor])).toEqual([
      [0, "ada"],
      [1, "bo"],
    ]);
    expect(loadCsv(at("u.csv"), { labels: ["lost", "other", "card_arrival"] })).toMatchObject({
      classes: 3,
      samples: [{ label: 2 }, { label: 0 }],
    });
  });

  it("come from JSONL, where texts and bytes do not mix", () => {
    const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
    const at = corpusFiles({
      "t.jsonl": line({ text: "a", label: "x" }) + line({ text: "bé", label: "w", contributor: "ada" }),
      "mixed.jsonl": line({ text: "a", label: "x" }) + line({ pixels: [1], label: 0 }),
      "named.jsonl": line({ pixels: [1], label: "x" }),
      "bare.jsonl": line({ text: "a" }),
    });
    expect(loadJsonl(at("t.jsonl"))).toMatchObject({
      text: true,
      classes: 2,
      labels: ["w", "x"],
      samples: [{ label: 1 }, { label: 0, contributor: "ada" }],
    });
    expect(() => loadJsonl(at("mixed.jsonl"))).toThrow(/line 2: texts and bytes in one file/);
    expect(() => loadJsonl(at("named.jsonl"))).toThrow(/a name is for texts/);
    expect(() => loadJsonl(at("bare.jsonl"))).toThrow(/line 1: there is no "label"/);
    expect(loadJsonl(at("bare.jsonl"), { unlabelled: true }).samples).toMatchObject([{ label: 0 }]);
  });

  it("are refused where a text is empty; questions need no label", () => {
    const at = corpusFiles({ "e.csv": 'text,category\n" ",a\n', "q.csv": "text\nwhere is it\n" });
    expect(() => loadCsv(at("e.csv"))).toThrow(/line 2: the text is empty/);
    expect(() => loadCsv(at("q.csv"))).toThrow(/no column "label"/);
    const { samples } = loadCsv(at("q.csv"), { unlabelled: true });
    expect(samples.map(({ content, label }) => [new TextDecoder().decode(content), label])).toEqual([
      ["where is it", 0],
    ]);
  });

  it("are all there in BANKING77", () => {
    const folder = dataFolder("banking77");
    const train = loadCsv(`${folder}/train.csv`);
    const test = loadCsv(`${folder}/test.csv`, { labels: train.labels ?? [] });
    expect([train.samples.length, test.samples.length, train.classes]).toEqual([10_003, 3_080, 77]);
    expect(train.labels?.[0]).toBe("Refund_not_showing_up");
    expect(test.labels).toEqual(train.labels);
  });
});
