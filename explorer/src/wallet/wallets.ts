/**
 * Finds the wallets that this browser offers: those that announce themselves (EIP-6963, so that several can
 * stand side by side), and else the one that put itself into `window.ethereum`. A page talks to a wallet
 * through one method, `request` (EIP-1193); nothing of it is ours to keep.
 */
import { useEffect, useState } from "preact/hooks";

/** EIP-1193's one method. */
export type WalletProvider = {
  readonly request: (call: {
    readonly method: string;
    readonly params?: readonly unknown[];
  }) => Promise<unknown>;
};

/** A wallet that can be chosen. */
export type FoundWallet = {
  readonly id: string;
  readonly name: string;
  readonly provider: WalletProvider;
};

type Announcement = CustomEvent<{
  readonly info?: { readonly uuid?: unknown; readonly name?: unknown };
  readonly provider?: WalletProvider;
}>;

/** Most wallets that are listed. */
const MOST = 12;

/** The wallets that are there; the list grows as they announce themselves. */
export function useWallets(): readonly FoundWallet[] {
  const [found, setFound] = useState<readonly FoundWallet[]>([]);
  useEffect(() => {
    const hear = (event: Event): void => {
      const { info, provider } = (event as Announcement).detail ?? {};
      if (typeof provider?.request !== "function") return;
      const id = String(info?.uuid ?? info?.name ?? "");
      const name = String(info?.name ?? "A wallet").slice(0, 60);
      setFound((before) =>
        before.length >= MOST || before.some((one) => one.id === id)
          ? before
          : [...before, { id, name, provider }],
      );
    };
    addEventListener("eip6963:announceProvider", hear);
    dispatchEvent(new Event("eip6963:requestProvider"));
    return () => removeEventListener("eip6963:announceProvider", hear);
  }, []);
  const { ethereum } = window as unknown as { readonly ethereum?: WalletProvider };
  if (found.length > 0 || typeof ethereum?.request !== "function") return found;
  return [{ id: "window.ethereum", name: "the wallet in this browser", provider: ethereum }];
}

/** The account that the reader lets the page see. Throws {@link WalletError}. */
export async function connect(provider: WalletProvider): Promise<string> {
  const accounts = await asked(provider, "eth_requestAccounts");
  const [account] = Array.isArray(accounts) ? accounts : [];
  if (typeof account !== "string")
    throw new WalletError("The wallet shows no account. Unlock it and try again.");
  return account;
}

/**
 * Sees to it that the wallet is on a chain, and asks it to change where it is not. Throws {@link
 * WalletError}.
 */
export async function ensureChain(provider: WalletProvider, chainId: number): Promise<void> {
  const wanted = `0x${chainId.toString(16)}`;
  const now = async (): Promise<number> => Number(await asked(provider, "eth_chainId"));
  if ((await now()) === chainId) return;
  try {
    await provider.request({ method: "wallet_switchEthereumChain", params: [{ chainId: wanted }] });
  } catch (cause) {
    const here = await now();
    throw new WalletError(
      `The wallet is on chain ${here}, and the money is on chain ${chainId}. Change the wallet's network to ${chainId} and try again.`,
      cause,
    );
  }
  if ((await now()) !== chainId)
    throw new WalletError(
      `The wallet stayed on another chain. Change its network to ${chainId} and try again.`,
    );
}

/** What of a transaction counts once it is mined. */
export type MinedReceipt = { readonly hash: string; readonly block: number };

/** Sends a call from an account, and waits until it is mined. Throws {@link WalletError}. */
export async function sendCall(
  provider: WalletProvider,
  call: { readonly from: string; readonly to: string; readonly data: string },
  sent: (hash: string) => void = () => {},
): Promise<MinedReceipt> {
  const hash = String(await asked(provider, "eth_sendTransaction", [call]));
  sent(hash);
  for (let attempt = 0; attempt < WAITS; attempt++) {
    const receipt = (await asked(provider, "eth_getTransactionReceipt", [hash])) as {
      readonly status?: string;
      readonly blockNumber?: string;
    } | null;
    if (receipt !== null && receipt !== undefined) {
      if (Number(receipt.status) !== 1)
        throw new WalletError(`The chain refused the transaction ${hash}. Nothing was paid but its gas.`);
      return { hash, block: Number(receipt.blockNumber) };
    }
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
  throw new WalletError(
    `The transaction ${hash} is in no block yet. Look it up later; sending another one would pay for gas twice.`,
  );
}

const WAITS = 180;
const WAIT_MS = 1_000;

/** Has typed data signed (EIP-712). Throws {@link WalletError}. */
export async function signTyped(provider: WalletProvider, account: string, data: unknown): Promise<string> {
  return String(await asked(provider, "eth_signTypedData_v4", [account, JSON.stringify(data)]));
}

async function asked(
  provider: WalletProvider,
  method: string,
  params: readonly unknown[] = [],
): Promise<unknown> {
  try {
    return await provider.request({ method, params });
  } catch (cause) {
    throw new WalletError(wordsOf(cause, method), cause);
  }
}

/** What went wrong in a wallet, as a person can use it. */
function wordsOf(cause: unknown, method: string): string {
  const { code, message } = (cause ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  if (code === 4001) return "You refused it in the wallet. Nothing was sent.";
  if (code === -32002) return "The wallet waits for you already: look at its window.";
  const said = typeof message === "string" && message !== "" ? `: ${message.slice(0, 300)}` : "";
  if (method === "eth_sendTransaction")
    return `The wallet did not send the transaction${said}. Nothing was paid.`;
  return `The wallet did not do ${method}${said}.`;
}

/** A wallet said no, or something that is no answer. */
export class WalletError extends Error {
  override readonly name = "Explorer.Wallet";
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
  }
}
