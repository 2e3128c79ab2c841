/**
 * Events from a real chain behind a node that refuses as real nodes do, and counts what it is asked. The
 * chain is 50,000 blocks old when the contract comes, and the contract's transfers lie far apart and in
 * heaps.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import type { Chain } from "../../../pipeline/chain/chain.ts";
import { headOf, type RpcLog, send, type Target } from "../../../pipeline/chain/client.ts";
import { deployContract } from "../../../pipeline/chain/deploy.ts";
import { DEPTH, type EventReader, openEvents, type Reading } from "../../../pipeline/chain/events.ts";
import { openRpcChain } from "../../../pipeline/chain/rpc.ts";
import { accountOf, codecOf, quantity } from "../../../pipeline/engine/ethers.ts";
import { openHistory } from "../../../pipeline/views/history.ts";
import { type Node, type Refusal, startNode } from "./server.ts";

const account = accountOf(`0x${"37".repeat(32)}`);
const BEFORE = 50_000;

let node: Node;
let chain: Chain;
let token: Target;
let deployed: number;
/** Every range that was asked for, and whether it was answered. */
let asked: { readonly from: number; readonly to: number; ok: boolean }[] = [];
let requests: string[] = [];
const pauses: number[] = [];

type Filter = { readonly fromBlock: string; readonly toBlock: string };
/** Refuses a range; told how wide it is and what is in it. */
type Limit = (of: { width: number; logs: readonly RpcLog[]; from: number }) => Refusal | "cut" | undefined;

const raw = (method: string, ...params: unknown[]): Promise<unknown> =>
  node.chain.provider.request({ method, params });
const mine = (blocks: number): Promise<unknown> => raw("hardhat_mine", quantity(blocks));
let nextAmount = 1n;
/** One transfer of an amount that no other one has, in a block of its own. */
async function transfer(): Promise<bigint> {
  const amount = nextAmount++;
  const data = token.codec.call("transfer", [`0x${"ab".repeat(20)}`, amount]);
  await send(node.chain, account, { to: token.address, data }, token.codec);
  return amount;
}
/** What the chain itself says, asked past the node. */
async function truth(): Promise<readonly string[]> {
  const filter = { address: token.address, fromBlock: "0x0", toBlock: "latest" };
  const logs = (await raw("eth_getLogs", filter)) as RpcLog[];
  return logs.map((log) => `${Number(log.blockNumber)} ${log.transactionHash} ${token.codec.log(log)?.name}`);
}
const told = ({ events }: Reading): readonly string[] =>
  events.map(({ block, transaction, name }) => `${block} ${transaction} ${name}`);
const amounts = ({ events }: Reading): unknown[] => events.map(({ args }) => args.value);
const open = (from = deployed): EventReader =>
  openEvents(chain, { from, pause: async (ms) => void pauses.push(ms) });
const limited = (limit: Limit): void => {
  node.refuse = async (method, params) => {
    if (method !== "eth_getLogs") return undefined;
    const filter = params[0] as Filter;
    const [from, to] = [Number(filter.fromBlock), Number(filter.toBlock)];
    const logs = (await raw("eth_getLogs", filter)) as RpcLog[];
    const refusal = limit({ width: to - from + 1, logs, from });
    if (refusal !== undefined) (asked.at(-1) as { ok: boolean }).ok = false;
    return refusal;
  };
};
/** The ranges that were answered follow each other without a gap and without an overlap. */
function expectOnce(from: number, to: number): void {
  const answered = asked.filter(({ ok }) => ok);
  expect(answered[0]?.from).toBe(from);
  expect(answered.at(-1)?.to).toBe(to);
  for (const [index, range] of answered.entries())
    if (index > 0) expect(range.from).toBe((answered[index - 1]?.to ?? 0) + 1);
}
const refusals = (): number => asked.filter(({ ok }) => !ok).length;

beforeAll(async () => {
  node = await startNode();
  await node.chain.fund(account.address, 10n ** 20n);
  await mine(BEFORE);
  const { QuittanceToken } = await contractArtifacts();
  const receipt = await deployContract(node.chain, account, QuittanceToken, [account.address]);
  token = { address: receipt.created, codec: codecOf(QuittanceToken.abi) };
  deployed = receipt.block;
  for (let i = 0; i < 20; i++) {
    await transfer();
    await mine(1_000);
  }
  for (let i = 0; i < 30; i++) await transfer();
  await mine(5_000);
  chain = await openRpcChain({ url: node.url });
});
afterAll(() => node?.close());
beforeEach(() => {
  asked = [];
  requests = [];
  pauses.length = 0;
  node.instead = () => undefined;
  node.refuse = () => undefined;
  node.after = () => {};
});

/** Notes every request; called before refusals are decided. */
function count(): void {
  const { refuse } = node;
  node.refuse = (method, params) => {
    requests.push(method);
    if (method === "eth_getLogs") {
      const { fromBlock, toBlock } = params[0] as Filter;
      asked.push({ from: Number(fromBlock), to: Number(toBlock), ok: true });
    }
    return refuse(method, params);
  };
}

describe("reading by ranges", () => {
  it("asks once where everything is given at once, and for nothing before the deployment", async () => {
    count();
    const reading = await open().read([token]);
    expect(told(reading)).toEqual(await truth());
    expect(reading.events.length).toBeGreaterThan(50);
    expect(asked).toEqual([{ from: deployed, to: reading.head.number, ok: true }]);
    expect(deployed).toBe(BEFORE + 1);
  });

  const WIDTH = 1_000;
  const wide: readonly (readonly [string, Limit])[] = [
    [
      "Alchemy's words",
      ({ width }) =>
        width <= WIDTH
          ? undefined
          : {
              status: 400,
              body: {
                code: -32_600,
                message: `You can make eth_getLogs requests with up to a ${WIDTH} block range.`,
              } as { code: number },
            },
    ],
    [
      "QuickNode's words and HTTP 413",
      ({ width }) =>
        width <= WIDTH
          ? undefined
          : {
              status: 413,
              body: {
                code: -32_614,
                message: `eth_getLogs is limited to a ${WIDTH} range`,
              } as { code: number },
            },
    ],
    [
      "a proxy's HTTP 413 in HTML",
      ({ width }) =>
        width <= WIDTH ? undefined : { status: 413, body: "<html>413 Request Entity Too Large</html>" },
    ],
    [
      "a proxy's HTTP 504 without a word",
      ({ width }) => (width <= WIDTH ? undefined : { status: 504, body: "" }),
    ],
    ["a connection that is cut", ({ width }) => (width <= WIDTH ? undefined : "cut")],
  ];
  it.each(wide)("halves what is too wide, told in %s", async (_name, limit) => {
    limited(limit);
    count();
    const reading = await open().read([token]);
    expect(told(reading)).toEqual(await truth());
    expectOnce(deployed, reading.head.number);
    expect(Math.min(...asked.map(({ from }) => from))).toBe(deployed);
    const span = reading.head.number - deployed + 1;
    const halvings = Math.ceil(Math.log2(span / WIDTH));
    // No range of half the bound or less is settled for, and wider ones are tried ever more rarely.
    expect(asked.length - refusals()).toBeLessThanOrEqual(Math.ceil(span / (WIDTH / 2)));
    expect(refusals()).toBeGreaterThanOrEqual(halvings);
    expect(refusals()).toBeLessThanOrEqual(halvings + Math.ceil(Math.log2(span / WIDTH)) + 1);
  });

  it("follows a bound of results, in Infura's words, and becomes wider again where they lie thin", async () => {
    const most = 4;
    limited(({ logs }) =>
      logs.length <= most
        ? undefined
        : {
            status: 200,
            body: {
              code: -32_005,
              message: `query returned more than ${most} results. Try with this block range [0x1, 0x2].`,
              data: { from: "0x1", limit: most, to: "0x2" },
            } as { code: number },
          },
    );
    count();
    const reading = await open().read([token]);
    expect(told(reading)).toEqual(await truth());
    expectOnce(deployed, reading.head.number);
    // The last one is what was left.
    const widths = asked
      .filter(({ ok }) => ok)
      .map(({ from, to }) => to - from + 1)
      .slice(0, -1);
    const narrowest = widths.indexOf(Math.min(...widths));
    expect(Math.max(...widths.slice(narrowest))).toBeGreaterThan(8 * (widths[narrowest] as number));
    // Were each answer as narrow as the narrowest, there would be thousands.
    expect(asked.length).toBeLessThan(150);
  });

  it("begins the next reading with the width that worked", async () => {
    limited(({ width }) => (width <= WIDTH ? undefined : { status: 400, body: { code: -32_602 } }));
    const reader = open();
    await reader.read([token]);
    await mine(3 * WIDTH);
    await transfer();
    asked = [];
    count();
    const reading = await reader.read([token]);
    expect(told(reading)).toEqual(await truth());
    expect(asked[0]?.ok).toBe(true);
    expect(asked[0] && asked[0].to - asked[0].from + 1).toBeGreaterThan(WIDTH / 2);
  });

  it("says which block is refused alone, and what to do", async () => {
    const [bad = 0] = (await open().read([token])).events.slice(-3).map(({ block }) => block);
    limited(({ from, width }) =>
      from <= bad && bad < from + width
        ? { status: 200, body: { code: -32_000, message: "missing trie node" } as { code: number } }
        : undefined,
    );
    count();
    const reader = open();
    await expect(reader.read([token])).rejects.toMatchObject({
      name: "Logs.BlockRefused",
      message: expect.stringMatching(new RegExp(`block ${bad} alone .*missing trie node.*Ask another`)),
    });
    // What was read before it is not asked for again, but for the last blocks.
    const before = asked.filter(({ ok }) => ok).at(-1)?.to as number;
    expect(before).toBe(bad - 1);
    node.refuse = () => undefined;
    asked = [];
    count();
    const reading = await reader.read([token]);
    expect(told(reading)).toEqual(await truth());
    expectOnce(bad, reading.head.number);
  });

  it("waits for a node that is busy, and gives up in the end", async () => {
    let refused = 0;
    const body = { code: -32_005, message: "daily request count exceeded" } as { code: number };
    limited(() => (refused++ < 2 ? { status: 429, body } : undefined));
    count();
    const reading = await open().read([token]);
    expect(told(reading)).toEqual(await truth());
    expect(pauses).toEqual([1_000, 2_000]);
    expect(new Set(asked.map(({ from, to }) => `${from}-${to}`)).size).toBe(1);
    limited(() => ({ status: 429, body: "slow down" }));
    await expect(open().read([token])).rejects.toMatchObject({ name: "Logs.Busy" });
    expect(pauses.length).toBe(2 + 5);
  });

  it("does not halve for a node that answers nothing", async () => {
    const reader = open();
    await reader.read([token]);
    await transfer();
    limited(() => "cut");
    const inner = node.refuse;
    node.refuse = (method, params) => (method === "eth_chainId" ? "cut" : inner(method, params));
    count();
    await expect(reader.read([token])).rejects.toMatchObject({ name: "Rpc.Unreachable" });
    expect(asked.length).toBe(1);
  });

  it("refuses to find nothing because the node is behind the deployment", async () => {
    const { number } = await headOf(chain);
    await expect(open(number + 1).read([token])).rejects.toMatchObject({ name: "Events.NotYetDeployed" });
  });
});

describe("following", () => {
  it("asks for no log while the head is the same, and afterwards for the last blocks alone", async () => {
    const reader = open();
    const first = await reader.read([token]);
    count();
    const again = await reader.read([token]);
    expect(again.events).toEqual(first.events);
    expect(requests).toEqual(["eth_getBlockByNumber"]);
    const amount = await transfer();
    const next = await reader.read([token]);
    expect(told(next)).toEqual(await truth());
    expect(amounts(next).at(-1)).toBe(amount);
    expect(asked).toEqual([{ from: first.head.number - DEPTH + 1, to: next.head.number, ok: true }]);
    expect(next.course).toBe(first.course);
    await transfer();
    const last = await reader.read([token]);
    // What was read twice is the same object still.
    expect(last.events[next.events.length - 1]).toBe(next.events.at(-1));
  });

  it("shares a reading among whoever asks at a time, and with whoever asks for a part of it", async () => {
    const { Datanets } = await contractArtifacts();
    const other: Target = { address: `0x${"cd".repeat(20)}`, codec: codecOf(Datanets.abi) };
    const reader = open();
    count();
    const [both, own, none] = await Promise.all([
      reader.read([token, other]),
      reader.read([token]),
      reader.read([other]),
    ]);
    expect(told(own)).toEqual(await truth());
    expect(both.events).toEqual(own.events);
    expect(none.events).toEqual([]);
    expect(asked.length).toBe(1);
  });

  it("finds what a node behind the same address did not have yet", async () => {
    const reader = open();
    await reader.read([token]);
    const amount = await transfer();
    node.instead = (method) => (method === "eth_getLogs" ? [] : undefined);
    expect(amounts(await reader.read([token]))).not.toContain(amount);
    node.instead = () => undefined;
    await mine(1);
    const reading = await reader.read([token]);
    expect(amounts(reading).filter((one) => one === amount)).toEqual([amount]);
    expect(told(reading)).toEqual(await truth());
  });
});

describe("a chain that takes another course", () => {
  /** Lets `first` happen, then takes it back and lets `second` happen. */
  async function reorg<T>(first: () => Promise<T>, second: () => Promise<void>): Promise<T> {
    const snapshot = await raw("evm_snapshot");
    const result = await first();
    expect(await raw("evm_revert", snapshot)).toBe(true);
    await second();
    return result;
  }

  it.each([
    ["a longer one", 3, 9],
    ["one of the same length", 5, 5],
    ["a shorter one", 9, 3],
  ])("%s: forgets what is gone, and reads the last blocks again", async (_name, before, after) => {
    await mine(2 * DEPTH);
    const reader = open();
    let gone = 0n;
    let back = 0n;
    const first = await reorg(
      async () => {
        gone = await transfer();
        await mine(before);
        return await reader.read([token]);
      },
      async () => {
        back = await transfer();
        await mine(after);
      },
    );
    expect(amounts(first)).toContain(gone);
    count();
    const second = await reader.read([token]);
    expect(amounts(second)).not.toContain(gone);
    expect(amounts(second).at(-1)).toBe(back);
    expect(told(second)).toEqual(await truth());
    expect(second.course).not.toBe(first.course);
    expect(asked).toEqual([{ from: first.head.number - DEPTH + 1, to: second.head.number, ok: true }]);
  });

  it("deeper than the last blocks: reads everything again, from the deployment on", async () => {
    const reader = open();
    let gone = 0n;
    const first = await reorg(
      async () => {
        gone = await transfer();
        await mine(3 * DEPTH);
        return await reader.read([token]);
      },
      async () => {
        await transfer();
        await mine(4 * DEPTH);
      },
    );
    expect(amounts(first)).toContain(gone);
    count();
    const second = await reader.read([token]);
    expect(amounts(second)).not.toContain(gone);
    expect(told(second)).toEqual(await truth());
    expect(asked).toEqual([{ from: deployed, to: second.head.number, ok: true }]);
  });

  it("while it is read: a reading is of one course", async () => {
    const snapshot = await raw("evm_snapshot");
    const gone = await transfer();
    let turned = false;
    node.after = async (method) => {
      if (method !== "eth_getLogs" || turned) return;
      turned = true;
      await raw("evm_revert", snapshot);
      await transfer();
      await mine(2);
    };
    const reading = await open().read([token]);
    expect(turned).toBe(true);
    expect(amounts(reading)).not.toContain(gone);
    expect(told(reading)).toEqual(await truth());
    expect((await headOf(chain)).hash).toBe(reading.head.hash);
  });

  it("gives up on a chain that never holds still", async () => {
    node.after = async (method) => {
      if (method !== "eth_getLogs") return;
      // The latest block is another one each time that it is read.
      await raw("evm_revert", snapshot);
      snapshot = await raw("evm_snapshot");
      await transfer();
    };
    let snapshot = await raw("evm_snapshot");
    await transfer();
    await expect(open().read([token])).rejects.toMatchObject({ name: "Events.Unsteady" });
  });

  it("under the views: times and costs are those of the blocks that there are", async () => {
    await mine(2 * DEPTH);
    const reader = open();
    const contracts = { happened: () => reader.read([token]) };
    const history = openHistory({ chain, contracts });
    const first = await reorg(
      async () => {
        await raw("evm_increaseTime", 5_000);
        await transfer();
        const now = await history.refresh();
        const last = now.events.at(-1) as (typeof now.events)[number];
        return { last, shown: await now.transaction("transfer", last) };
      },
      async () => {
        await raw("evm_increaseTime", 90_000);
        await transfer();
      },
    );
    const now = await history.refresh();
    expect(await history.refresh()).toBe(now);
    const last = now.events.at(-1) as (typeof now.events)[number];
    expect(last.block).toBe(first.last.block);
    const shown = await now.transaction("transfer", last);
    expect(shown.hash).not.toBe(first.shown.hash);
    const { timestamp } = (await raw("eth_getBlockByNumber", quantity(last.block), false)) as {
      timestamp: string;
    };
    expect(shown.at).toBe(Number(timestamp));
    expect(shown.at).toBeGreaterThan(first.shown.at);
  });
});
