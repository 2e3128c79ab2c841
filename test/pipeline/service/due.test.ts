// A real service whose operator forgets to settle: what it says of the date in its receipts, on a chain whose
// clock is moved.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clockOf } from "../../../pipeline/chain/client.ts";
import { openLocalChain } from "../../../pipeline/chain/local.ts";
import type { Finding } from "../../../pipeline/doctor.ts";
import { DUE_SECONDS, dueText } from "../../../pipeline/due.ts";
import { openProject } from "../../../pipeline/project.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { openDueWatch } from "../../../pipeline/service/due.ts";
import { openLogger } from "../../../pipeline/service/logs.ts";
import { openSession } from "../../../pipeline/session.ts";
import { settleEpoch } from "../../../pipeline/settle.ts";
import { quittance } from "../cli/fixtures.ts";
import {
  digit,
  type Open,
  openPayer,
  openService,
  type Payer,
  payerOf,
  temporary,
  trainShop,
  UI,
} from "./fixtures.ts";

const { folder, remove } = temporary("due");
const DAY = 86_400;
const HOUR_MS = 3_600_000;
let shop: string;
let open: Open;
let payer: Payer;

beforeAll(async () => {
  shop = trainShop(folder);
  open = await openService(shop);
  payer = await openPayer(open, "d1", 10n ** 18n);
});
afterAll(async () => {
  await open?.close();
  remove();
});

const health = async (): Promise<{ dueBy?: number; openEpoch: number }> =>
  (await open.service.app.inject({ method: "GET", url: "/health" })).json();
/** The gauge as Prometheus reads it; undefined where it has no sample. */
async function gauge(): Promise<number | undefined> {
  const { body } = await open.service.app.inject({ method: "GET", url: "/metrics" });
  expect(body).toContain("# TYPE quittance_due_seconds gauge");
  const found = /^quittance_due_seconds (\S+)$/m.exec(body)?.[1];
  return found === undefined ? undefined : Number(found);
}
type Line = {
  level: number;
  epoch: number;
  receipts: number;
  dueBy: number;
  secondsLeft: number;
  msg: string;
};
const linesOf = (log: readonly string[]): Line[] =>
  log.filter((line) => line.includes("must be committed by")).map((line) => JSON.parse(line) as Line);
const receipts = (epoch: number) =>
  readReceipts(receiptsFolder(open.project.folder, open.service.context.model.id, epoch));
const look = () => open.service.context.due.look();

describe("what is due", () => {
  let dueBy: number;

  it("is nothing before the first answer", async () => {
    await look();
    expect(await health()).not.toHaveProperty("dueBy");
    expect(await gauge()).toBeUndefined();
  });

  it("is the first receipt's date, however many follow", async () => {
    expect((await payer.ask(1, digit(1))).status).toBe(200);
    await open.session.chain.travel(DAY);
    await look();
    // The books' clock may be two seconds old.
    await expect.poll(async () => (await payer.ask(2, digit(2))).status, { timeout: 20_000 }).toBe(200);
    const dates = receipts(1).map((receipt) => receipt.dueBy);
    expect(dates.length).toBe(2);
    dueBy = Math.min(...dates);
    expect((await health()).dueBy).toBe(dueBy);
    const left = (await gauge()) as number;
    const exact = dueBy - (await clockOf(open.session.chain));
    expect(Math.abs(left - exact)).toBeLessThan(60);
    expect(left).toBeLessThan(DUE_SECONDS - DAY + 60);
    expect(linesOf(open.log)).toEqual([]);
  });

  it("is warned of in the log when less than a day is left, once an hour, and louder when it has passed", async () => {
    const { chain } = open.session;
    const log: string[] = [];
    let clock = 0;
    const { answering } = open.service.context;
    const watch = await openDueWatch({
      ...{ answering, session: open.session, folder: shop, clock: () => clock },
      logger: openLogger({ write: (line) => void log.push(line) }),
    });
    expect(linesOf(log)).toEqual([]);
    await chain.travel(dueBy - (await clockOf(chain)) - DAY + 60);
    await Promise.all([watch.look(), look()]);
    await Promise.all([watch.look(), look()]);
    // The service itself, and the watch with a clock of ours, say the same, once.
    for (const lines of [linesOf(open.log), linesOf(log)]) {
      expect(lines.length).toBe(1);
      const [line] = lines as [Line];
      expect(line).toMatchObject({ level: 40, epoch: 1, receipts: 2, dueBy });
      expect(line.secondsLeft).toBeGreaterThan(DAY - 300);
      expect(line.secondsLeft).toBeLessThanOrEqual(DAY);
      expect(line.msg).toContain(dueText({ epoch: 1, receipts: 2, dueBy }));
      expect(line.msg).toContain(`quittance settle --project ${shop}`);
    }
    clock = HOUR_MS - 1;
    await watch.look();
    expect(linesOf(log).length).toBe(1);
    clock = HOUR_MS;
    await watch.look();
    expect(linesOf(log).length).toBe(2);
    await chain.travel(DAY);
    clock = 2 * HOUR_MS;
    await watch.look();
    const last = linesOf(log).at(-1) as Line;
    expect(last).toMatchObject({ level: 50, epoch: 1 });
    expect(last.secondsLeft).toBeLessThan(0);
    expect(last.msg).toMatch(/has passed/);
    await look();
    expect(await gauge()).toBeLessThan(0);
    watch.close();
  });

  it("goes on from what was seen last while the chain does not answer", async () => {
    const log: string[] = [];
    let clock = 0;
    let isUp = true;
    const { answering } = open.service.context;
    const { chain, contracts } = open.session;
    const session = {
      contracts,
      chain: {
        ...chain,
        provider: {
          request: (call: Parameters<typeof chain.provider.request>[0]) =>
            isUp ? chain.provider.request(call) : Promise.reject(new Error("down")),
        },
      },
    };
    const watch = await openDueWatch({
      ...{ answering, session, folder: shop, clock: () => clock },
      logger: openLogger({ write: (line) => void log.push(line) }),
    });
    const before = watch.now()?.left as number;
    isUp = false;
    clock = HOUR_MS;
    await watch.look();
    expect(watch.now()?.left).toBe(before - 3_600);
    expect(linesOf(log).length).toBe(2);
    watch.close();
  });

  it("is nothing again when the epoch is on chain, and the next epoch's date after the next answer", async () => {
    const { project, session, service } = open;
    await settleEpoch({ project, session, ui: UI, seal: () => service.context.answering.seal() });
    await look();
    expect(await health()).toMatchObject({ openEpoch: 2 });
    expect(await health()).not.toHaveProperty("dueBy");
    expect(await gauge()).toBeUndefined();
    const again = payerOf(service, payer.wallet);
    await expect.poll(async () => (await again.ask(3, digit(3))).status, { timeout: 20_000 }).toBe(200);
    expect((await health()).dueBy).toBe(receipts(2)[0]?.dueBy);
    expect(await gauge()).toBeGreaterThan(DUE_SECONDS - 600);
  });

  it("is said by the commands on standard error", async () => {
    const due = { epoch: 2, receipts: 1, dueBy: receipts(2)[0]?.dueBy as number };
    const busy = quittance(["doctor", "--project", shop]);
    expect(busy.code).toBe(0);
    expect(busy.out).toMatch(/• due: not looked at\. Process .* is working in this project.*\/health, dueBy/);
    await open.close();
    const doctor = quittance(["doctor", "--project", shop]);
    expect(doctor.code).toBe(0);
    // Its clock stands still between two blocks, so it may be a week to the second.
    const found = /✓ due: (.*), in [67] days: (.*)/.exec(doctor.out);
    expect(found?.slice(1)).toEqual([dueText(due), `quittance settle --project ${shop}`]);
    const jobs = quittance(["jobs", "--project", shop, "--json"]);
    expect(jobs.code).toBe(0);
    expect(jobs.err).toContain(dueText(due));
    expect(JSON.parse(jobs.out)).toHaveProperty("result");
    const infer = quittance(["infer", "--project", shop, "--data", `${folder}/digits`, "--limit", "2"]);
    expect(infer.code).toBe(0);
    expect(infer.err).toContain(`${dueText({ ...due, receipts: 3 })}: quittance settle --project ${shop}`);
    expect(infer.err).not.toContain("OVERDUE");
    const settle = quittance(["settle", "--project", shop]);
    expect(settle.code).toBe(0);
    expect(settle.err).not.toContain("must be committed by");
    expect(quittance(["jobs", "--project", shop]).err).not.toContain("must be committed by");
    expect(quittance(["doctor", "--project", shop]).out).toMatch(/✓ due: nothing: every answered epoch/);
  });

  it("makes the doctor fail once it has passed, by the chain's clock and not the machine's", async () => {
    const ask = quittance(["infer", "--project", shop, "--data", `${folder}/digits`, "--limit", "1"]);
    expect(ask.code).toBe(0);
    const chain = await openLocalChain({ logFile: join(shop, "chain.jsonl") });
    await chain.travel(DUE_SECONDS + DAY + 60);
    await chain.close();
    const doctor = quittance(["doctor", "--project", shop, "--json"]);
    expect(doctor.code).toBe(1);
    const { ok, findings } = JSON.parse(doctor.out) as { ok: boolean; findings: Finding[] };
    expect(ok).toBe(false);
    const found = findings.filter(({ subject }) => subject === "due");
    expect(found).toEqual([
      {
        subject: "due",
        level: "bad",
        text: expect.stringMatching(/^OVERDUE: epoch 3 has 1 receipt .*, 1 day ago; .*quittance settle/),
      },
    ]);
    expect(quittance(["jobs", "--project", shop]).err).toContain("OVERDUE: epoch 3 has 1 receipt");
  });

  it("asks the chain whether an epoch is there, and says so where it does not answer", async () => {
    const config = join(shop, "quittance.json");
    const kept = readFileSync(config, "utf8");
    writeFileSync(config, kept.replace('"local"', '"http://127.0.0.1:1"'));
    const doctor = quittance(["doctor", "--project", shop]);
    writeFileSync(config, kept);
    // By the machine's clock it is not late, and nobody knows whether it is there.
    expect(doctor.out).toMatch(
      /• due: epoch 3 .* by this machine's clock: quittance settle .*not asked.*127/,
    );
    expect(doctor.code).toBe(0);
    // Committed, and stopped there: nothing is due, although the project's files do not know it.
    const project = openProject({ folder: shop });
    const session = await openSession(project, UI);
    try {
      const settle = () => Promise.reject(new Error("killed here"));
      const cut = { ...session, contracts: { ...session.contracts, settle } };
      await expect(settleEpoch({ project, session: cut, ui: UI })).rejects.toThrow("killed here");
    } finally {
      await session.close();
      await project.store.close();
      project.close();
    }
    const after = quittance(["doctor", "--project", shop]);
    expect(after.out).toMatch(/✓ due: nothing: every answered epoch is on chain, and not all are settled/);
    expect(after.code).toBe(0);
    expect(quittance(["doctor", "--project", join(folder, "nowhere")]).code).toBe(2);
  });
});
