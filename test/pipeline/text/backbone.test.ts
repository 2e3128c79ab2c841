// A backbone of texts, trained on a few hundred of five kinds: the integers, the file, and what reads it.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Backbone, BackboneShapeError, openBackbone } from "../../../pipeline/backbone/backbone.ts";
import { adoptEncoder } from "../../../pipeline/backbone/encoder.ts";
import { decodeOnnx, encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { accuracyOf, fitModel } from "../../../pipeline/model/model.ts";
import { measuredTexts, TextDataError, textBackbone } from "../../../pipeline/text/backbone.ts";
import {
  featureCount,
  referenceTextFeatures,
  specOf,
  TextSpecError,
} from "../../../pipeline/text/network.ts";
import { NGRAMS, ngramVector } from "../../../pipeline/text/ngrams.ts";
import { quantiseText, type TextBackbone } from "../../../pipeline/text/quantise.ts";
import { type FloatText, floatForward, trainText } from "../../../pipeline/text/train.ts";
import { loadProfile } from "../../../prover/index.ts";
import { CLASSES, tickets } from "./texts.ts";

const profile = loadProfile("tiny-codes");
const tickets32 = loadProfile("tickets32");
const labelled = (seed: string, count: number) =>
  tickets(seed, count).map(({ text, category }) => ({
    content: new TextEncoder().encode(text),
    label: CLASSES.indexOf(category),
  }));
const publicTexts = labelled("public", 200);
const contents = publicTexts.map(({ content }) => content);
const asked = labelled("asked", 100);

let float: FloatText;
let narrow: TextBackbone;
let wide: TextBackbone;
let opened: Backbone;
beforeAll(async () => {
  float = await trainText(publicTexts, { classes: 5, spec: { ...NGRAMS, buckets: 1024 }, hidden: 64 });
  narrow = quantiseText(float, contents, profile);
  wide = quantiseText(float, contents, { d: 32, words: tickets32.words.slice(0, 5) });
  opened = await openBackbone(wide.onnx);
});
afterAll(() => opened.close());

describe("a text backbone", () => {
  it("gives the features of the plain reference, bit for bit, whatever the block", async () => {
    for (const { network, onnx } of [narrow, wide]) {
      const backbone = await openBackbone(onnx, { threads: 2 });
      const d = featureCount(network);
      const odd = ["", "?", "ÄÖÜ 日本語", "a".repeat(5000)].map((text) => new TextEncoder().encode(text));
      const texts = [...asked.slice(0, 30).map(({ content }) => content), ...odd];
      const features = await backbone.features(texts);
      texts.forEach((text, i) => {
        expect(features.subarray(i * d, (i + 1) * d)).toEqual(referenceTextFeatures(network, text));
      });
      for (const [i, text] of texts.entries())
        expect(await backbone.features([text])).toEqual(features.subarray(i * d, (i + 1) * d));
      await backbone.close();
    }
  });

  it("keeps what the floats know: their classes, and their probabilities' expected word", async () => {
    const vectors = asked.map(({ content }) => ngramVector(content, float.spec));
    const { logits } = floatForward(float, vectors);
    const words = tickets32.words.slice(0, 5);
    const features = await opened.features(asked.map(({ content }) => content));
    let right = 0;
    asked.forEach(({ label }, i) => {
      const row = Array.from(logits.subarray(i * 5, (i + 1) * 5));
      if (row.indexOf(Math.max(...row)) === label) right++;
      const e = row.map((z) => Math.exp(z - Math.max(...row)));
      const all = e.reduce((sum, value) => sum + value, 0);
      for (let j = 0; j < 16; j++) {
        const expected = e.reduce((sum, value, k) => sum + (value / all) * (words[k]?.[j] as number), 0);
        expect(Math.abs(127 * expected - (features[i * 32 + j] as number))).toBeLessThan(8);
      }
    });
    expect(right).toBeGreaterThanOrEqual(95);
  });

  it("is read by the ridge head: a few contributed texts teach it the classes", async () => {
    const contributed = labelled("contributed", 60);
    const h = await opened.features(contributed.map(({ content }) => content));
    const labels = contributed.map(({ label }) => label);
    const contributors = new Int32Array(60);
    const model = await fitModel({ features: h, labels, contributors, count: 1, profile: tickets32 });
    const tested = await opened.features(asked.map(({ content }) => content));
    const accuracy = await accuracyOf(
      model.w,
      tested,
      asked.map(({ label }) => label),
      tickets32,
    );
    expect(accuracy).toBeGreaterThanOrEqual(0.95);
  });

  it("names its n-grams in its file, so that another rule is another hash", async () => {
    expect(specOf(decodeOnnx(wide.onnx))).toEqual(float.spec);
    expect(opened.text).toBe(true);
    const graph = decodeOnnx(wide.onnx);
    const other = encodeOnnx({ ...graph, doc: graph.doc.replace('"longest":5', '"longest":4') });
    const backbone = await openBackbone(other);
    expect(backbone.hash).not.toBe(opened.hash);
    expect(await backbone.features(contents.slice(0, 5))).not.toEqual(
      await opened.features(contents.slice(0, 5)),
    );
    await backbone.close();
    const wrong = encodeOnnx({ ...graph, doc: graph.doc.replace("1024", "2048") });
    await expect(openBackbone(wrong)).rejects.toThrow(BackboneShapeError);
    expect(() => specOf({ doc: graph.doc.replace("1024", "1000") })).toThrow(TextSpecError);
    expect(specOf({ doc: "Quantised network" })).toBeUndefined();
  });

  it("is an integer graph that any project may bring", async () => {
    const adopted = await adoptEncoder(wide.onnx, contents, { d: 32 });
    expect(adopted).toMatchObject({ kind: "integer", hash: wide.hash });
  });

  it("is the same file for the same texts, and cached under them", async () => {
    expect(quantiseText(float, contents, profile).hash).toBe(narrow.hash);
    const folder = mkdtempSync(join(tmpdir(), "quittance-text-"));
    const before = process.env.QUITTANCE_CACHE;
    process.env.QUITTANCE_CACHE = folder;
    try {
      const few = publicTexts.slice(0, 64);
      const first = await textBackbone(few, 5, profile);
      expect(readdirSync(join(folder, "backbones")).length).toBe(2);
      const steps: number[] = [];
      expect(await textBackbone(few, 5, profile, (done) => steps.push(done))).toEqual(Buffer.from(first));
      expect(steps).toEqual([]);
      const many = Array.from({ length: 3000 }, (_, i) => ({
        content: Uint8Array.of(i >> 8, i & 255),
        label: 0,
      }));
      const measured = measuredTexts(many).map(([high = 0, low = 0]) => 256 * high + low);
      expect([measured.length, measured[0], measured.at(-1)]).toEqual([1024, 0, 2997]);
      await expect(textBackbone(few.slice(1), 5, profile)).rejects.toThrow(TextDataError);
      await expect(textBackbone(few, 4, profile)).rejects.toThrow(/has class 4 of 4/);
    } finally {
      if (before === undefined) delete process.env.QUITTANCE_CACHE;
      else process.env.QUITTANCE_CACHE = before;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
