/** Decoding: what a contract returns keeps its shape, whatever its length. */
import { describe, expect, it } from "vitest";
import { abiEncode, codecOf } from "../../../pipeline/engine/ethers.ts";

const part = { name: "list", type: "uint256[]" };
const output = { name: "", type: "tuple", components: [{ name: "total", type: "uint256" }, part] };
const method = (name: string, outputs: readonly unknown[]) => ({
  type: "function",
  name,
  inputs: [],
  outputs,
  stateMutability: "view",
});
const codec = codecOf(
  JSON.stringify([method("struct", [output]), method("list", [{ name: "", type: "uint256[]" }])]),
);

describe("codecOf", () => {
  it("gives arrays as arrays, with none, one or many elements", () => {
    for (const list of [[], [7n], [7n, 8n], [1n, 2n, 3n]]) {
      expect(codec.result("list", abiEncode(["uint256[]"], [list]))).toEqual(list);
      const struct = abiEncode(["tuple(uint256,uint256[])"], [[5n, list]]);
      expect(codec.result("struct", struct)).toEqual({ total: 5n, list });
    }
  });
});
