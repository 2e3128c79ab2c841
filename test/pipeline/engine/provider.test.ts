// The choice of a provider: the best that works, with the reasons, and no name that ONNX Runtime would
// ignore.
import { describe, expect, it } from "vitest";
import { graphBuilder } from "../../../pipeline/engine/graph.ts";
import { encodeOnnx } from "../../../pipeline/engine/onnx.ts";
import { openSession, tensor } from "../../../pipeline/engine/ort.ts";
import {
  choiceLine,
  choose,
  type Provider,
  ProviderUnknownError,
  probe,
} from "../../../pipeline/engine/provider.ts";

function doubling(): Uint8Array {
  const g = graphBuilder("double");
  const x = g.input("x", "float", [2]);
  g.output(g.node("Add", [x, x]), "y", "float", [2]);
  return encodeOnnx(g.build());
}

describe("choose", () => {
  it("takes the first that works and keeps the reasons of the others", async () => {
    const only = (working: readonly Provider[]) => async (provider: Provider) =>
      working.includes(provider) ? undefined : `no ${provider} here`;
    expect(await choose(undefined, only(["cuda", "webgpu"]))).toEqual({ provider: "cuda", passedOver: [] });
    const second = await choose("auto", only(["webgpu"]));
    expect(second).toEqual({
      provider: "webgpu",
      passedOver: [{ provider: "cuda", reason: "no cuda here" }],
    });
    expect(choiceLine(second)).toBe("webgpu (not cuda: no cuda here)");
    const last = await choose("", only([]));
    expect(last.provider).toBe("cpu");
    expect(last.passedOver.map(({ provider }) => provider)).toEqual(["cuda", "webgpu"]);
    expect(await choose("cpu", only(["cuda"]))).toEqual({ provider: "cpu", passedOver: [] });
    await expect(choose("rocm", only([]))).rejects.toThrow(ProviderUnknownError);
  });
});

describe("probe", () => {
  it("finds that the CPU works, and of the others it says what is missing or finds that they work", async () => {
    expect(await probe("cpu")).toBeUndefined();
    for (const provider of ["cuda", "webgpu"] as const) {
      const reason = await probe(provider);
      if (reason !== undefined) expect(reason.length).toBeGreaterThan(10);
    }
  });
});

describe("a session", () => {
  it("with auto runs on what was chosen, and says which", async () => {
    const session = await openSession(doubling(), { provider: "auto" });
    expect(session.provider).toBe((await choose(process.env.QUITTANCE_PROVIDER)).provider);
    const { y } = await session.run({ x: tensor("float", Float32Array.of(1, 2)) });
    expect([...(y?.data ?? [])]).toEqual([2, 4]);
    await session.close();
  });

  it("refuses a provider that ONNX Runtime would replace by the CPU without a word", async () => {
    await expect(openSession(doubling(), { provider: "dml" })).rejects.toThrow(ProviderUnknownError);
  });
});
