// kill -9 at fifty random moments, of whoever settles and of whoever works for him, restarted each time: all
// runs arrive at the bundle of a run that nobody disturbed, and nothing was proved twice but what a killed
// process had in hand. The run's seed repeats its moments as far as the machine's own timing allows.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../../pipeline/random.ts";
import { quittance } from "../cli/fixtures.ts";
import { noServer, type PrivateServer, startServer } from "../durable/server.ts";
import {
  countOutcomes,
  doneOnce,
  type Env,
  factsOf,
  ledgerOf,
  makeShops,
  type Run,
  type Shops,
  start,
  startWorker,
  stop,
} from "./fixtures.ts";

const seed = process.env["QUITTANCE_SEED"] as string;
const KILLS = 25;
const THREADS = 2;
process.env["QUITTANCE_THREADS"] = String(THREADS);
let shops: Shops;
let undisturbed = "";
let typicalMs = 0;

beforeAll(() => {
  process.stderr.write(`seed ${seed}\n`);
  shops = makeShops(70, 30);
  const shop = shops.copy("undisturbed");
  const from = Date.now();
  const run = quittance(["settle", "--project", shop]);
  if (run.code !== 0) throw new Error(run.err);
  typicalMs = Date.now() - from;
  undisturbed = factsOf(shop);
}, 300_000);
afterAll(() => shops.remove());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("kill -9 at random moments", () => {
  it(`of a process that proves on its own threads, ${KILLS} times`, { timeout: 900_000 }, async () => {
    const random = seededRandom(`local ${seed}`);
    let kills = 0;
    for (let round = 0; kills < KILLS; round++) {
      const shop = shops.copy(`local-${round}`);
      const killsBefore = kills;
      for (let ended = false; !ended; ) {
        const run = start(["settle", "--project", shop]);
        const momentMs = random.uniform() * typicalMs;
        const late = kills < KILLS ? sleep(momentMs).then(() => "kill" as const) : undefined;
        const first = await Promise.race([run.ended, ...(late === undefined ? [] : [late])]);
        if (first === "kill") run.child.kill("SIGKILL");
        const { code, signal } = await run.ended;
        ended = signal !== "SIGKILL";
        if (!ended) kills++;
        if (ended && code !== 0) expect(run.said()).toMatch(/Settle\.Nothing/);
      }
      expect(factsOf(shop)).toBe(undisturbed);
      const attempts = await ledgerOf(shop);
      const { jobs, once } = doneOnce(attempts);
      process.stderr.write(`${kills - killsBefore} kills: ${JSON.stringify(countOutcomes(attempts))}\n`);
      expect(jobs).toBeGreaterThan(20);
      expect(once).toBe(true);
      // A killed process had at most as many proofs in hand as it has threads.
      const counts = countOutcomes(attempts);
      expect(Object.keys(counts).filter((outcome) => !["done", "lost"].includes(outcome))).toEqual([]);
      expect(counts["lost"] ?? 0).toBeLessThanOrEqual((kills - killsBefore) * THREADS);
    }
  });

  const reason = noServer();
  describe.skipIf(reason !== undefined)(reason ?? "with workers on a server", () => {
    let server: PrivateServer;
    beforeAll(() => {
      server = startServer();
    });
    afterAll(() => server.remove());

    it(`of who settles and of two workers, ${KILLS} times`, { timeout: 900_000 }, async () => {
      const random = seededRandom(`remote ${seed}`);
      let kills = 0;
      let lost = 0;
      for (let round = 0; kills < KILLS; round++) {
        const shop = shops.copy(`remote-${round}`);
        const env = { DATABASE_URL: server.database(), QUITTANCE_BLOBS: `${shop}/blobs` };
        const killed = await disturbed(shop, env, random, KILLS - kills);
        kills += killed.coordinator + killed.worker;
        expect(factsOf(shop)).toBe(undisturbed);
        const attempts = await ledgerOf(shop, env);
        const { jobs, once } = doneOnce(attempts);
        const counts = countOutcomes(attempts);
        process.stderr.write(`${JSON.stringify(killed)} kills: ${JSON.stringify(counts)}\n`);
        expect(jobs).toBeGreaterThan(20);
        expect(once).toBe(true);
        expect(Object.keys(counts).filter((outcome) => !["done", "lost"].includes(outcome))).toEqual([]);
        expect(counts["lost"] ?? 0).toBeLessThanOrEqual(killed.worker);
        lost += counts["lost"] ?? 0;
      }
      // Kills that never met a proof would show nothing.
      expect(lost).toBeGreaterThan(0);
    });
  });
});

/** Settles with two workers while one of the three is killed every few seconds and started again. */
async function disturbed(
  shop: string,
  env: Env,
  random: Random,
  most: number,
): Promise<{ coordinator: number; worker: number }> {
  const settle = (): Run => start(["settle", "--project", shop, "--workers", "remote"], env);
  const workers = [startWorker(env), startWorker(env)];
  const killed = { coordinator: 0, worker: 0 };
  let coordinator = settle();
  try {
    for (;;) {
      const quiet = killed.coordinator + killed.worker >= most;
      const pause = quiet ? undefined : sleep(random.uniform() * 1_000).then(() => "kill" as const);
      const first = await Promise.race([coordinator.ended, ...(pause === undefined ? [] : [pause])]);
      if (first !== "kill") {
        expect(first.code === 0 || /Settle\.Nothing/.test(coordinator.said()), coordinator.said()).toBe(true);
        return killed;
      }
      const target = Math.floor(random.uniform() * 4);
      if (target === 3) {
        killed.coordinator++;
        await stop(coordinator, "SIGKILL");
        coordinator = settle();
      } else {
        // At a moment of its work, not while it starts: a busy machine would never let it do any.
        const worker = workers[target % 2] as Run;
        const ready = worker.says(/Ready/).then(() => sleep(random.uniform() * 1_500));
        if ((await Promise.race([coordinator.ended, ready])) !== undefined) continue;
        killed.worker++;
        await stop(worker, "SIGKILL");
        workers[target % 2] = startWorker(env);
      }
    }
  } finally {
    await Promise.all(workers.map((worker) => stop(worker)));
  }
}
