import { describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import { RevertedError } from "../../../pipeline/chain/client.ts";
import { REMEDIED, remedyOf } from "../../../pipeline/chain/remedies.ts";

describe("what to do about a refusal", () => {
  it("is known by names that the contracts have", async () => {
    const declared = new Set(
      Object.values(await contractArtifacts()).flatMap(({ abi }) =>
        (JSON.parse(String(abi)) as readonly { readonly type: string; readonly name?: string }[])
          .filter(({ type }) => type === "error")
          .map(({ name }) => name),
      ),
    );
    expect(REMEDIED.filter((name) => !declared.has(name))).toEqual([]);
    expect(REMEDIED.length).toBeGreaterThan(40);
  });

  it("stands behind the contract's own words, with dates that people read", () => {
    const early = new RevertedError({ name: "DisputesTooEarly", args: [1_795_900_396n] });
    expect(early.message).toBe(
      "The contract refused: DisputesTooEarly(1795900396). Nothing was changed.\n" +
        "The receipt's epoch need not be committed before. It can be disputed from 2026-11-28T21:13:16Z on: " +
        "run the same command again then.",
    );
    expect(remedyOf("DisputesStillOpen", [3n, 2n ** 255n])).toContain(String(2n ** 255n));
  });

  it("is left out where nothing is known, whatever the error is called", () => {
    const one = new RevertedError({ name: "toString", args: [[1n, "x"], { bps: 9n }] });
    expect(one.message).toBe("The contract refused: toString([1, x], {bps: 9}). Nothing was changed.");
  });
});
