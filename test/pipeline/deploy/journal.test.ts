// A deployment's transaction that no block takes: it is replaced by dearer ones of the same number, and
// whichever of them is mined counts.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import type { Chain } from "../../../pipeline/chain/chain.ts";
import { dearer, NotMinedError } from "../../../pipeline/chain/client.ts";
import { openRpcChain } from "../../../pipeline/chain/rpc.ts";
import { type Journal, openJournal } from "../../../pipeline/deploy/journal.ts";
import { accountOf, codecOf, keccak256 } from "../../../pipeline/engine/ethers.ts";
import { type Node, startNode } from "../chain/server.ts";

const account = accountOf(`0x${"35".repeat(32)}`);
const folder = mkdtempSync(join(tmpdir(), "quittance-journal-"));
let node: Node;
let chain: Chain;

beforeAll(async () => {
  node = await startNode();
  await node.chain.fund(account.address, 10n ** 20n);
  chain = await openRpcChain({ url: node.url });
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes what is sent and gives its hash, like a node with a full pool; passes on from the `good`th on. */
function lose(good: number): string[] {
  const lost: string[] = [];
  node.instead = (method, [raw]) => {
    if (method !== "eth_sendRawTransaction" || lost.length >= good) return undefined;
    lost.push(String(raw));
    return keccak256(String(raw));
  };
  return lost;
}
const open = (name: string): Journal =>
  openJournal({ path: join(folder, name), plan: "0x01", chain, account, patience: 1 });
const create = async (journal: Journal) => {
  const { Datanets } = await contractArtifacts();
  const codec = codecOf(Datanets.abi);
  const data = `${Datanets.bytecode}${codec.construct([5]).slice(2)}`;
  return await journal.perform("Datanets", { data }, codec);
};

describe("a transaction that no block takes", () => {
  it("is replaced by dearer ones of the same number", async () => {
    const lost = lose(2);
    const journal = open("replaced");
    const receipt = await create(journal);
    expect(lost).toHaveLength(2);
    expect(receipt.created).not.toBeNull();
    const [step] = journal.steps();
    expect(step).toMatchObject({ hash: receipt.hash, nonce: 0 });
    expect(await create(open("replaced"))).toMatchObject({ hash: receipt.hash, created: receipt.created });
  });

  it("may be mined after all, and is found", async () => {
    const lost = lose(1);
    let passed = false;
    const journal = open("late");
    const running = create(journal);
    // The cheap one reaches a block just before the dear one is sent.
    node.before = async (method) => {
      if (method !== "eth_sendRawTransaction" || lost.length < 1 || passed) return;
      passed = true;
      const params = [lost[0]];
      await node.chain.provider.request({ method: "eth_sendRawTransaction", params });
    };
    const receipt = await running;
    node.before = () => {};
    expect(receipt.hash).toBe(keccak256(String(lost[0])));
    expect(journal.steps()[0]).toMatchObject({ hash: receipt.hash, mined: { created: receipt.created } });
  });

  it("stays in the journal when nothing helps, with every hash that may still be mined", async () => {
    const lost = lose(100);
    await expect(create(open("stuck"))).rejects.toBeInstanceOf(NotMinedError);
    const kept = JSON.parse(readFileSync(join(folder, "stuck"), "utf8")) as {
      steps: { hash: string; earlier: string[] }[];
    };
    const hashes = lost.map((raw) => keccak256(raw));
    expect([kept.steps[0]?.hash, ...(kept.steps[0]?.earlier ?? [])]).toEqual([...new Set(hashes)].reverse());
    expect(hashes.length).toBeGreaterThan(3);
    // A later run looks for all of them.
    const params = [lost[0]];
    await node.chain.provider.request({ method: "eth_sendRawTransaction", params });
    expect(await create(open("stuck"))).toMatchObject({ hash: hashes[0] });
  });

  it("costs at least an eighth more each time, and what the market asks", () => {
    const cheap = { maxFeePerGas: 8n, maxPriorityFeePerGas: 8n };
    expect(dearer(cheap, cheap)).toEqual({ maxFeePerGas: 10n, maxPriorityFeePerGas: 10n });
    const dear = { maxFeePerGas: 80n, maxPriorityFeePerGas: 9n };
    expect(dearer(dear, cheap)).toEqual({ maxFeePerGas: 80n, maxPriorityFeePerGas: 10n });
  });
});
