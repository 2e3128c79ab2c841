import { describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import { abiEncode, codecOf } from "../../../pipeline/engine/ethers.ts";
import { channelCall, channelOf, depositCalls, unsigned } from "../../../pipeline/payments/deposit-calls.ts";

const at = {
  token: `0x${"a1".repeat(20)}`,
  vault: `0x${"b2".repeat(20)}`,
  model: `0x${"c3".repeat(32)}`,
};
const payer = `0x${"d4".repeat(20)}`;

describe("a payer's calls", () => {
  it("are the bytes that the contracts' own interfaces encode", async () => {
    const { Vault, QuittanceToken } = await contractArtifacts();
    const [vault, token] = [codecOf(Vault.abi), codecOf(QuittanceToken.abi)];
    expect(depositCalls(at, 12n)).toEqual([
      { to: at.token, data: token.call("approve", [at.vault, 12n]) },
      { to: at.vault, data: vault.call("deposit", [at.model, 12n]) },
    ]);
    expect(channelCall(at, payer)).toEqual({ to: at.vault, data: vault.call("channel", [at.model, payer]) });
    const answer = abiEncode(Array(6).fill("uint256"), [9n, 2n, 4n, 1n, 3n, 77n]);
    expect(channelOf(answer)).toEqual(vault.result("channel", answer));
  });

  it("leave of a deposit what is neither signed for, redeemed, withdrawn nor asked back", () => {
    const channel = {
      deposited: 100n,
      charged: 5n,
      authorised: 20n,
      withdrawn: 10n,
      requested: 7n,
      readyAt: 0n,
    };
    expect(unsigned(channel, 0n)).toBe(63n);
    expect(unsigned(channel, 20n)).toBe(63n);
    expect(unsigned(channel, 50n)).toBe(33n);
    expect(unsigned(channel, 500n)).toBe(0n);
  });
});
