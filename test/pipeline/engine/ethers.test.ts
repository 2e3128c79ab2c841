/** Decoding: what a contract returns keeps its shape, whatever its length. */
import { describe, expect, it } from "vitest";
import { abiEncode, codecOf, keccak256 } from "../../../pipeline/engine/ethers.ts";

const part = { name: "list", type: "uint256[]" };
const output = { name: "", type: "tuple", components: [{ name: "total", type: "uint256" }, part] };
const method = (name: string, outputs: readonly unknown[]) => ({
  type: "function",
  name,
  inputs: [],
  outputs,
  stateMutability: "view",
});
const text = (name: string) => ({ name, type: "string" });
const hashOf = (signature: string): string => keccak256(new TextEncoder().encode(signature));
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

  it("reads the rest of an event whose text is none", () => {
    const terms = { name: "terms", type: "tuple", components: ["licence", "uri"].map(text) };
    const inputs = [{ name: "datanet", type: "uint256", indexed: true }, terms, text("note")];
    const events = codecOf(JSON.stringify([{ type: "event", name: "Created", inputs }]));
    const topics = [hashOf("Created(uint256,(string,string),string)"), abiEncode(["uint256"], [3n])];
    const log = (licence: string) =>
      events.log({
        address: `0x${"11".repeat(20)}`,
        topics,
        // Bytes and texts are encoded alike.
        data: abiEncode(["tuple(bytes,string)", "string"], [[licence, "ipfs://x"], "hello"]),
      })?.args;
    const rest = { datanet: 3n, note: "hello" };
    expect(log("0x4343302d312e30")).toEqual({ ...rest, terms: { licence: "CC0-1.0", uri: "ipfs://x" } });
    for (const none of ["0xff", "0xc3", "0x41fffe", "0xeda080"])
      expect(log(none)).toEqual({ ...rest, terms: { licence: "\ufffd", uri: "ipfs://x" } });
  });

  it("takes a call for what it is, or for none", () => {
    const inputs = [{ name: "datanet", type: "uint256" }, text("note")];
    const calls = codecOf(JSON.stringify([{ ...method("give", []), inputs }, method("take", [])]));
    const good = calls.call("give", [3n, "hello"]);
    expect(calls.called("give", good)).toEqual({ datanet: 3n, note: "hello" });
    for (const other of ["0x", "0x00", good.slice(0, 10), good.slice(0, 80), calls.call("take", [])])
      expect(calls.called("give", other)).toBeUndefined();
  });
});
