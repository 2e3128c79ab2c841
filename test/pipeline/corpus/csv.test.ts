import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { CorpusFormatError, CorpusLabelError, UNATTRIBUTED } from "../../../pipeline/corpus/corpus.ts";
import { loadCsv, parseCsv } from "../../../pipeline/corpus/csv.ts";
import { corpusFiles } from "./files.ts";

const good = "id,label,contributor,p0,p1,p2\na,1,ada,0,128,255\n\nb,0,,3,2,1\n";

describe("loadCsv", () => {
  it("reads pixels, ids and contributors, gz or not", () => {
    const at = corpusFiles({ "x.csv": good, "x.csv.gz": gzipSync(good) });
    const corpus = loadCsv(at("x.csv"));
    expect(corpus).toMatchObject({ name: "x", shape: [3], classes: 2 });
    expect(corpus.samples).toEqual([
      { id: "a", content: Uint8Array.of(0, 128, 255), label: 1, contributor: "ada" },
      { id: "b", content: Uint8Array.of(3, 2, 1), label: 0, contributor: UNATTRIBUTED },
    ]);
    expect(loadCsv(at("x.csv.gz"))).toEqual(corpus);
    expect(loadCsv(at("x.csv"), { limit: 1 }).samples).toHaveLength(1);
  });

  it("reads a text column with quotes, commas and line breaks inside", () => {
    const at = corpusFiles({ "t.csv": 'text,label\r\n"a ""b"", c\nd",0\r\nplain,1\r\n' });
    const corpus = loadCsv(at("t.csv"));
    expect(corpus.samples.map(({ content }) => new TextDecoder().decode(content))).toEqual([
      'a "b", c\nd',
      "plain",
    ]);
  });

  it("names the line of a row that is short of a column", () => {
    const at = corpusFiles({ "x.csv": "label,p0,p1\n0,1,2\n\n1,3\n" });
    expect(() => loadCsv(at("x.csv"))).toThrow(CorpusFormatError);
    expect(() => loadCsv(at("x.csv"))).toThrow(/x\.csv, line 4: 2 columns where the header has 3/);
  });

  it("counts lines inside quotes", () => {
    const at = corpusFiles({ "x.csv": 'text,label\n"two\nlines",0\nshort\n' });
    expect(() => loadCsv(at("x.csv"))).toThrow(/line 4: 1 columns/);
  });

  it("names the line of a label out of range or not a number", () => {
    const at = corpusFiles({
      "a.csv": "label,p\n0,1\n10,2\n",
      "b.csv": "label,p\n0,1\nseven,2\n",
      "c.csv": "label,p\n-1,1\n",
    });
    expect(() => loadCsv(at("a.csv"), { classes: 10 })).toThrow(CorpusLabelError);
    expect(() => loadCsv(at("a.csv"), { classes: 10 })).toThrow(/line 3: label 10 is not in 0\.\.9/);
    expect(() => loadCsv(at("b.csv"))).toThrow(/line 3: the label "seven"/);
    expect(() => loadCsv(at("c.csv"))).toThrow(/line 2: the label "-1"/);
  });

  it.each(["256", "-1", "1.5", "", "x"])("refuses the pixel %j with its line and column", (pixel) => {
    const at = corpusFiles({ "x.csv": `label,p0,p1\n0,1,2\n1,3,${pixel}\n` });
    expect(() => loadCsv(at("x.csv"))).toThrow(/line 3, column 3/);
  });

  it("refuses a file without a label column, without content, and an open quote", () => {
    const at = corpusFiles({
      "a.csv": "p0,p1\n1,2\n",
      "b.csv": "label,id\n1,2\n",
      "c.csv": 'text,label\n"open,0\n',
      "d.csv": "",
    });
    expect(() => loadCsv(at("a.csv"))).toThrow(/no column "label"/);
    expect(() => loadCsv(at("b.csv"))).toThrow(/no content/);
    expect(() => loadCsv(at("c.csv"))).toThrow(/line 2: a quote is opened/);
    expect(() => loadCsv(at("d.csv"))).toThrow(/no column "label"/);
  });

  it("keeps an empty last cell", () => {
    expect(parseCsv("a,b\n1,", "x")[1]?.cells).toEqual(["1", ""]);
  });
});
