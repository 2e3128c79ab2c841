import { describe, expect, it } from "vitest";
import { checkMark } from "../../pipeline/check-mark.ts";
import { checkLines } from "../../pipeline/cli/check.ts";
import type { Check } from "../../pipeline/verify.ts";

describe("the mark of a checked line", () => {
  const line = (of: Partial<Check>): Check => ({
    ...{ name: "fees", assurance: "proven", ok: true, detail: "add up" },
    ...of,
  });

  it("is ○ where nothing was there to check, and never hides a doubt", () => {
    expect(checkMark(line({}))).toBe("✓");
    expect(checkMark(line({ assurance: "attested" }))).toBe("✓");
    expect(checkMark(line({ elsewhere: true }))).toBe("○");
    expect(checkMark(line({ assurance: "open" }))).toBe("○");
    expect(checkMark(line({ ok: false }))).toBe("✗");
    expect(checkMark(line({ ok: false, elsewhere: true }))).toBe("✗");
    expect(checkMark(line({ ok: false, assurance: "open" }))).toBe("✗");
  });

  it("stands before the word in a terminal", () => {
    const lines = checkLines([
      line({}),
      line({ elsewhere: true, assurance: "reproducible" }),
      line({ ok: false }),
    ]);
    expect(lines.split("\n").map((text) => text.trim().split(/ +/).slice(0, 3))).toEqual([
      ["✓", "proven", "fees:"],
      ["○", "reproducible", "fees:"],
      ["✗", "proven", "fees:"],
    ]);
  });
});
