// What was put is found at once, arrives whole and in order, and nothing is written after a write that has
// failed.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { type KeyValue, openKeyValue } from "../../pipeline/engine/level.ts";
import { writeBehind } from "../../pipeline/write-behind.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-behind-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;

async function allOf(path: string): Promise<Record<string, string>> {
  const map = await openKeyValue(path);
  const all: Record<string, string> = {};
  for await (const [key, value] of map.under("")) all[key] = value;
  await map.close();
  return all;
}

it("is a map at every moment, and the same one when it is opened again", async () => {
  const entry = fc.tuple(
    fc.constantFrom("a", "b", "c", "d"),
    fc.option(fc.stringMatching(/^[a-z]{0,3}$/), { nil: undefined }),
  );
  const step = fc.oneof(fc.array(entry, { maxLength: 4 }), fc.constantFrom("turn", "flush", "durable"));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const path = join(folder, String(number++));
      const map = writeBehind(await openKeyValue(path), (error) => {
        throw error;
      });
      const expected = new Map<string, string>();
      for (const one of steps) {
        if (one === "turn") await new Promise((resolve) => setImmediate(resolve));
        else if (typeof one === "string") await map.flush(one === "durable");
        else {
          map.put(one);
          for (const [key, value] of one)
            if (value === undefined) expected.delete(key);
            else expected.set(key, value);
        }
        for (const key of ["a", "b", "c", "d"]) expect(map.get(key)).toBe(expected.get(key));
      }
      await map.close();
      const { durable: _, ...kept } = await allOf(path);
      expect(kept).toEqual(Object.fromEntries(expected));
    }),
    { numRuns: 50 },
  );
});

it("keeps in memory what could not be written, says so once, and writes nothing after it", async () => {
  const path = join(folder, "failing");
  const map = await openKeyValue(path);
  let full = false;
  const failing: KeyValue = {
    ...map,
    async write(entries, durable) {
      if (full) throw new Error("the disk is full");
      await map.write(entries, durable);
    },
  };
  const heard: unknown[] = [];
  const behind = writeBehind(failing, (error) => heard.push(error));
  behind.put([["a", "1"]]);
  await behind.flush();
  full = true;
  behind.put([
    ["b", "2"],
    ["a", undefined],
  ]);
  await expect(behind.flush()).rejects.toThrow("the disk is full");
  full = false;
  behind.put([["c", "3"]]);
  await expect(behind.flush(true)).rejects.toThrow("the disk is full");
  expect(["a", "b", "c"].map(behind.get)).toEqual([undefined, "2", "3"]);
  expect(heard).toHaveLength(1);
  await behind.close();
  expect(await allOf(path)).toEqual({ a: "1" });
});
