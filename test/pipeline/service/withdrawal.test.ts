// A payer that takes its deposit back while it buys: what it was answered before the money can leave is paid
// for, to the unit; once the money is gone it is answered nothing, and told why.

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openUi } from "../../../pipeline/cli/ui.ts";
import { currentModel } from "../../../pipeline/commit.ts";
import { codecOf, signTransaction } from "../../../pipeline/engine/ethers.ts";
import { openProject } from "../../../pipeline/project.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { openSession } from "../../../pipeline/session.ts";
import { quittance } from "../cli/fixtures.ts";
import { end, makeShop, must, PRICE, type Served, type Shop, serve } from "./served.ts";

const DEPOSIT = 40n * PRICE;
const VAULT = codecOf(
  '[{"type":"function","name":"requestWithdrawal","stateMutability":"nonpayable","inputs":[{"name":"model","type":"bytes32"},{"name":"amount","type":"uint128"}],"outputs":[]}]',
);
let shop: Shop;

beforeAll(async () => {
  shop = await makeShop({ alice: 40 });
}, 300_000);
afterAll(() => shop.remove());

/** A call of the service's own chain. */
async function rpc(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const response = await fetch(`${url}/rpc`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const answer = (await response.json()) as { result?: unknown; error?: { message: string } };
  if (answer.error !== undefined) throw new Error(answer.error.message);
  return answer.result;
}

/** What the vault knows of alice. */
async function channel() {
  const project = openProject({ folder: shop.project });
  const session = await openSession(project, openUi(process.stderr, true));
  try {
    return await session.contracts.channel(currentModel(project).id, shop.payers["alice"]?.address ?? "");
  } finally {
    await session.close();
    await project.store.close();
    project.close();
  }
}

describe("a withdrawal beside answers", () => {
  it("takes nothing of what was answered, and ends the answers", { timeout: 600_000 }, async () => {
    const served: Served = await serve(shop);
    const { url } = served;
    const agent = await shop.agent(url, "alice");
    const alice = shop.payers["alice"] as NonNullable<(typeof shop.payers)[string]>;
    const ask = (index: number) => agent.ask(shop.questions[index] as Uint8Array);
    await ask(0);
    // The whole deposit is asked back while five answers are on their way, and more follow.
    const nonce = Number(await rpc(url, "eth_getTransactionCount", alice.address, "latest"));
    const { raw } = await signTransaction(alice, {
      ...{ chainId: agent.health.chainId, nonce, gasLimit: 500_000n },
      ...{ maxFeePerGas: 10n ** 11n, maxPriorityFeePerGas: 10n ** 9n, valueWei: 0n },
      to: agent.model.price.vault,
      data: VAULT.call("requestWithdrawal", [agent.model.id, DEPOSIT]),
    });
    const flying = [1, 2, 3, 4, 5].map(ask);
    const hash = await rpc(url, "eth_sendRawTransaction", raw);
    expect(await rpc(url, "eth_getTransactionReceipt", hash)).toMatchObject({ status: "0x1" });
    const answers = await Promise.all(flying);
    for (const index of [6, 7, 8]) answers.push(await ask(index));
    expect(answers.length).toBe(8);
    expect(await end(served), served.run.said()).toBe(0);
    const kept = readReceipts(receiptsFolder(shop.project, agent.model.id, 1));
    expect(kept.length).toBe(9);

    // Settled before the money can leave: all nine are charged, the rest is alice's again.
    must(["settle", "--project", shop.project]);
    expect(await channel()).toMatchObject({ charged: 9n * PRICE, requested: DEPOSIT });
    const amount = (amount: bigint): string => `${Number(amount) / 1e18}`;
    const back = ["deposit", "--project", shop.project, "--payer", "alice", "--withdraw", "--travel"];
    must([...back, "--amount", amount(DEPOSIT)]);
    expect(await channel()).toMatchObject({ charged: 9n * PRICE, withdrawn: DEPOSIT - 9n * PRICE });

    // Nothing is left: the agent hears it, and owes nothing for the question.
    const again = await serve(shop);
    const poor = await shop.agent(again.url, "alice");
    await expect(poor.ask(shop.questions[9] as Uint8Array)).rejects.toThrow(
      /HTTP 402, voucher_refused.*900000000000000 are charged and 0 can be by then/,
    );
    expect(await poor.state()).toMatchObject({ spent: 9n * PRICE, answered: 9, pending: 0 });
    expect(await end(again)).toBe(0);
    expect(readReceipts(receiptsFolder(shop.project, agent.model.id, 2))).toEqual([]);
    const verified = quittance(["verify", join(shop.project, "out", "epoch-1.json")]);
    expect(verified.code, verified.err).toBe(0);
  });
});
