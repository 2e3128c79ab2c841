// A wallet in the page (EIP-1193, announced by EIP-6963) whose keys and chain are here: it signs with a real
// key and sends over JSON-RPC, and can refuse, stand on another chain, or ask for nothing at all.
import type { Page } from "playwright-core";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { send } from "../../pipeline/chain/client.ts";
import {
  type Account,
  signTypedData,
  type TypedDomain,
  type TypedTypes,
} from "../../pipeline/engine/ethers.ts";

/** What the person behind the wallet does. */
export type Mood = {
  /** Says no to these methods. */
  refuse?: readonly string[];
  /** The chain that the wallet stands on, and whether it can change to another. */
  chainId?: number;
  stuck?: boolean;
  /** Called with everything that is asked. */
  readonly asked: string[];
};

type Call = { readonly from: string; readonly to: string; readonly data: string };
type Answer = {
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
};

/** Puts a wallet into a page before it is loaded. */
export async function injectWallet(page: Page, chain: Chain, account: Account, mood: Mood): Promise<void> {
  const answer = async (method: string, params: readonly unknown[]): Promise<unknown> => {
    if (method === "eth_requestAccounts") return [account.address];
    if (method === "eth_chainId") return `0x${(mood.chainId ?? chain.chainId).toString(16)}`;
    if (method === "wallet_switchEthereumChain") {
      if (mood.stuck === true) throw Object.assign(new Error("Unknown chain"), { code: 4902 });
      mood.chainId = Number((params[0] as { chainId: string }).chainId);
      return null;
    }
    if (method === "eth_sendTransaction") {
      const { from, to, data } = params[0] as Call;
      if (from.toLowerCase() !== account.address.toLowerCase()) throw new Error("not my account");
      return (await send(chain, account, { to, data })).hash;
    }
    if (method === "eth_signTypedData_v4") {
      const typed = JSON.parse(String(params[1])) as {
        readonly domain: TypedDomain;
        readonly types: TypedTypes;
        readonly message: Record<string, unknown>;
      };
      const { EIP712Domain: _own, ...types } = typed.types;
      return signTypedData(account.privateKey, typed.domain, types, typed.message);
    }
    return chain.provider.request({ method, params });
  };
  await page.exposeFunction(
    "askTestWallet",
    async (method: string, params: readonly unknown[]): Promise<Answer> => {
      mood.asked.push(method);
      if (mood.refuse?.includes(method) === true)
        return { error: { code: 4001, message: "User rejected the request." } };
      try {
        return { result: await answer(method, params) };
      } catch (error) {
        const { code = -32_603, message } = error as { code?: number; message: string };
        return { error: { code: typeof code === "number" ? code : -32_603, message } };
      }
    },
  );
  await page.addInitScript(() => {
    type Bridge = { askTestWallet(method: string, params: readonly unknown[]): Promise<Answer> };
    const provider = {
      async request({ method, params = [] }: { method: string; params?: readonly unknown[] }) {
        const { result, error } = await (window as unknown as Bridge).askTestWallet(method, params);
        if (error !== undefined) throw Object.assign(new Error(error.message), { code: error.code });
        return result;
      },
    };
    const info = { uuid: "7c1e", name: "Test wallet", icon: "data:,", rdns: "test.wallet" };
    const announce = (): void => {
      dispatchEvent(
        new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }),
      );
    };
    addEventListener("eip6963:requestProvider", announce);
    announce();
  });
}
