/**
 * The chain that lives in this process, and survives it.
 *
 * EDR (Hardhat's EVM) keeps its state in memory only. Durable is the list of what was done to it: every
 * signed transaction with its block's time, every gift of coins, every move of the clock, one JSON line
 * each, on the disk before the chain sees it. Opening the chain replays the list, so that separate
 * processes see one chain. Nothing else goes in: requests that would change the state past the log are
 * refused.
 *
 * The pitfall is a replay that silently differs. Each line names the block on which it was made; a replay
 * that arrives at another block stops with an error instead of telling another history. A torn last line
 * was never sent: it is dropped, with a notice.
 */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { createHardhatRuntimeEnvironment } from "hardhat/hre";
import config from "../../hardhat.config.ts";
import { quantity } from "../engine/ethers.ts";
import type { Chain, Provider } from "./chain.ts";
import { type ChainAction, type ChainHeader, LOG_FORMAT, type LogFile, openLog } from "./log.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOCAL_CHAIN_ID = 31_337;

/** Options of {@link openLocalChain}. Without a `logFile` nothing is kept. */
export type LocalChainOptions = {
  readonly logFile?: string;
  readonly chainId?: number;
  /** Where a dropped last line is reported; standard error otherwise. */
  readonly onNotice?: (text: string) => void;
  /** Seconds since 1970; the machine's clock otherwise. */
  readonly now?: () => number;
};

/**
 * Opens the local chain and replays its log. One process at a time: throws `Lock.Held` while another has it
 * open. Throws {@link ReplayError} if the log was made by another version or does not replay the same.
 *
 * @example const chain = await openLocalChain({ logFile: "project/chain.jsonl" });
 */
export async function openLocalChain(options: LocalChainOptions = {}): Promise<Chain> {
  const now = options.now ?? (() => Math.floor(Date.now() / 1000));
  const notice = options.onNotice ?? ((text: string) => void process.stderr.write(`${text}\n`));
  const log = await openLog(options.logFile, notice);
  try {
    const expected = { format: LOG_FORMAT, chainId: options.chainId ?? LOCAL_CHAIN_ID, engine: engineName() };
    const genesisTime = log.header?.genesisTime ?? now();
    if (log.header !== undefined) checkHeader(log.header, expected, options.logFile ?? "memory");
    const network = await createNetwork(expected.chainId, genesisTime);
    const genesis = await latestBlock(network.provider);
    if (log.header === undefined) log.start({ ...expected, genesisTime, genesis: genesis.hash });
    else if (log.header.genesis !== genesis.hash) throw new ReplayError(log.path, "its first block differs");
    await replay(network.provider, log);
    return chainOn(expected.chainId, network, log, now);
  } catch (error) {
    log.close();
    throw error;
  }
}

/** A chain for trying things out: in this process alone, forgotten when it is closed. */
export type ScratchChain = Chain & {
  /** The number that an account's next transaction has; never lower than it was. */
  readonly setNonce: (address: string, nonce: number) => Promise<void>;
  /** Takes transactions from an address from now on without its key. */
  readonly impersonate: (address: string) => Promise<void>;
};

/** Opens a chain that has the number of another, to rehearse on what is meant for that one. */
export async function openScratchChain(chainId: number): Promise<ScratchChain> {
  const { provider, close } = await createNetwork(chainId, Math.floor(Date.now() / 1000));
  return {
    kind: "local",
    chainId,
    provider: { request: (call) => provider.request(call) },
    fund: async (address, wei) => {
      await provider.request({ method: "hardhat_setBalance", params: [address, quantity(wei)] });
    },
    travel: async (seconds) => {
      await provider.request({ method: "evm_increaseTime", params: [seconds] });
      await provider.request({ method: "evm_mine", params: [] });
    },
    setNonce: async (address, nonce) => {
      await provider.request({ method: "hardhat_setNonce", params: [address, quantity(nonce)] });
    },
    impersonate: async (address) => {
      await provider.request({ method: "hardhat_impersonateAccount", params: [address] });
    },
    close,
  };
}

/** Compiles the contracts with the compiler that npm installed. Quiet, and offline. */
export async function buildContracts(): Promise<void> {
  const runtime = await hardhat();
  const { log, warn } = console;
  // The compiler's remarks about libraries are their authors'; those about our own contracts are shown.
  // Hardhat sets an empty line before them, on the standard output, which is not its to write to.
  console.log = (...what: unknown[]) => {
    if (what.length > 0) warn(...what);
  };
  console.warn = (...what: unknown[]) => {
    if (!/--> \.?\/?node_modules\//.test(String(what[0]))) warn(...what);
  };
  try {
    await runtime.tasks.getTask("build").run({ quiet: true, force: false, noTests: true });
  } finally {
    Object.assign(console, { log, warn });
  }
}

type Network = { provider: Provider; close: () => Promise<void> };
type Block = { hash: string; timestamp: number };

async function hardhat(): Promise<Awaited<ReturnType<typeof createHardhatRuntimeEnvironment>>> {
  return await createHardhatRuntimeEnvironment(config, {}, ROOT);
}

async function createNetwork(chainId: number, genesisTime: number): Promise<Network> {
  const runtime = await hardhat();
  const initialDate = new Date(genesisTime * 1000);
  return await runtime.network.create({ network: "local", override: { chainId, initialDate } });
}

function chainOn(chainId: number, network: Network, log: LogFile, now: () => number): Chain {
  const { provider } = network;
  // One action at a time: each names the block that it follows.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  const act = (make: (parent: Block) => ChainAction | Promise<ChainAction>): Promise<unknown> =>
    inTurn(async () => {
      const parent = await latestBlock(provider);
      const action = await make(parent);
      log.append(action);
      try {
        return await perform(provider, action);
      } catch (error) {
        // Refused, and in no block: anybody can send such a transaction, so it must not stay. One that
        // reverted is in a block, and in the log.
        if ((await latestBlock(provider)).hash === parent.hash) log.takeBack();
        throw error;
      }
    });
  const nextTime = (parent: Block): number => Math.max(parent.timestamp + 1, now());
  return {
    kind: "local",
    chainId,
    provider: {
      request: async (call) => {
        if (call.method === "eth_sendRawTransaction") {
          const raw = call.params?.[0];
          // What is no hex would make the log unreadable.
          if (typeof raw !== "string" || !/^0x([0-9a-fA-F]{2})+$/.test(raw)) throw new NoTransactionError();
          return await act((parent) => ({ parent: parent.hash, do: "tx", raw, time: nextTime(parent) }));
        }
        if (!/^(eth|net|web3)_/.test(call.method) || /^eth_(send|sign)/.test(call.method)) {
          throw new PastLogError(call.method);
        }
        return await provider.request(call);
      },
    },
    fund: async (address, wei) => {
      await act(async (parent) => {
        const before = BigInt(
          (await provider.request({ method: "eth_getBalance", params: [address] })) as string,
        );
        return { parent: parent.hash, do: "fund", address, balance: quantity(before + wei) };
      });
    },
    travel: async (seconds) => {
      await act((parent) => ({
        parent: parent.hash,
        do: "travel",
        time: nextTime(parent) + Math.ceil(seconds),
      }));
    },
    close: async () => {
      await last;
      await network.close();
      log.close();
    },
  };
}

async function perform(provider: Provider, action: ChainAction): Promise<unknown> {
  if (action.do === "fund") {
    return await provider.request({ method: "hardhat_setBalance", params: [action.address, action.balance] });
  }
  await provider.request({ method: "evm_setNextBlockTimestamp", params: [action.time] });
  if (action.do === "travel") return await provider.request({ method: "evm_mine", params: [] });
  return await provider.request({ method: "eth_sendRawTransaction", params: [action.raw] });
}

async function replay(provider: Provider, log: LogFile): Promise<void> {
  for (const [index, action] of log.actions.entries()) {
    const parent = await latestBlock(provider);
    if (parent.hash !== action.parent)
      throw new ReplayError(log.path, `line ${index + 2} follows another block`);
    try {
      await perform(provider, action);
    } catch (error) {
      // A transaction that the chain would not take is in the log too: it is refused again, and changes
      // nothing.
      if (action.do !== "tx")
        throw new ReplayError(log.path, `line ${index + 2}: ${(error as Error).message}`, error);
    }
  }
}

async function latestBlock(provider: Provider): Promise<Block> {
  const block = await provider.request({ method: "eth_getBlockByNumber", params: ["latest", false] });
  const { hash, timestamp } = block as { hash: string; timestamp: string };
  return { hash, timestamp: Number(timestamp) };
}

function checkHeader(header: ChainHeader, expected: { chainId: number; engine: string }, path: string): void {
  if (header.chainId !== expected.chainId) throw new ReplayError(path, `it is of chain ${header.chainId}`);
  if (header.engine !== expected.engine) {
    throw new ReplayError(path, `it was made with ${header.engine}, and this is ${expected.engine}`);
  }
}

/** Version and rules of the EVM: what a log depends on. */
function engineName(): string {
  const edr = fileURLToPath(import.meta.resolve("@nomicfoundation/edr"));
  const { version } = JSON.parse(readFileSync(`${dirname(edr)}/package.json`, "utf8")) as { version: string };
  const local = config.networks?.local;
  return `edr ${version} ${local?.type === "edr-simulated" ? local.hardfork : ""}`;
}

/** A log that is not this chain's history. */
export class ReplayError extends Error {
  override readonly name = "LocalChain.Replay";
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `The chain's log ${path} cannot be replayed: ${reason}. ` +
        "Use the version of Quittance that wrote it, or start a new project.",
      { cause },
    );
  }
}

/** A request that would change the chain without its log. */
export class PastLogError extends Error {
  override readonly name = "LocalChain.PastLog";
  constructor(method: string) {
    super(
      `${method} would change the chain past its log. Send signed transactions; for the rest, fund and travel.`,
    );
  }
}

/** What was sent as a transaction is none. */
export class NoTransactionError extends Error {
  override readonly name = "LocalChain.NoTransaction";
  readonly code = -32_602;
  constructor() {
    super("This is no transaction. Send the signed bytes in hex, with 0x in front.");
  }
}
