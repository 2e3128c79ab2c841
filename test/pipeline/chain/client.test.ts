/** Sending and reading, through a real JSON-RPC address: the local chain behind a small HTTP server. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import type { Chain } from "../../../pipeline/chain/chain.ts";
import { balanceOf, chainTime, clockOf, RevertedError, read } from "../../../pipeline/chain/client.ts";
import { openContracts } from "../../../pipeline/chain/contracts.ts";
import { deployContract } from "../../../pipeline/chain/deploy.ts";
import { openLocalChain } from "../../../pipeline/chain/local.ts";
import { openRpcChain } from "../../../pipeline/chain/rpc.ts";
import { accountOf, codecOf } from "../../../pipeline/engine/ethers.ts";

const account = accountOf(`0x${"33".repeat(32)}`);

describe("openRpcChain", () => {
  let local: Chain;
  let chain: Chain;
  let server: Server;
  let url: string;
  let delayed = 0;

  beforeAll(async () => {
    local = await openLocalChain();
    await local.fund(account.address, 10n ** 18n);
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", async () => {
        const { id, method, params } = JSON.parse(body) as { id: number; method: string; params: unknown[] };
        const answer = { jsonrpc: "2.0", id };
        try {
          // The first time that a receipt is asked for, there is none yet.
          const early = method === "eth_getTransactionReceipt" && delayed++ === 0;
          const result = early ? null : await local.provider.request({ method, params });
          response.end(JSON.stringify({ ...answer, result: result ?? null }));
        } catch (error) {
          const {
            code = -32_000,
            data,
            message,
          } = error as { code?: number; data?: unknown; message: string };
          response.end(JSON.stringify({ ...answer, error: { code, message, data } }));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    chain = await openRpcChain({ url });
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await local.close();
  });

  it("deploys, reads and names a contract's refusals, as the local chain does", async () => {
    const { Datanets } = await contractArtifacts();
    const receipt = await deployContract(chain, account, Datanets, [5]);
    expect(delayed).toBeGreaterThan(1);
    const target = { address: receipt.created, codec: codecOf(Datanets.abi) };
    expect(await read(chain, target, "batchRecords", [])).toBe(5n);
    expect(await balanceOf(chain, account.address)).toBe(10n ** 18n - receipt.feeWei);
    const refusal = read(chain, target, "batch", [1n]);
    await expect(refusal).rejects.toBeInstanceOf(RevertedError);
    await expect(refusal).rejects.toMatchObject({ reason: "DatanetsUnknownBatch", args: [1n] });
  });

  it("does not take the silence of an empty address for an answer", async () => {
    const { Groth16Verifier } = await contractArtifacts();
    const target = { address: `0x${"44".repeat(20)}`, codec: codecOf(Groth16Verifier.abi) };
    const args = [`0x${"00".repeat(32)}`, new Array(8).fill(0n), []];
    await expect(read(chain, target, "verify", args)).rejects.toMatchObject({ name: "Chain.NoContract" });
  });

  it("cannot make coins or move time, and refuses another chain's contracts", async () => {
    await expect(chain.fund(account.address, 1n)).rejects.toMatchObject({ name: "Chain.NotLocal" });
    await expect(chain.travel(1)).rejects.toMatchObject({ name: "Chain.NotLocal" });
    const nowhere = `0x${"55".repeat(20)}`;
    const addresses = {
      verifier: nowhere,
      datanets: nowhere,
      models: nowhere,
      training: nowhere,
      epochs: nowhere,
      vault: nowhere,
      token: nowhere,
      timelock: nowhere,
      governor: nowhere,
      guardian: nowhere,
      registry: nowhere,
      validation: nowhere,
      schedule: nowhere,
      disputes: nowhere,
    };
    const opened = openContracts(chain, { chainId: 1, profile: "tiny", ...addresses });
    await expect(opened).rejects.toMatchObject({ name: "Contracts.WrongChain" });
  });

  it("takes the machine's time for the next block of a local chain that has been idle, and nobody else's", async () => {
    const year = 365 * 86_400;
    const wall = Math.floor(Date.now() / 1_000);
    const idle = await openLocalChain({ now: () => wall - year });
    expect(await chainTime(idle)).toBeLessThanOrEqual(wall - year);
    expect(await clockOf(idle)).toBeGreaterThanOrEqual(wall);
    await idle.travel(2 * year);
    expect(await clockOf(idle)).toBe(await chainTime(idle));
    expect(await clockOf({ ...idle, kind: "rpc" })).toBe(await chainTime(idle));
    await idle.close();
    expect(await clockOf(chain)).toBe(await chainTime(chain));
  });

  it("says where nothing answers", async () => {
    await expect(openRpcChain({ url: "http://127.0.0.1:9" })).rejects.toMatchObject({
      name: "Rpc.Unreachable",
    });
  });

  it("refuses a private key that is none, without showing it", () => {
    expect(() => accountOf("0x1234secret")).toThrow(/not a private key/);
    expect(() => accountOf("0x1234secret")).not.toThrow(/secret"/);
  });
});
