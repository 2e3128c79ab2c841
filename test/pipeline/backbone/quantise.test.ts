/** Quantising: the ONNX graph against plain loops bit for bit, and the integers against the floats. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  BackboneContentError,
  BackboneShapeError,
  openBackbone,
} from "../../../pipeline/backbone/backbone.ts";
import { activations } from "../../../pipeline/backbone/floats.ts";
import { BIAS } from "../../../pipeline/backbone/integers.ts";
import { LayerShapeError, type Network } from "../../../pipeline/backbone/layers.ts";
import { QuantiseDataError, QuantiseRangeError, quantise } from "../../../pipeline/backbone/quantise.ts";
import { referenceFeatures } from "../../../pipeline/backbone/reference.ts";
import { graphBuilder } from "../../../pipeline/engine/graph.ts";
import { decodeOnnx, encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { contents, convolutional, denseLayer, mlp, poolLayer } from "./networks.ts";

const cases = { "dense layers": [mlp(9), 20], "convolutions and pooling": [convolutional(), 128] } as const;

describe("a quantised network", () => {
  it.each(Object.keys(cases))("of %s equals plain loops bit for bit, on any bytes", async (name) => {
    const [network, bytes] = cases[name as keyof typeof cases];
    const { onnx, hash, network: integers } = await quantise(network, contents(200, bytes), { d: 9 });
    const backbone = await openBackbone(onnx, { threads: 2 });
    expect([backbone.d, backbone.inputSize, backbone.hash]).toEqual([9, bytes, hash]);
    const noise = fc.sample(fc.uint8Array({ minLength: bytes, maxLength: bytes }), { numRuns: 60, seed: 7 });
    const flat = [0, 1, 128, 255].map((value) => new Uint8Array(bytes).fill(value));
    const edges = Uint8Array.from({ length: bytes }, (_, i) => (i % 2) * 255);
    const tried = [...contents(300, bytes, "other"), ...noise, ...flat, edges];
    const fast = await backbone.features(tried);
    tried.forEach((content, i) => {
      expect([...fast.subarray(i * 9, (i + 1) * 9)]).toEqual([...referenceFeatures(integers, content)]);
    });
    await backbone.close();
  });

  it("is near the floats it comes from, centred, with the bias last", async () => {
    const network = mlp(9);
    const { network: integers } = await quantise(network, contents(400, 20), { d: 9 });
    const unseen = contents(200, 20, "unseen");
    const floats = (await activations(network, unseen)).at(-1) as Float32Array;
    const bytes = unseen.map((content) => referenceFeatures(integers, content));
    for (let j = 0; j < 8; j++) {
      const x = unseen.map((_, i) => floats[i * 8 + j] as number);
      const y = bytes.map((row) => row[j] as number);
      const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;
      const [mx, my] = [mean(x), mean(y)];
      const dot = (a: readonly number[], ma: number, b: readonly number[], mb: number): number =>
        a.reduce((sum, value, i) => sum + (value - ma) * ((b[i] as number) - mb), 0);
      const correlation = dot(x, mx, y, my) / Math.sqrt(dot(x, mx, x, mx) * dot(y, my, y, my));
      expect(correlation).toBeGreaterThan(0.995);
      expect(Math.abs(my)).toBeLessThan(12);
      expect(Math.sqrt(dot(y, my, y, my) / y.length)).toBeGreaterThan(20);
    }
    expect(new Set(bytes.map((row) => row[8]))).toEqual(new Set([BIAS]));
  });

  it("holds integers only, is the same file every time, and another one from other contents", async () => {
    const network = convolutional();
    const first = await quantise(network, contents(200, 128), { d: 9 });
    const again = await quantise(network, contents(200, 128), { d: 9, threads: 2 });
    const other = await quantise(network, contents(200, 128, "other"), { d: 9 });
    expect(again.hash).toBe(first.hash);
    expect(other.hash).not.toBe(first.hash);
    const types = Object.values(decodeOnnx(first.onnx).constants).map(({ type }) => type);
    expect(types.filter((type) => type === "float" || type === "double")).toEqual([]);
  });

  it("gives the same features in one block as in many, in order, and stops when told", async () => {
    const backbone = await openBackbone((await quantise(mlp(9), contents(200, 20), { d: 9 })).onnx);
    const many = contents(300, 20, "many");
    const progress: number[] = [];
    const all = await backbone.features(many, { onProgress: (done) => progress.push(done) });
    expect([...all.subarray(290 * 9)]).toEqual([...(await backbone.features(many.slice(290)))]);
    expect(progress.at(-1)).toBe(1);
    expect(await backbone.features([])).toHaveLength(0);
    const signal = AbortSignal.abort(new Error("stop"));
    await expect(backbone.features(many, { signal })).rejects.toThrow("stop");
    await expect(backbone.features([new Uint8Array(19)])).rejects.toThrow(BackboneContentError);
    await backbone.close();
  });

  it("projects many outputs, and leaves features of a narrow encoder at zero", async () => {
    const wide: Network = { ...mlp(9), layers: [denseLayer(20, 40, true)] };
    const { network } = await quantise(wide, contents(200, 20), { d: 5 });
    expect(network.layers.at(-1)).toMatchObject({ kind: "dense", inputs: 40, outputs: 5 });
    const narrow: Network = { ...mlp(9), layers: [denseLayer(20, 3, false)] };
    const few = await quantise(narrow, contents(200, 20), { d: 6 });
    const rows = contents(50, 20, "x").map((content) => referenceFeatures(few.network, content));
    expect(rows.every((row) => row[3] === 0 && row[4] === 0 && row[5] === BIAS)).toBe(true);
    expect(new Set(rows.map((row) => row[0])).size).toBeGreaterThan(5);
  });

  it("is refused where it cannot be exact", async () => {
    const good = contents(200, 20);
    await expect(quantise(mlp(9), good.slice(0, 5), { d: 9 })).rejects.toThrow(QuantiseDataError);
    const blank = good.map(() => new Uint8Array(20));
    await expect(quantise(mlp(9), blank, { d: 9 })).rejects.toThrow(/all alike/);
    const broken: Network = { ...mlp(9), layers: [denseLayer(19, 8, false)] };
    await expect(quantise(broken, good, { d: 9 })).rejects.toThrow(LayerShapeError);
    const pooled: Network = { ...mlp(9), layers: [poolLayer("maxPool", 2)] };
    await expect(quantise(pooled, good, { d: 9 })).rejects.toThrow(/cannot follow/);
    const shifted: Network = { ...convolutional(), shift: 3 };
    await expect(quantise(shifted, contents(200, 128), { d: 9 })).rejects.toThrow(QuantiseRangeError);
    const g = graphBuilder("other");
    g.output(g.input("x", "float", ["n", 4]), "y", "float", ["n", 4]);
    await expect(openBackbone(encodeOnnx(g.build()))).rejects.toThrow(BackboneShapeError);
  });
});
