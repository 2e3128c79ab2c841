/**
 * Whoever pays for answers on this page: a wallet that the reader has, or, on a chain that lives in the
 * operator's process, a throw-away one that the page makes and the operator's play money fills.
 *
 * The throw-away key lies in this browser's storage, where any script of this origin could read it. That is
 * good enough for play money and for nothing else, so it is only offered on a local chain.
 */
import {
  type Account,
  type AgentSigner,
  type AgentStorage,
  accountOf,
  type Chain,
  channelCall,
  channelOf,
  type DepositAt,
  depositCalls,
  type PayerCall,
  send,
  signTypedData,
  unsigned,
} from "../../../pipeline/browser.ts";
import { connect, ensureChain, sendCall, signTyped, type WalletProvider } from "./wallets.ts";

/** A payer that is ready to sign. */
export type Payer = AgentSigner & {
  readonly kind: "play" | "wallet";
  /** Asks the chain. */
  readonly read: (call: PayerCall) => Promise<unknown>;
  /** Sends a call and waits for its block. */
  readonly write: (call: PayerCall) => Promise<void>;
};

/** A wallet of the reader's as a payer. Throws WalletError. */
export async function walletPayer(provider: WalletProvider, chainId: number): Promise<Payer> {
  const address = await connect(provider);
  await ensureChain(provider, chainId);
  return {
    kind: "wallet",
    address,
    read: (call) => provider.request({ method: "eth_call", params: [call, "latest"] }),
    write: async (call) => {
      await sendCall(provider, { from: address, ...call });
    },
    signTypedData: (domain, types, value) => {
      const [primaryType = ""] = Object.keys(types);
      const domainTypes = [
        { name: "name", type: "string" },
        { name: "version", type: "string" },
        { name: "chainId", type: "uint256" },
        { name: "verifyingContract", type: "address" },
      ];
      const message = Object.fromEntries(
        Object.entries(value).map(([key, one]) => [key, typeof one === "bigint" ? one.toString() : one]),
      );
      const typed = { types: { EIP712Domain: domainTypes, ...types }, primaryType, domain, message };
      return signTyped(provider, address, typed);
    },
  };
}

const PLAY_KEY = "quittance-play-key";

/** The throw-away account of this browser, if it was made before. */
export function playAccount(): Account | undefined {
  const key = localStorage.getItem(PLAY_KEY);
  return key === null ? undefined : accountOf(key);
}

/** Makes the throw-away account, or finds it. */
export function makePlayAccount(): Account {
  const kept = playAccount();
  if (kept !== undefined) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const account = accountOf(key);
  localStorage.setItem(PLAY_KEY, key);
  return account;
}

/** The throw-away account as a payer, over the service's own JSON-RPC. */
export function playPayer(account: Account, chainId: number): Payer {
  const chain: Chain = {
    kind: "rpc",
    chainId,
    provider: { request: ({ method, params }) => askChain(method, params ?? []) },
    fund: async (address, wei) => {
      await askChain("quittance_fund", [address, wei.toString()]);
    },
    travel: () => Promise.reject(new Error("The clock is the operator's.")),
    close: async () => {},
  };
  return {
    kind: "play",
    address: account.address,
    read: (call) => chain.provider.request({ method: "eth_call", params: [call, "latest"] }),
    write: async (call) => {
      await send(chain, account, call);
    },
    signTypedData: (domain, types, value) => signTypedData(account.privateKey, domain, types, value),
  };
}

/** Fills a throw-away account: coins for gas, and an amount of tokens. Local chains only. */
export async function fundPlay(account: Account, amount: bigint): Promise<void> {
  await askChain("quittance_fund", [account.address, amount.toString()]);
}

/** What of the payer's deposit no voucher speaks for yet. `signed` is the highest sum of the books here. */
export async function depositLeft(payer: Payer, at: DepositAt, signed: bigint): Promise<bigint> {
  return unsigned(channelOf(await payer.read(channelCall(at, payer.address))), signed);
}

/** Deposits: two transactions, one that allows and one that pays in. */
export async function deposit(
  payer: Payer,
  at: DepositAt,
  amount: bigint,
  step: (text: string) => void,
): Promise<void> {
  const [approve, pay] = depositCalls(at, amount) as [PayerCall, PayerCall];
  step("Allowing the vault to take the tokens…");
  await payer.write(approve);
  step("Paying them in…");
  await payer.write(pay);
}

let calls = 0;

async function askChain(method: string, params: readonly unknown[]): Promise<unknown> {
  calls += 1;
  const body = JSON.stringify({ jsonrpc: "2.0", id: calls, method, params });
  const response = await fetch(new URL("rpc", document.baseURI), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const answer = (await response.json()) as {
    readonly result?: unknown;
    readonly error?: { readonly code?: number; readonly message?: string; readonly data?: unknown };
  };
  if (answer.error !== undefined)
    throw Object.assign(new Error(answer.error.message ?? "The chain refused."), answer.error);
  return answer.result;
}

/** An agent's books in this browser's storage, of one model. */
export function browserStorage(model: string): AgentStorage {
  const prefix = `quittance-agent/${model}/`;
  return {
    read: async (name) => localStorage.getItem(prefix + name) ?? undefined,
    write: async (name, text) => localStorage.setItem(prefix + name, text),
    list: async (start) =>
      Object.keys(localStorage)
        .filter((name) => name.startsWith(prefix + start))
        .map((name) => name.slice(prefix.length))
        .sort(),
    // Two tabs of one payer would otherwise count past each other.
    exclusively: async <T>(work: () => Promise<T>): Promise<T> =>
      (await navigator.locks.request(prefix, work)) as T,
  };
}
