// The store of jobs on both of its engines: the same statements, the same answers.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBlobFolder } from "../../../pipeline/durable/blobs.ts";
import { type DatabasePlace, openDatabase } from "../../../pipeline/durable/database.ts";
import { openLedger } from "../../../pipeline/durable/ledger.ts";
import { DatabaseLostError, describeUrl, patiently } from "../../../pipeline/durable/patience.ts";
import { bucketSettings, databaseUrl, openBlobs } from "../../../pipeline/durable/settings.ts";
import { type JobStore, openJobStore } from "../../../pipeline/durable/store.ts";
import { cacheFolder } from "../../../pipeline/environment.ts";
import { jobKey, openStore, runJob } from "../../../pipeline/store.ts";
import { noServer, type PrivateServer, startServer } from "./server.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-durable-"));
let server: PrivateServer | undefined;
const reason = noServer();
beforeAll(() => {
  if (reason === undefined) server = startServer();
});
afterAll(() => {
  server?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const keyOf = (text: string): string => jobKey({ name: "test", version: 1, inputs: text });
const bytesOf = (text: string): Uint8Array => Buffer.from(text);

const engines: readonly (readonly [string, () => DatabasePlace])[] = [
  ["embedded", () => ({ folder: join(folder, "jobs.pglite"), cache: cacheFolder() })],
  ["server", () => ({ url: server?.database() ?? "" })],
];

describe.each(engines)("the store of jobs, %s", (engine, place) => {
  describe.skipIf(engine === "server" && reason !== undefined)(reason ?? "", () => {
    const blobs = join(folder, `blobs-${engine}`);
    const notices: string[] = [];
    let where: DatabasePlace;
    let store: JobStore;
    const open = (): JobStore =>
      openJobStore({
        database: where,
        blobs: openBlobFolder(blobs, (text) => notices.push(text)),
        legacy: join(folder, `old-${engine}`),
        notice: (text) => notices.push(text),
      });
    beforeAll(() => {
      where = place();
      store = open();
    });
    afterAll(() => store.close());

    it("does a job once, also for who opens it later", async () => {
      let computed = 0;
      const compute = async (): Promise<{ y: bigint }> => ({ y: BigInt(++computed) });
      const job = { name: "count", version: 1, inputs: { x: 1n } };
      expect(await runJob(store, job, compute)).toEqual({ y: 1n });
      await store.close();
      store = open();
      expect(await runJob(store, job, compute)).toEqual({ y: 1n });
      expect(computed).toBe(1);
    });

    it("notes every attempt, and whether work was done twice", async () => {
      const job = { key: keyOf("a"), name: "test", label: "a" };
      const failing = store.attempt(job, () => Promise.reject(new RangeError("no luck")));
      await expect(failing).rejects.toThrow("no luck");
      const book = await store.ledger();
      await book.begin(job.key, "a", "somebody who is killed");
      const result = { bytes: bytesOf("the result"), seconds: 2 };
      await store.attempt(job, async () => result);
      await store.attempt(job, async () => result);
      const attempts = await book.attempts([job.key]);
      expect(attempts.map(({ outcome }) => outcome)).toEqual(["failed", "lost", "done", "twice"]);
      expect(attempts[0]?.reason).toBe("RangeError: no luck");
      expect(Buffer.from((await store.get(job.key)) ?? []).toString()).toBe("the result");
      expect((await book.made([job.key, keyOf("none")])).get(job.key)?.seconds).toBe(2);
    });

    it("lets one of many at once win", async () => {
      const job = { key: keyOf("race"), name: "test", label: "race" };
      const compute = async () => ({ bytes: bytesOf("same"), seconds: 0 });
      await Promise.all(Array.from({ length: 8 }, () => store.attempt(job, compute)));
      const outcomes = (await (await store.ledger()).attempts([job.key])).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "done").length).toBe(1);
      expect(outcomes.length).toBe(8);
    });

    it("takes over the results of an earlier version, and does damaged ones again", async () => {
      const key = keyOf("old");
      openStore(join(folder, `old-${engine}`)).put(key, bytesOf("kept as a file"));
      expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe("kept as a file");
      rmSync(join(folder, `old-${engine}`), { recursive: true });
      expect(Buffer.from((await store.get(key)) ?? []).toString()).toBe("kept as a file");
      const { blob } = (await (await store.ledger()).made([key])).get(key) ?? { blob: "" };
      writeFileSync(join(blobs, blob.slice(0, 2), blob), "something else");
      expect(await store.get(key)).toBeUndefined();
      expect(notices.join()).toMatch(/damaged.*done again/);
      expect((await (await store.ledger()).made([key])).size).toBe(0);
    });
  });
});

describe("patience with a server", () => {
  const away = () => Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
  /** What is printed while `work` runs. */
  const said = async (work: () => Promise<unknown>): Promise<string> => {
    const write = process.stderr.write;
    let text = "";
    process.stderr.write = ((chunk: string) => {
      text += chunk;
      return true;
    }) as typeof write;
    await work()
      .catch(() => {})
      .finally(() => Object.assign(process.stderr, { write }));
    return text;
  };
  const where = describeUrl("postgres://me:secret@db.example:5433/shop");

  it("says once what it waits for and for how long at most, and when that is back", async () => {
    const waits = async () => {
      let failures = 0;
      await patiently(where, async () => (failures++ < 3 ? Promise.reject(away()) : "here"), 60_000, 0);
    };
    const text = await said(() => Promise.all([waits(), waits()]));
    expect(text.match(/Waiting for/g)).toHaveLength(1);
    expect(text).toMatch(/Waiting for .* db\.example:5433, database shop \(ECONNREFUSED\), for at most 60 s/);
    expect(text).toMatch(/is back\.\n$/);
    expect(text).not.toMatch(/secret|me:/);
  });

  it("is silent while a restart would take, and about what is no lost connection", async () => {
    const never = () => Promise.reject(away());
    expect(await said(() => patiently(where, never, 500, 60_000))).toBe("");
    expect(await said(() => patiently(where, () => Promise.reject(new Error("syntax")), 500, 0))).toBe("");
  });
});

it("lets nobody else of this machine at the embedded files", async () => {
  const cache = mkdtempSync(join(folder, "cache-"));
  const copy = join(folder, "own.pglite");
  await openDatabase({ folder: copy, cache }).then((database) => database.close());
  expect(statSync(copy).mode & 0o777).toBe(0o700);
  const made = readdirSync(cache);
  expect(made.length).toBeGreaterThan(0);
  for (const name of made) expect(statSync(join(cache, name)).mode & 0o777).toBe(0o700);
});

describe.skipIf(reason !== undefined)(reason ?? "a server that is away", () => {
  it("is waited for, then reported without its password", async () => {
    const away = server?.database() ?? "";
    const database = await openDatabase({ url: away }, 1_000);
    server?.crash();
    const error = await openLedger(database)
      .made([keyOf("a")])
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(DatabaseLostError);
    expect((error as Error).message).toMatch(/same command again/);
    server?.start();
    expect((await openLedger(database).made([keyOf("a")])).size).toBe(0);
    await database.close();
    expect(describeUrl("postgres://me:secret@db.example:5433/shop")).toBe(
      "the Postgres server db.example:5433, database shop",
    );
  });
});

describe("blobs in a folder", () => {
  it("are named by their content, written once, and checked when read", async () => {
    const place = join(folder, "plain");
    const notices: string[] = [];
    const blobs = openBlobFolder(place, (text) => notices.push(text));
    const hash = await blobs.put(bytesOf("content"));
    expect(await blobs.put(bytesOf("content"))).toBe(hash);
    expect(await blobs.has(hash)).toBe(true);
    const copy = join(folder, "copy");
    expect(await blobs.getFile(hash, copy)).toBe(true);
    expect(readFileSync(copy, "utf8")).toBe("content");
    await blobs.putFile(copy, hash);
    const path = join(place, hash.slice(0, 2), hash);
    writeFileSync(path, "conTent");
    expect(await blobs.getFile(hash, join(folder, "bad"))).toBe(false);
    expect(notices.join()).toMatch(/damaged/);
    expect(readdirSync(join(place, hash.slice(0, 2)))).toEqual([`${hash}.damaged`]);
    expect(await blobs.get(hash)).toBeUndefined();
    await blobs.put(bytesOf("content"));
    await blobs.remove(hash);
    expect(await blobs.has(hash)).toBe(false);
  });
});

describe("settings", () => {
  it("are taken from the environment, and mistakes are named", () => {
    expect(databaseUrl({})).toBeUndefined();
    expect(() => databaseUrl({ DATABASE_URL: "mysql://x" })).toThrow(/DATABASE_URL/);
    expect(() => openBlobs(undefined, () => {}, {})).toThrow(/--blobs/);
    const bucket = { QUITTANCE_S3_ENDPOINT: "https://s3.example", QUITTANCE_S3_BUCKET: "shop-content" };
    expect(() => bucketSettings(bucket)).toThrow(/AWS_ACCESS_KEY_ID/);
    expect(() => bucketSettings({ QUITTANCE_S3_BUCKET: "shop" })).toThrow(/QUITTANCE_S3_ENDPOINT/);
    const keys = { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
    expect(() => bucketSettings({ ...bucket, QUITTANCE_S3_BUCKET: "NO", ...keys })).toThrow(/bucket's name/);
    expect(openBlobs(undefined, () => {}, { ...bucket, ...keys }).where).toBe(
      "bucket shop-content at s3.example",
    );
  });
});
