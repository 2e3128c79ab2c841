// Workers as processes of their own on one Postgres server: many jobs and no duplicate, a worker of another
// version, a server that goes away, a worker without memory, and everybody asked to stop.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder, ROOT } from "../../../pipeline/environment.ts";
import { fittingCircuit, RefusedError } from "../../../pipeline/jobs/worker.ts";
import { readyCircuits } from "../../../pipeline/setup.ts";
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

const reason = noServer();

describe.skipIf(reason !== undefined)(reason ?? "workers on one server", () => {
  let server: PrivateServer;
  let shops: Shops;
  let undisturbed = "";
  beforeAll(() => {
    server = startServer();
    shops = makeShops(40, 12);
    const shop = shops.copy("undisturbed");
    const run = quittance(["settle", "--project", shop]);
    if (run.code !== 0) throw new Error(run.err);
    undisturbed = factsOf(shop);
  });
  afterAll(() => {
    server.remove();
    shops.remove();
  });

  const envOf = (shop: string): Env => ({
    DATABASE_URL: server.database(),
    QUITTANCE_BLOBS: `${shop}/blobs`,
  });
  const settle = (shop: string, env: Env): Run =>
    start(["settle", "--project", shop, "--workers", "remote"], env);
  const settled = async (shop: string, run: Run): Promise<void> => {
    const { code } = await run.ended;
    expect(code, run.said()).toBe(0);
    expect(factsOf(shop)).toBe(undisturbed);
  };

  it("finish a 200-job epoch, three of them, with no duplicate", { timeout: 900_000 }, async () => {
    const large = makeShops(680, 192);
    try {
      const shop = large.copy("large");
      const env = envOf(shop);
      const workers = [startWorker(env), startWorker(env), startWorker(env)];
      const run = settle(shop, env);
      const { code } = await run.ended;
      expect(code, run.said()).toBe(0);
      for (const worker of workers) expect(await stop(worker), worker.said()).toBe(0);
      const attempts = await ledgerOf(shop, env);
      expect(countOutcomes(attempts)).toEqual({ done: attempts.length });
      expect(doneOnce(attempts)).toEqual({ jobs: attempts.length, once: true });
      expect(attempts.length).toBeGreaterThanOrEqual(200);
      const shares = workers.map(({ child }) =>
        attempts.filter(({ worker }) => worker.endsWith(`:${child.pid}`)),
      );
      for (const share of shares) expect(share.length).toBeGreaterThan(attempts.length / 10);
      const verified = quittance(["verify", join(shop, "out", "epoch-1.json")]);
      expect(verified.code, verified.out).toBe(0);
    } finally {
      large.remove();
    }
  });

  it("refuse jobs for circuits of another version, and leave them to one that has these", async () => {
    const shop = shops.copy("versions");
    const env = envOf(shop);
    const { program, cache } = otherVersion(join(shops.folder, "other-version"));
    const other = startWorker({ ...env, QUITTANCE_CACHE: cache }, [], program);
    const run = settle(shop, env);
    await other.says(/Refused: \d+ job\(s\) in proofs\.[0-9a-f]{16} are for another version/);
    expect(await ledgerOf(shop, env)).toEqual([]);
    expect(existsSync(join(shop, "out", "epoch-1.json"))).toBe(false);
    const right = startWorker(env);
    await settled(shop, run);
    const attempts = await ledgerOf(shop, env);
    expect(new Set(attempts.map(({ worker }) => worker.split(":")[1]))).toEqual(
      new Set([`${right.child.pid}`]),
    );
    for (const worker of [other, right]) expect(await stop(worker), worker.said()).toBe(0);
  });

  it("go on after the server crashed and every connection was dropped", async () => {
    const shop = shops.copy("crash");
    const env = envOf(shop);
    const worker = startWorker(env);
    const run = settle(shop, env);
    const begun = async (count: number): Promise<void> => {
      while ((await ledgerOf(shop, env)).length < count) await new Promise((done) => setTimeout(done, 200));
    };
    await begun(2);
    server.crash();
    await new Promise((done) => setTimeout(done, 3_000));
    server.start();
    await begun(6);
    server.dropConnections();
    await settled(shop, run);
    expect(await stop(worker), worker.said()).toBe(0);
    const attempts = await ledgerOf(shop, env);
    expect(doneOnce(attempts).once).toBe(true);
  });

  it("that run out of memory end in a dead letter that says why, and the run resumes", async () => {
    const shop = shops.copy("memory");
    const env = envOf(shop);
    const poor = startWorker(env, ["--memory", "12"]);
    const run = settle(shop, env);
    const { code } = await run.ended;
    expect(code).toBe(2);
    expect(run.said()).toMatch(/Jobs\.Dead: .*needed more than its 12 MiB.*--memory.*same command again/s);
    expect(await stop(poor), poor.said()).toBe(0);
    const told = quittance(["jobs", "--project", shop], env);
    expect(told.out).toMatch(/failed .*Pool\.OutOfMemory/s);
    const rich = startWorker(env);
    await settled(shop, settle(shop, env));
    expect(await stop(rich), rich.said()).toBe(0);
  });

  it("finish what they have in hand when asked to stop, as does who submits", async () => {
    const shop = shops.copy("stop");
    const env = envOf(shop);
    const worker = startWorker(env);
    const run = settle(shop, env);
    while (!(await ledgerOf(shop, env)).some(({ outcome }) => outcome === null))
      await new Promise((done) => setTimeout(done, 50));
    expect(await stop(worker), worker.said()).toBe(0);
    const attempts = await ledgerOf(shop, env);
    expect(countOutcomes(attempts)).toEqual({ done: attempts.length });
    expect(await stop(run, "SIGINT")).toBe(2);
    expect(run.said()).toMatch(/Jobs\.Stopped/);
    const again = startWorker(env);
    await settled(shop, settle(shop, env));
    expect(await stop(again)).toBe(0);
    expect(doneOnce(await ledgerOf(shop, env)).once).toBe(true);
  });

  it("compute features too", async () => {
    const shop = join(shops.folder, "features");
    const env = envOf(shop);
    const worker = startWorker(env);
    const args = ["train", "--profile", "tiny", "--data", join(shops.folder, "digits"), "--json"];
    const there = start([...args, "--project", shop, "--workers", "remote"], env);
    const { code } = await there.ended;
    expect(code, there.said()).toBe(0);
    const here = start([...args, "--project", join(shops.folder, "features-here")]);
    await here.ended;
    const w = (folder: string): unknown =>
      (JSON.parse(readFileSync(join(folder, "state", "model.json"), "utf8")) as { w: unknown }).w;
    expect(w(shop)).toEqual(w(join(shops.folder, "features-here")));
    expect((await ledgerOf(shop, env)).map(({ label, outcome }) => [label, outcome])).toEqual([
      ["features 1", "done"],
    ]);
    expect(await stop(worker)).toBe(0);
  });
});

/** The program with circuits that differ: one more comment in a template is another circuit. */
function otherVersion(folder: string): { program: string; cache: string } {
  mkdirSync(folder, { recursive: true });
  for (const part of [
    "circuits",
    "prover",
    "pipeline",
    "verifier-contracts",
    "package.json",
    "hardhat.config.ts",
  ])
    cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const template = join(folder, "circuits", "adjoint.circom");
  writeFileSync(template, `${readFileSync(template, "utf8")}\n// another version\n`);
  const cache = join(folder, ".cache");
  rmSync(cache, { recursive: true, force: true });
  cpSync(join(cacheFolder(), "circuits"), join(cache, "circuits"), { recursive: true });
  return { program: join(folder, "pipeline", "cli", "main.ts"), cache };
}

describe("a job for circuits that a worker does not have", () => {
  it("is refused by name and hash, even if it came through the right queue", async () => {
    const circuits = await readyCircuits("tiny");
    const { hash } = circuits.adjoint;
    expect(fittingCircuit(circuits, { circuit: "adjoint", circuitHash: hash })).toBe(circuits.adjoint);
    const other = "ab".repeat(32);
    expect(() => fittingCircuit(circuits, { circuit: "adjoint", circuitHash: other })).toThrow(RefusedError);
    expect(() => fittingCircuit(circuits, { circuit: "model", circuitHash: hash })).toThrow(
      new RegExp(
        `circuit model ${circuits.model.hash.slice(0, 16)}.*${hash.slice(0, 16)}.*Update the worker`,
      ),
    );
  });
});
