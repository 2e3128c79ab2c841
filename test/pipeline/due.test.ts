import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { lastBlockTime } from "../../pipeline/chain/log.ts";
import { tellDue } from "../../pipeline/cli/due.ts";
import { findingOf } from "../../pipeline/doctor-project.ts";
import { type Clock, clockAtHand, DUE_SECONDS, dueText, openDues, WARN_SECONDS } from "../../pipeline/due.ts";
import type { ProjectConfig } from "../../pipeline/project.ts";

describe("what is due", () => {
  const receipts = [
    { epoch: 2, dueBy: 500 },
    { epoch: 1, dueBy: 300 },
    // Batches are prepared side by side: a later receipt may have the earlier date.
    { epoch: 2, dueBy: 400 },
    { epoch: 3, dueBy: 350 },
  ];

  it("is the earliest date of an epoch that is not on chain", () => {
    const dues = openDues(receipts);
    expect(dues.first(0)).toEqual({ epoch: 1, receipts: 1, dueBy: 300 });
    expect(dues.first(1)).toEqual({ epoch: 3, receipts: 1, dueBy: 350 });
    expect(dues.first(3)).toBeUndefined();
    dues.add({ epoch: 3, dueBy: 340 });
    dues.add({ epoch: 4, dueBy: 10 });
    expect(dues.first(2)).toEqual({ epoch: 4, receipts: 1, dueBy: 10 });
    expect(openDues().first(0)).toBeUndefined();
  });

  it("is warned of a day before, and never after a quarter of the span", () => {
    expect(WARN_SECONDS).toBeLessThanOrEqual(86_400);
    expect(WARN_SECONDS).toBeLessThanOrEqual(DUE_SECONDS / 4);
    expect(WARN_SECONDS).toBeGreaterThan(0);
  });

  it("is told with its date and the command, and as overdue once it is", () => {
    const due = { epoch: 3, receipts: 12, dueBy: 1_700_000_000 };
    expect(dueText(due)).toBe("epoch 3 has 12 receipts and must be committed by 2023-11-14T22:13:20Z");
    expect(dueText({ ...due, receipts: 1 })).toMatch(/has 1 receipt and/);
    const lines: string[] = [];
    const ui = { line: (text = "") => void lines.push(text) };
    const at = (seconds: number, of: Clock["of"]) => ({ clock: { seconds, of }, folder: "shop", ui });
    tellDue(due, at(due.dueBy, "chain"));
    tellDue(due, at(due.dueBy + 1, "chain"));
    tellDue(due, at(due.dueBy + 1, "machine"));
    tellDue(undefined, at(0, "chain"));
    expect(lines).toEqual([
      `  ${dueText(due)}: quittance settle --project shop`,
      `  OVERDUE: ${dueText(due)}: quittance settle --project shop`,
      `  OVERDUE by this machine's clock: ${dueText(due)}: quittance settle --project shop`,
    ]);
  });

  it("is a finding of the doctor: bad once it is late, a note on its last day", () => {
    const due = { epoch: 2, receipts: 3, dueBy: 1_700_000_000 };
    const found = (left: number, of: Clock["of"] = "chain") =>
      findingOf(due, { seconds: due.dueBy - left, of }, "shop");
    expect(found(3 * 86_400 + 7_200)).toEqual({
      subject: "due",
      level: "good",
      text: `${dueText(due)}, in 3 days: quittance settle --project shop`,
    });
    expect(found(WARN_SECONDS)).toMatchObject({ level: "note", text: expect.stringContaining("in 1 day:") });
    expect(found(0)).toMatchObject({
      level: "note",
      text: expect.stringContaining("in less than a minute:"),
    });
    expect(found(-7_199)).toEqual({
      subject: "due",
      level: "bad",
      text: `OVERDUE: ${dueText(due)}, 1 hour ago; each receipt can cost bond. Now: quittance settle --project shop`,
    });
    expect(found(-60, "machine").text).toMatch(/^OVERDUE by this machine's clock: .*, 1 minute ago/);
    expect(found(600, "machine").text).toMatch(/in 10 minutes by this machine's clock: quittance settle/);
  });

  it("is held against a local chain's own clock, which its log tells without a replay", () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-clock-"));
    try {
      const chainLog = join(folder, "chain.jsonl");
      const clock = (chain: string) => clockAtHand({ config: { chain } as ProjectConfig, chainLog });
      const machine = () => Math.floor(Date.now() / 1_000);
      expect(lastBlockTime(chainLog)).toBeUndefined();
      expect(clock("local").seconds).toBeGreaterThanOrEqual(machine() - 5);
      const later = machine() + 40 * 86_400;
      const [hash, travel] = [`0x${"a".repeat(64)}`, { do: "travel", time: later }];
      const header = {
        format: "quittance-chain/1",
        chainId: 31_337,
        engine: "e",
        genesisTime: 77,
        genesis: hash,
      };
      const lines = (...of: object[]) => `${of.map((one) => JSON.stringify(one)).join("\n")}\n`;
      writeFileSync(chainLog, lines(header));
      expect(lastBlockTime(chainLog)).toBe(77);
      const gift = { parent: hash, do: "fund", address: "0x12", balance: "0x1" };
      writeFileSync(
        chainLog,
        `${lines(header, { parent: hash, ...travel }, gift)}{"parent":"0xaa","do":"trav`,
      );
      expect(lastBlockTime(chainLog)).toBe(later);
      expect(clock("local")).toEqual({ seconds: later, of: "chain" });
      // Another chain's clock is not at hand, and what is said is said to be the machine's.
      expect(clock("http://127.0.0.1:1")).toMatchObject({ of: "machine" });
      expect(clock("http://127.0.0.1:1").seconds).toBeLessThan(later);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
