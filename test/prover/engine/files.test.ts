import { rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileCache } from "../../../prover/engine/files.ts";
import { scratch } from "../keys/support.ts";

let dir: string;
beforeAll(async () => {
  dir = await scratch();
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe("a cache of files", () => {
  /** Files of ten bytes each, and a cache that counts how often it made something of which. */
  async function setUp(budgetBytes: number, ...names: string[]) {
    const made: string[] = [];
    for (const name of names) await writeFile(join(dir, name), `${name}123456789`.slice(0, 10));
    const cache = fileCache(budgetBytes, (bytes, path) => {
      made.push(path.slice(dir.length + 1));
      return bytes.toString();
    });
    return { made, load: (name: string) => cache(join(dir, name)) };
  }

  it("reads a file once, also for two who ask together", async () => {
    const { made, load } = await setUp(100, "a");
    expect(await Promise.all([load("a"), load("a")])).toEqual(["a123456789", "a123456789"]);
    await load("a");
    expect(made).toEqual(["a"]);
  });

  it("keeps what was used last within its budget", async () => {
    const { made, load } = await setUp(20, "a", "b", "c");
    for (const name of ["a", "b", "a", "c", "a", "b"]) await load(name);
    expect(made).toEqual(["a", "b", "c", "b"]);
  });

  it("does not keep what is larger than its budget", async () => {
    const { made, load } = await setUp(9, "a");
    expect([await load("a"), await load("a")]).toEqual(["a123456789", "a123456789"]);
    expect(made).toEqual(["a", "a"]);
  });

  it("reads a file again whose size or time of change is another", async () => {
    const { made, load } = await setUp(100, "a");
    await load("a");
    await utimes(join(dir, "a"), new Date(), new Date(0));
    await load("a");
    await writeFile(join(dir, "a"), "longer than before");
    await utimes(join(dir, "a"), new Date(), new Date(0));
    expect(await load("a")).toBe("longer than before");
    expect(made.length).toBe(3);
  });

  it("forgets a failure", async () => {
    let fail = true;
    await writeFile(join(dir, "a"), "a");
    const load = fileCache(100, (bytes) => {
      if (fail) throw new Error("no");
      return bytes.length;
    });
    await expect(load(join(dir, "a"))).rejects.toThrow("no");
    fail = false;
    expect(await load(join(dir, "a"))).toBe(1);
    await expect(load(join(dir, "nowhere"))).rejects.toThrow(/ENOENT/);
  });
});
