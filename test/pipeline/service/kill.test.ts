// kill -9 of a service under load, at random moments, started again each time, while its clients go on asking
// with the same keys. Whatever a client was told still exists, nothing was answered or charged twice, the
// receipts' numbers have no gap, and the epoch settles and verifies. QUITTANCE_SEED repeats a run's moments
// as far as the machine's timing allows.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fetch } from "../../../pipeline/agent/http.ts";
import type { Agent, PaidAnswer } from "../../../pipeline/agent/types.ts";
import { readBundle } from "../../../pipeline/bundle.ts";
import { seededRandom } from "../../../pipeline/random.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import type { Receipt } from "../../../pipeline/receipts.ts";
import { quittance } from "../cli/fixtures.ts";
import { end, freePort, makeShop, must, PRICE, type Served, type Shop, serve } from "./served.ts";

const seed = process.env["QUITTANCE_SEED"] as string;
const KILLS = 12;
/** An epoch of this profile takes 192 answers. */
const MOST_ANSWERS = 180;
let shop: Shop;

beforeAll(async () => {
  process.stderr.write(`seed ${seed}\n`);
  shop = await makeShop({ alice: 1_000, bob: 1_000 });
}, 300_000);
afterAll(() => shop.remove());

/** Clients wait for a service that is away; it is back after some seconds. */
const patience = { attempts: 400, pauseMs: 50, longestPauseMs: 400, timeoutMs: 20_000 };

/** Asks one question after the other until told to stop; what it was given, in order. */
async function customer(agent: Agent, done: () => boolean): Promise<PaidAnswer[]> {
  const got: PaidAnswer[] = [];
  for (let i = 0; !done(); i++) {
    got.push(await agent.ask(shop.questions[i % shop.questions.length] as Uint8Array));
    await sleep(40);
  }
  return got;
}

describe("kill -9 under load", () => {
  it(`${KILLS} times: nothing is lost, nothing is answered or paid twice`, { timeout: 900_000 }, async () => {
    const random = seededRandom(`serve ${seed}`);
    const port = await freePort();
    let served: Served = await serve(shop, { port });
    const { url } = served;
    // Alice has two agents that share their books, bob has one.
    let replays = 0;
    const counting: Fetch = async (address, init) => {
      const response = await fetch(address, init);
      if (response.headers.get("idempotent-replayed") === "true") replays += 1;
      return response;
    };
    const agents = [
      await shop.agent(url, "alice", { patience, folder: "alice", fetch: counting }),
      await shop.agent(url, "alice", { patience, folder: "alice", fetch: counting }),
      await shop.agent(url, "bob", { patience, fetch: counting }),
    ] as const;
    let answers = 0;
    let over = false;
    const customers = agents.map((agent) => customer(agent, () => over || ++answers > MOST_ANSWERS));
    for (let kills = 0; kills < KILLS; kills++) {
      // In the middle of answers, not while the clients have not found it again.
      const before = answers;
      while (answers < before + 4 && answers <= MOST_ANSWERS) await sleep(5);
      await sleep(random.uniform() * 250);
      served.run.child.kill("SIGKILL");
      const { signal } = await served.run.ended;
      expect(signal, served.run.said()).toBe("SIGKILL");
      served = await serve(shop, { port });
    }
    await sleep(500);
    over = true;
    const given = (await Promise.all(customers)).flat();
    process.stderr.write(`${given.length} answers, ${replays} of them lost and asked for again\n`);
    expect(given.length).toBeGreaterThan(KILLS);
    expect((await Promise.all(agents.map((agent) => agent.state()))).map(({ pending }) => pending)).toEqual([
      0, 0, 0,
    ]);
    const modelId = agents[0].model.id;
    expect(await end(served), served.run.said()).toBe(0);

    // Reading them throws for a gap.
    const kept = readReceipts(receiptsFolder(shop.project, modelId, 1));
    const byRequest = new Map(kept.map((receipt) => [receipt.requestId, receipt]));
    expect(byRequest.size, "no request has two receipts").toBe(kept.length);
    for (const { receipt } of given) expect(byRequest.get(receipt.requestId)).toEqual(receipt);
    expect(kept.length, "nothing was answered that nobody was told of").toBe(given.length);

    // What was charged is what was asked: the books of both sides say the same.
    const spent = async (agent: Agent): Promise<bigint> => (await agent.state()).spent;
    const charged = (payer: string): bigint =>
      PRICE * BigInt(kept.filter(({ payer: who }: Receipt) => who === shop.payers[payer]?.address).length);
    expect(await spent(agents[0])).toBe(charged("alice"));
    expect(await spent(agents[2])).toBe(charged("bob"));

    must(["settle", "--project", shop.project]);
    const path = join(shop.project, "out", "epoch-1.json");
    const verified = quittance(["verify", path]);
    expect(verified.code, verified.err + verified.out).toBe(0);
    served = await serve(shop, { port });
    const bundle = readBundle(path);
    for (const payer of ["alice", "bob"]) {
      const check = await (await shop.agent(url, payer)).checkEpoch(bundle);
      expect(check).toMatchObject({ omitted: [], changed: [] });
      expect(BigInt(check.held) * PRICE).toBe(charged(payer));
    }
    // The next epoch goes on where the books stand.
    const next = await (await shop.agent(url, "bob")).ask(shop.questions[0] as Uint8Array);
    expect(next.receipt).toMatchObject({ epoch: 2, sequence: 0 });
    expect(await end(served)).toBe(0);
  });
});
