/**
 * Sends and reads: one transaction at a time, each waited for, each refusal decoded.
 *
 * Gas is estimated first. The estimate runs the call, so a call that the contract would refuse is refused
 * here, with the contract's own reason, and never becomes a transaction: nothing is paid for it and the
 * local chain's log stays clean.
 */
import {
  type Account,
  type Codec,
  codecOf,
  type DecodedError,
  type DecodedLog,
  type Hex,
  quantity,
  signTransaction,
} from "../engine/ethers.ts";
import type { Chain } from "./chain.ts";
import { argumentText, remedyOf } from "./remedies.ts";

/** What a mined transaction cost and said. */
export type Receipt = {
  readonly hash: Hex;
  readonly block: number;
  readonly gasUsed: bigint;
  readonly feeWei: bigint;
  /** Address of the contract that it created, if it did. */
  readonly created: string | null;
  readonly logs: readonly DecodedLog[];
};

/** A contract at its address. */
export type Target = { readonly address: string; readonly codec: Codec };

/** What a transaction does: calls `to`, or creates a contract if there is no `to`. */
export type Call = { readonly to?: string; readonly data: Hex; readonly valueWei?: bigint };

const RECEIPT_TRIES = 600;
const RECEIPT_WAIT_MS = 1_000;
const PRIORITY_FEE_WEI = 1_000_000_000n;
const NO_CODEC = codecOf("[]");

/** A transaction that can be sent, and sent again: the same bytes never count twice. */
export type Signed = { readonly raw: Hex; readonly hash: Hex; readonly nonce: number };

/** Sends a transaction and waits for its block. Throws {@link RevertedError} with the contract's reason. */
export async function send(
  chain: Chain,
  account: Account,
  call: Call,
  codec: Codec = NO_CODEC,
): Promise<Receipt> {
  const { request } = chain.provider;
  const hash = await inTurn(chain, account.address, async () => {
    const signed = await sign(chain, account, call, codec);
    await guarded(codec, () => request({ method: "eth_sendRawTransaction", params: [signed.raw] }));
    return signed.hash;
  });
  const mined = await minedReceipt(chain, hash);
  if (BigInt(mined.status) === 1n) return receiptOf(mined, codec);
  // Mined and refused: the state changed between estimate and block. Asked again on the new state, it says
  // why.
  const fields = rpcCall(account.address, call);
  await guarded(codec, () => request({ method: "eth_call", params: [fields, mined.blockNumber] }));
  throw new RevertedError({ name: "unknown", args: [] }, hash);
}

/** Sends from an address that a chain in this process lets anybody act as, and waits for its block. */
export async function sendAs(chain: Chain, address: string, call: Call, codec: Codec): Promise<Receipt> {
  const params = [rpcCall(address, call)];
  const { request } = chain.provider;
  // The estimate says why, where it is refused.
  const gas = await guarded(codec, () => request({ method: "eth_estimateGas", params }));
  const hash = await request({ method: "eth_sendTransaction", params: [{ ...params[0], gas }] });
  return receiptOf(await minedReceipt(chain, hash as Hex), codec);
}

const turns = new WeakMap<Chain, Map<string, Promise<unknown>>>();

/** One transaction of an account at a time: two that are signed side by side would have the same number. */
function inTurn<T>(chain: Chain, address: string, work: () => Promise<T>): Promise<T> {
  const lasts = turns.get(chain) ?? new Map<string, Promise<unknown>>();
  turns.set(chain, lasts);
  const result = (lasts.get(address) ?? Promise.resolve()).then(work);
  const settled = result.then(
    () => {},
    () => {},
  );
  lasts.set(address, settled);
  void settled.then(() => {
    if (lasts.get(address) === settled) lasts.delete(address);
  });
  return result;
}

/**
 * Estimates and signs, and sends nothing. Throws {@link RevertedError} for what would be refused.
 *
 * @param again with the number of a transaction that it is to replace, and with at least these prices
 */
export async function sign(
  chain: Chain,
  account: Account,
  call: Call,
  codec: Codec = NO_CODEC,
  again?: { readonly nonce: number } & GasPrice,
): Promise<Signed & GasPrice> {
  const { request } = chain.provider;
  const fields = rpcCall(account.address, call);
  const estimate = await guarded(codec, () => request({ method: "eth_estimateGas", params: [fields] }));
  const nonce =
    again?.nonce ??
    Number(await request({ method: "eth_getTransactionCount", params: [account.address, "pending"] }));
  const market = await gasPrice(chain);
  const price = again === undefined ? market : dearer(market, again);
  const { raw, hash } = await signTransaction(account, {
    chainId: chain.chainId,
    nonce,
    // The estimate is exact for the state that it saw; a twentieth more pays for a slot that changed
    // meanwhile.
    gasLimit: (BigInt(estimate as string) * 21n) / 20n,
    ...price,
    valueWei: call.valueWei ?? 0n,
    data: call.data,
    ...(call.to === undefined ? {} : { to: call.to }),
  });
  return { raw, hash, nonce, ...price };
}

/** What a unit of gas may cost. */
export type GasPrice = { readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

/** Nodes take a transaction in place of another only for an eighth more of both prices. */
export function dearer(market: GasPrice, before: GasPrice): GasPrice {
  const bumped = (price: bigint): bigint => (price * 9n) / 8n + 1n;
  const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  return {
    maxFeePerGas: larger(market.maxFeePerGas, bumped(before.maxFeePerGas)),
    maxPriorityFeePerGas: larger(market.maxPriorityFeePerGas, bumped(before.maxPriorityFeePerGas)),
  };
}

/**
 * What a unit of gas may cost: twice the latest base fee, so that a transaction outlasts some full blocks.
 */
export async function gasPrice(chain: Chain): Promise<GasPrice> {
  const latest = await block(chain, "latest");
  return {
    maxFeePerGas: BigInt(latest.baseFeePerGas ?? "0x0") * 2n + PRIORITY_FEE_WEI,
    maxPriorityFeePerGas: PRIORITY_FEE_WEI,
  };
}

/**
 * Sends what was signed before, however far it came: what is mined is looked up, what is not is sent again.
 * Undefined if it can never be mined, because another transaction took its place. Throws
 * {@link RevertedError} if it was mined and refused, {@link NotMinedError} if no block takes it in time.
 *
 * @param earlier hashes of transactions of the same number that this one replaces: one of them may be mined
 * @param tries seconds to wait for a block
 */
export async function resend(
  chain: Chain,
  account: Account,
  { raw, hash, nonce }: Signed,
  codec: Codec = NO_CODEC,
  {
    earlier = [],
    tries = RECEIPT_TRIES,
  }: { readonly earlier?: readonly Hex[]; readonly tries?: number } = {},
): Promise<Receipt | undefined> {
  const { request } = chain.provider;
  const hashes = [hash, ...earlier];
  const find = async (): Promise<RpcReceipt | undefined> => {
    for (const one of hashes) {
      const found = await request({ method: "eth_getTransactionReceipt", params: [one] });
      if (found !== null && found !== undefined) return found as RpcReceipt;
    }
    return undefined;
  };
  let mined = await find();
  if (mined === undefined) {
    const params = [account.address, "latest"];
    const next = Number(await request({ method: "eth_getTransactionCount", params }));
    if (next > nonce) {
      // Looked up once more: it may have been mined between the two questions.
      mined = await find();
      if (mined === undefined) return undefined;
    }
  }
  if (mined === undefined) {
    try {
      await request({ method: "eth_sendRawTransaction", params: [raw] });
    } catch (error) {
      // A node that holds it already, or has just mined another of its number, says so in words of its own.
      if (!/already|known|exist|nonce/i.test((error as Error).message)) throw error;
    }
    mined = await waitFor(find, tries);
    if (mined === undefined) throw new NotMinedError(hash);
  }
  if (BigInt(mined.status) !== 1n) throw new RevertedError({ name: "unknown", args: [] }, hash);
  return receiptOf(mined, codec);
}

/** Calls a view. */
export async function read(
  chain: Chain,
  target: Target,
  method: string,
  args: readonly unknown[],
): Promise<unknown> {
  const call = { to: target.address, data: target.codec.call(method, args) };
  const data = await guarded(target.codec, () =>
    chain.provider.request({ method: "eth_call", params: [call, "latest"] }),
  );
  // An address without code answers every call with nothing, which a view that only reverts would take for
  // a yes.
  if (data === "0x" && (await codeAt(chain, target.address)) === "0x")
    throw new NoContractError(target.address);
  return target.codec.result(method, data as string);
}

/** The code at an address at the latest block, in lower case; "0x" where there is none. */
export async function codeAt(chain: Chain, address: string): Promise<Hex> {
  const code = await chain.provider.request({ method: "eth_getCode", params: [address, "latest"] });
  return String(code).toLowerCase();
}

/** Asks whether a call would be taken if `from` sent it now. Throws {@link RevertedError} if not. */
export async function rehearse(chain: Chain, from: string, call: Call, codec: Codec): Promise<void> {
  const fields = rpcCall(from, call);
  await guarded(codec, () => chain.provider.request({ method: "eth_call", params: [fields, "latest"] }));
}

/** Coins of an address. */
export async function balanceOf(chain: Chain, address: string): Promise<bigint> {
  return BigInt(
    (await chain.provider.request({ method: "eth_getBalance", params: [address, "latest"] })) as string,
  );
}

/** Time of the latest block, in seconds. */
export async function chainTime(chain: Chain): Promise<number> {
  return (await headOf(chain)).at;
}

/**
 * Seconds that the next block will bear, or a little less. A local chain makes a block only when there is
 * something to put in, and takes the machine's time for it: its latest block may be of last week.
 */
export async function clockOf(chain: Chain): Promise<number> {
  const time = await chainTime(chain);
  return chain.kind === "local" ? Math.max(time, Math.floor(Date.now() / 1_000)) : time;
}

/** What a transaction was sent with; `0x` for one that the chain does not know. */
export async function inputOf(chain: Chain, hash: Hex): Promise<Hex> {
  const params = [hash];
  const found = await chain.provider.request({ method: "eth_getTransactionByHash", params });
  return (found as { input?: Hex } | null)?.input ?? "0x";
}

/** A block's number, hash and time. */
export type Head = { readonly number: number; readonly hash: Hex; readonly at: number };

/** The latest block. */
export async function headOf(chain: Chain): Promise<Head> {
  return headFrom(await block(chain, "latest"));
}

/** A block by its number; undefined where the chain, as the node knows it, has none. */
export async function blockAt(chain: Chain, number: number): Promise<Head | undefined> {
  const found = await block(chain, quantity(number));
  return found === null ? undefined : headFrom(found);
}

/** Gas that a mined transaction used; undefined for one that is in no block. */
export async function gasOf(chain: Chain, hash: Hex): Promise<number | undefined> {
  const mined = await chain.provider.request({ method: "eth_getTransactionReceipt", params: [hash] });
  return mined === null || mined === undefined ? undefined : Number((mined as RpcReceipt).gasUsed);
}

type RpcBlock = { number: string; hash: string; baseFeePerGas?: string; timestamp: string };
/** A log as a node gives it. */
export type RpcLog = {
  readonly address: string;
  readonly topics: readonly string[];
  readonly data: string;
  readonly blockNumber: string;
  readonly blockHash: string;
  readonly logIndex: string;
  readonly transactionHash: string;
};
type RpcReceipt = {
  status: string;
  transactionHash: string;
  blockNumber: string;
  gasUsed: string;
  effectiveGasPrice: string;
  contractAddress: string | null;
  logs: RpcLog[];
};

async function block(chain: Chain, which: "latest"): Promise<RpcBlock>;
async function block(chain: Chain, which: string): Promise<RpcBlock | null>;
async function block(chain: Chain, which: string): Promise<RpcBlock | null> {
  const params = [which, false];
  return ((await chain.provider.request({ method: "eth_getBlockByNumber", params })) ??
    null) as RpcBlock | null;
}

function headFrom({ number, hash, timestamp }: RpcBlock): Head {
  return { number: Number(number), hash, at: Number(timestamp) };
}

function rpcCall(from: string, call: Call): Record<string, string> {
  return {
    from,
    data: call.data,
    value: quantity(call.valueWei ?? 0n),
    ...(call.to === undefined ? {} : { to: call.to }),
  };
}

async function minedReceipt(chain: Chain, hash: Hex): Promise<RpcReceipt> {
  const params = [hash];
  const find = async (): Promise<RpcReceipt | undefined> =>
    ((await chain.provider.request({ method: "eth_getTransactionReceipt", params })) as RpcReceipt | null) ??
    undefined;
  const receipt = await waitFor(find, RECEIPT_TRIES);
  if (receipt === undefined) throw new NotMinedError(hash);
  return receipt;
}

async function waitFor(
  find: () => Promise<RpcReceipt | undefined>,
  tries: number,
): Promise<RpcReceipt | undefined> {
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, RECEIPT_WAIT_MS));
  }
  return undefined;
}

function receiptOf(mined: RpcReceipt, codec: Codec): Receipt {
  return {
    hash: mined.transactionHash,
    block: Number(mined.blockNumber),
    gasUsed: BigInt(mined.gasUsed),
    feeWei: BigInt(mined.gasUsed) * BigInt(mined.effectiveGasPrice),
    created: mined.contractAddress,
    logs: mined.logs.map((log) => codec.log(log)).filter((log) => log !== undefined),
  };
}

/** Turns a node's error into {@link RevertedError} where it carries a contract's revert data. */
async function guarded(codec: Codec, work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work();
  } catch (cause) {
    const data = revertData(cause);
    if (data === undefined) throw cause;
    const decoded = codec.error(data) ??
      NO_CODEC.error(data) ?? { name: data === "0x" ? "refused" : data, args: [] };
    throw new RevertedError(decoded, undefined, cause);
  }
}

/** Nodes put revert data in `data`, or in `data.data`. */
function revertData(error: unknown): Hex | undefined {
  for (let at = (error as { data?: unknown }).data, depth = 0; depth < 3; depth++) {
    if (typeof at === "string" && /^0x([0-9a-f]{2})*$/i.test(at)) return at;
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as { data?: unknown }).data;
  }
  return undefined;
}

/** A contract refused a call. `reason` and `args` are its custom error's. */
export class RevertedError extends Error {
  override readonly name = "Chain.Reverted";
  readonly reason: string;
  readonly args: readonly unknown[];
  constructor(decoded: DecodedError, hash?: Hex, cause?: unknown) {
    const where = hash === undefined ? "" : ` (transaction ${hash})`;
    const said = `${decoded.name}(${decoded.args.map(argumentText).join(", ")})`;
    const remedy = remedyOf(decoded.name, decoded.args);
    super(
      `The contract refused: ${said}${where}. Nothing was changed.${remedy === undefined ? "" : `\n${remedy}`}`,
      { cause },
    );
    this.reason = decoded.name;
    this.args = decoded.args;
  }
}

/** A transaction was sent and no block took it. */
export class NotMinedError extends Error {
  override readonly name = "Chain.NotMined";
  constructor(hash: Hex) {
    super(
      `Transaction ${hash} is in no block yet. Run the same command again: it goes on from what the chain knows.`,
    );
  }
}

/** There is no contract at the address. */
export class NoContractError extends Error {
  override readonly name = "Chain.NoContract";
  constructor(address: string) {
    super(`There is no contract at ${address} on this chain. Do the project and the chain belong together?`);
  }
}
