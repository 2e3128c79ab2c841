import { describe, expect, it } from "vitest";
import { tellDue } from "../../pipeline/cli/due.ts";
import { DUE_SECONDS, dueText, openDues, WARN_SECONDS } from "../../pipeline/due.ts";

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
    tellDue(due, { now: due.dueBy, folder: "shop", ui });
    tellDue(due, { now: due.dueBy + 1, folder: "shop", ui });
    tellDue(undefined, { now: 0, folder: "shop", ui });
    expect(lines).toEqual([
      `  ${dueText(due)}: quittance settle --project shop`,
      `  OVERDUE: ${dueText(due)}: quittance settle --project shop`,
    ]);
  });
});
