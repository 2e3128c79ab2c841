// A journal of lines: what is durable, what a kill may tear, and what is damage.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { JournalDamagedError, openJournal, readJournal, readLine } from "../../pipeline/journal.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-journal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
const fresh = (): string => join(folder, String(number++), "journal.jsonl");
const texts = (path: string): string[] => readJournal(path).lines.map(({ text }) => text);

it("gives back every line, by its place too, to others while it is open and after", async () => {
  const path = fresh();
  const { journal, lines } = await openJournal(path);
  expect(lines).toEqual([]);
  const places = [];
  for (const text of ["one", "", "drei ✓", "x".repeat(100_000)]) places.push(await journal.append(text));
  expect(texts(path)).toEqual(["one", "", "drei ✓", "x".repeat(100_000)]);
  expect(places.map((place) => readLine(path, place).slice(0, 6))).toEqual(["one", "", "drei ✓", "xxxxxx"]);
  expect(readJournal(path, places[2]?.offset).lines.map(({ text }) => text.slice(0, 6))).toEqual([
    "drei ✓",
    "xxxxxx",
  ]);
  await journal.close();
  expect(statSync(path).mode & 0o077).toBe(0);
  const again = await openJournal(path);
  expect(again.lines).toHaveLength(4);
  await again.journal.append("five");
  expect(texts(path)).toHaveLength(5);
  await again.journal.close();
});

it("loses only the last line, wherever a kill cuts it, and goes on behind the one before", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.string({ unit: "binary" }).map((text) => text.replaceAll("\n", "")),
        { minLength: 1, maxLength: 5 },
      ),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.boolean(),
      async (written, share, garbage) => {
        const path = fresh();
        const { journal } = await openJournal(path);
        let before = 0;
        for (const text of written) before = (await journal.append(text.toWellFormed())).offset;
        await journal.close();
        const whole = readFileSync(path);
        const cut = before + Math.floor(share * (whole.length - before));
        writeFileSync(path, whole.subarray(0, cut));
        if (garbage) appendFileSync(path, "\0\0\n");
        const kept = written.slice(0, -1).map((text) => text.toWellFormed());
        expect(texts(path)).toEqual(kept);
        const notices: string[] = [];
        const again = await openJournal(path, (text) => notices.push(text));
        expect(notices.length).toBe(garbage || cut > before ? 1 : 0);
        await again.journal.append("next");
        await again.journal.close();
        expect(texts(path)).toEqual([...kept, "next"]);
      },
    ),
    { numRuns: 60 },
  );
});

it("takes a changed line before the last for damage", async () => {
  const path = fresh();
  const { journal } = await openJournal(path);
  for (const text of ["one", "two", "three"]) await journal.append(text);
  await journal.close();
  const whole = readFileSync(path, "utf8");
  writeFileSync(path, whole.replace("two", "twp"));
  expect(() => readJournal(path)).toThrow(JournalDamagedError);
  await expect(openJournal(path)).rejects.toThrow(/is damaged/);
  expect(readFileSync(path, "utf8")).toContain("three");
});
