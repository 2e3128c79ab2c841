import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BackboneContentError,
  BackboneShapeError,
  openBackbone,
} from "../../../pipeline/backbone/backbone.ts";
import { BackboneDataError, type BackboneFile, buildBackbone } from "../../../pipeline/backbone/build.ts";
import { BIAS, PIXELS } from "../../../pipeline/backbone/graph.ts";
import { ReferenceMissingError, referenceFeatures } from "../../../pipeline/backbone/reference.ts";
import { demoSplit } from "../../../pipeline/corpus/demo.ts";
import { graphBuilder } from "../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../pipeline/engine/onnx.ts";

const { publicSamples, test } = demoSplit("backbone");
let file: BackboneFile;

beforeAll(async () => {
  file = await buildBackbone(publicSamples, { limit: 1500 });
});

describe("backbone", () => {
  it("is named by the hash of its bytes, and built the same twice, whatever the threads", async () => {
    const again = await buildBackbone(publicSamples, { limit: 1500, threads: 2 });
    expect(again.hash).toBe(file.hash);
    // Pinned: another processor that builds another file breaks the promise that a hash names a backbone.
    expect(file.hash).toMatchInlineSnapshot(
      `"c9d321c9ecdde6db360e555769b12c0b7b53c357597bb927e1565eb57c92b5e1"`,
    );
    const other = await buildBackbone(publicSamples.slice(1), { limit: 1500 });
    expect(other.hash).not.toBe(file.hash);
  });

  it("equals its plain reference bit for bit, on digits and on any bytes", async () => {
    const backbone = await openBackbone(file.onnx);
    const noise = fc.sample(fc.uint8Array({ minLength: PIXELS, maxLength: PIXELS }), {
      numRuns: 20,
      seed: 7,
    });
    const flat = [0, 1, 128, 255].map((value) => new Uint8Array(PIXELS).fill(value));
    const checkers = Uint8Array.from({ length: PIXELS }, (_, i) => ((i + Math.floor(i / 28)) % 2) * 255);
    const halves = Uint8Array.from({ length: PIXELS }, (_, i) => (i % 28 < 14 ? 0 : 255));
    const contents = [
      ...test.slice(0, 60).map(({ content }) => content),
      ...noise,
      ...flat,
      checkers,
      halves,
    ];
    const fast = await backbone.features(contents);
    contents.forEach((content, i) => {
      const slow = referenceFeatures(file.onnx, content);
      expect([...fast.subarray(i * backbone.d, (i + 1) * backbone.d)]).toEqual([...slow]);
    });
    await backbone.close();
  });

  it("gives the same features in one block as in many, in order", async () => {
    const backbone = await openBackbone(file.onnx);
    const contents = test.slice(0, 300).map(({ content }) => content);
    const progress: number[] = [];
    const all = await backbone.features(contents, { onProgress: (done) => progress.push(done) });
    const last = await backbone.features(contents.slice(290));
    expect([...all.subarray(290 * backbone.d)]).toEqual([...last]);
    expect(progress.at(-1)).toBe(1);
    expect(await backbone.features([])).toHaveLength(0);
    const aborted = AbortSignal.abort(new Error("stop"));
    await expect(backbone.features(contents, { signal: aborted })).rejects.toThrow("stop");
    await backbone.close();
  });

  it("gives 31 features that use int8 well, and the bias", async () => {
    const backbone = await openBackbone(file.onnx);
    expect([backbone.d, backbone.inputSize, backbone.hash]).toEqual([32, PIXELS, file.hash]);
    const h = await backbone.features(test.map(({ content }) => content));
    for (let j = 0; j < backbone.d; j++) {
      const column = Array.from({ length: test.length }, (_, i) => h[i * backbone.d + j] as number);
      const mean = column.reduce((a, b) => a + b) / column.length;
      const deviation = Math.sqrt(column.reduce((sum, v) => sum + (v - mean) ** 2, 0) / column.length);
      if (j === backbone.d - 1) expect(new Set(column)).toEqual(new Set([BIAS]));
      else {
        expect(Math.abs(mean)).toBeLessThan(8);
        expect(deviation).toBeGreaterThan(20);
        expect(deviation).toBeLessThan(45);
      }
    }
    await backbone.close();
  });

  it("refuses contents of another size, and public contents that nothing can be learned from", async () => {
    const backbone = await openBackbone(file.onnx);
    await expect(backbone.features([new Uint8Array(783)])).rejects.toThrow(BackboneContentError);
    await backbone.close();
    const small = publicSamples.slice(0, 300).map(() => ({ content: new Uint8Array(10) }));
    await expect(buildBackbone(small)).rejects.toThrow(BackboneDataError);
    await expect(buildBackbone(publicSamples.slice(0, 5))).rejects.toThrow(/at least 256/);
    const blank = publicSamples.slice(0, 300).map(() => ({ content: new Uint8Array(PIXELS) }));
    await expect(buildBackbone(blank)).rejects.toThrow(/all alike/);
  });

  it("refuses graphs that are no backbone", async () => {
    const g = graphBuilder("other");
    g.output(g.input("x", "float", ["n", 4]), "y", "float", ["n", 4]);
    const other = encodeOnnx(g.build());
    await expect(openBackbone(other)).rejects.toThrow(BackboneShapeError);
    await expect(openBackbone(new Uint8Array([1, 2, 3]))).rejects.toThrow(/cannot be opened/);
    expect(() => referenceFeatures(other, new Uint8Array(PIXELS))).toThrow(ReferenceMissingError);
  });
});
