// `quittance serve` as an operator starts it, in a process of its own, and its chain for whoever looks.
import { type ChildProcess, spawn } from "node:child_process";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { openRpcChain } from "../../pipeline/chain/rpc.ts";
import { CLI } from "../pipeline/cli/fixtures.ts";

/** A running service. */
export type Served = {
  readonly url: string;
  readonly chain: Chain;
  get<T>(path: string): Promise<T>;
  /** Play money, and coins for gas. */
  fund(address: string, amount: bigint): Promise<void>;
  /** What an account holds of a token. */
  balance(token: string, address: string): Promise<bigint>;
  stop(): Promise<void>;
};

/** Starts the tool and waits until it listens. */
export async function serve(project: string, ...more: string[]): Promise<Served> {
  const args = [CLI, "serve", "--json", "--port", "0", "--project", project, ...more];
  const env = { ...process.env, QUITTANCE_LOG: "warn" };
  const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  const url = await addressOf(child);
  const chain = await openRpcChain({ url: `${url}/rpc` });
  return {
    url,
    chain,
    get: async <T>(path: string) => (await (await fetch(`${url}/${path}`)).json()) as T,
    fund: async (address, amount) => {
      await chain.provider.request({ method: "quittance_fund", params: [address, amount.toString()] });
    },
    balance: async (token, address) => {
      const data = `0x70a08231${address.slice(2).toLowerCase().padStart(64, "0")}`;
      const call = { to: token, data };
      return BigInt(
        (await chain.provider.request({ method: "eth_call", params: [call, "latest"] })) as string,
      );
    },
    async stop() {
      await chain.close();
      const ended = new Promise((resolve) => child.once("close", resolve));
      child.kill("SIGTERM");
      await ended;
    },
  };
}

function addressOf(child: ChildProcess): Promise<string> {
  const told = { out: "", err: "" };
  return new Promise((resolve, reject) => {
    child.stderr?.on("data", (chunk: Buffer) => {
      told.err += chunk.toString();
    });
    child.stdout?.on("data", (chunk: Buffer) => {
      told.out += chunk.toString();
      const url = /"url":\s*"([^"]+)"/.exec(told.out)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once("close", () => reject(new Error(told.err + told.out)));
  });
}
