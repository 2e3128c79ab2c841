import { describe, expect, it } from "vitest";
import { runCircuits } from "../../benchmarks/circuits.ts";
import { honestInput } from "../../benchmarks/inputs.ts";
import { CIRCUIT_NAMES } from "../../prover/profile.ts";

describe("the circuits benchmark", () => {
  it("reports five figures of each circuit on the tiny profile, from proofs that verify", async () => {
    const figures = await runCircuits({ full: false });
    const kinds = ["rows", "compile.seconds", "key.seconds", "prove.seconds", "prove.peak_mib"];
    const names = CIRCUIT_NAMES.flatMap((circuit) => kinds.map((kind) => `${circuit}.${kind}`));
    expect(figures.map(({ name }) => name)).toEqual(names);
    for (const { name, value } of figures) expect(value, name).toBeGreaterThan(0);
  });
});

describe("honest inputs", () => {
  it.each(CIRCUIT_NAMES)("of %s exist at the default profile and follow from the seed", (circuit) => {
    const [one, two] = [honestInput("default", circuit, "a"), honestInput("default", circuit, "a")];
    expect(two).toEqual(one);
    expect(honestInput("default", circuit, "b").publics).not.toEqual(one.publics);
  });
});
