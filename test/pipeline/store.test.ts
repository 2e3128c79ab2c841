import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  canonical,
  jobKey,
  openStore,
  type Plain,
  parsePlain,
  runJob,
  WriteError,
  writeFileAtomic,
} from "../../pipeline/store.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quittance-store-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("canonical text", () => {
  it("reads back what it wrote, and does not depend on the order of keys", () => {
    const leaf = fc.oneof(
      fc.bigInt(),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.string(),
      fc.uint8Array({ maxLength: 9 }),
    );
    const value = fc.oneof(leaf, fc.array(leaf), fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), leaf));
    fc.assert(
      fc.property(value, (original) => {
        expect(parsePlain(canonical(original as Plain))).toEqual(
          original === null ? null : structuredClone(original),
        );
      }),
      { numRuns: 300 },
    );
    expect(canonical({ b: 1, a: 2n })).toBe(canonical({ a: 2n, b: 1 }));
    expect(canonical({ a: 2n })).not.toBe(canonical({ a: 2 }));
  });
});

describe("the store", () => {
  it("computes a job once and reads it back in another process's store", async () => {
    let computed = 0;
    const job = { name: "double", version: 1, inputs: { x: 21n } };
    const compute = async (): Promise<{ y: bigint }> => {
      computed++;
      return { y: 42n };
    };
    expect(await runJob(openStore(folder), job, compute)).toEqual({ y: 42n });
    expect(await runJob(openStore(folder), job, compute)).toEqual({ y: 42n });
    expect(computed).toBe(1);
    expect(await runJob(openStore(folder), { ...job, version: 2 }, compute)).toEqual({ y: 42n });
    expect(computed).toBe(2);
  });

  it("does not believe a result that was damaged on the disk", async () => {
    const notices: string[] = [];
    const store = openStore(folder, (message) => notices.push(message));
    const key = jobKey({ name: "j", version: 1, inputs: [] });
    store.put(key, Buffer.from("the result"));
    const path = join(folder, key.slice(0, 2), key);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(store.get(key)).toBeUndefined();
    expect(notices.join()).toMatch(/damaged/);
    store.put(key, Buffer.from("the result"));
    expect(Buffer.from(store.get(key) ?? []).toString()).toBe("the result");
  });

  it("treats a file cut short at every length as absent", () => {
    const store = openStore(folder);
    const key = "ab".repeat(32);
    store.put(key, Buffer.from("0123456789"));
    const path = join(folder, "ab", key);
    const whole = readFileSync(path);
    for (let length = 0; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      expect(store.get(key)).toBeUndefined();
    }
  });
});

describe("atomic writes", () => {
  it("leave the old file and no litter when the disk is full", () => {
    const path = join(folder, "value");
    writeFileAtomic(path, "old");
    // A file-size limit makes the kernel refuse the write half-way, as a full disk does.
    const script = `
      import { writeFileAtomic } from ${JSON.stringify(new URL("../../pipeline/store.ts", import.meta.url).href)};
      process.on("SIGXFSZ", () => {});
      try { writeFileAtomic(${JSON.stringify(path)}, Buffer.alloc(1 << 20)); console.log("written"); }
      catch (error) { console.log(error.name + ": " + error.message); }`;
    writeFileSync(join(folder, "script.ts"), script);
    const run = spawnSync(
      "bash",
      ["-c", `ulimit -f 16; exec "${process.execPath}" "${join(folder, "script.ts")}"`],
      { encoding: "utf8", timeout: 20_000 },
    );
    expect(run.stdout).toMatch(/^Store\.WriteError: Could not write .*resumes/);
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("say what to do", () => {
    expect(new WriteError("/x", Object.assign(new Error("full"), { code: "ENOSPC" })).message).toMatch(
      /disk is full.*resumes/,
    );
    writeFileSync(join(folder, "file"), "");
    expect(() => writeFileAtomic(join(folder, "file", "below"), "x")).toThrow(WriteError);
  });

  it("survive a kill in the middle: the file is the old one or the new one, never a part", async () => {
    const path = join(folder, "big");
    const old = "o".repeat(1 << 20);
    writeFileAtomic(path, old);
    const script = `
      import { writeFileAtomic } from ${JSON.stringify(new URL("../../pipeline/store.ts", import.meta.url).href)};
      const fresh = "n".repeat(1 << 20);
      for (;;) writeFileAtomic(${JSON.stringify(path)}, fresh);`;
    writeFileSync(join(folder, "script.ts"), script);
    for (const delayMs of [150, 203, 251, 307]) {
      spawnSync(process.execPath, [join(folder, "script.ts")], { timeout: delayMs, killSignal: "SIGKILL" });
      const now = readFileSync(path, "utf8");
      expect(now.length).toBe(1 << 20);
      expect(new Set(now).size).toBe(1);
    }
  });
});
