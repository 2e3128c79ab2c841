import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lineageLayout } from "../../../../explorer/src/charts/lineage-layout.ts";

const people = fc.array(fc.record({ samples: fc.nat(100_000) }), { minLength: 1, maxLength: 600 });
const epochs = fc.array(fc.record({ answers: fc.nat(10_000) }), { minLength: 1, maxLength: 40 });

describe("the picture of a lineage", () => {
  it("shows everybody once, in strips that have room for a name and do not overlap", () => {
    fc.assert(
      fc.property(people, epochs, (contributors, answers) => {
        const { strips, pills, height, width } = lineageLayout(contributors, answers);
        const shown = strips.flatMap(({ of }) => of);
        expect(shown.length).toBe(contributors.length);
        expect(new Set(shown).size).toBe(contributors.length);
        expect(strips.length).toBeLessThanOrEqual(17);
        expect(pills.flatMap(({ of }) => of)).toEqual(answers);
        expect(pills.length).toBeLessThanOrEqual(7);
        for (const column of [strips, pills]) {
          for (const [i, box] of column.entries()) {
            expect(box.height).toBeGreaterThanOrEqual(16);
            const above = column[i - 1];
            if (above !== undefined) expect(box.y).toBeGreaterThan(above.y + above.height);
            expect(box.y + box.height).toBeLessThan(height - 40);
            expect(box.x + box.width).toBeLessThanOrEqual(width);
          }
        }
      }),
    );
  });

  it("makes the larger share the higher strip", () => {
    fc.assert(
      fc.property(people, (contributors) => {
        const { strips } = lineageLayout(contributors, [{ answers: 1 }]);
        const single = strips.filter(({ of }) => of.length === 1);
        for (const [i, strip] of single.entries()) {
          const above = single[i - 1];
          if (above !== undefined) expect(strip.height).toBeLessThanOrEqual(above.height + 1e-9);
        }
      }),
    );
  });
});
