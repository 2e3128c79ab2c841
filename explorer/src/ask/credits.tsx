/**
 * Who is credited by all answers of this conversation: the sum of each contributor's influence over the
 * answers, weighted by fee, and clipped at zero at the end, as an epoch is netted.
 */
import type { JSX } from "preact";
import { DivergingBars } from "../charts/bars.tsx";
import { href } from "../router.ts";
import { Mark } from "../ui/assurance.tsx";
import { percent, whole } from "../ui/values.tsx";
import type { Turn } from "./turn.tsx";

/** Draws the shares so far. */
export function Credits({ turns }: { readonly turns: readonly Turn[] }): JSX.Element {
  const people = new Map<string, { readonly name: string; readonly influence: number }>();
  for (const { explanation, answer } of turns) {
    if (explanation === undefined || answer === undefined) continue;
    for (const { address, name, influence } of explanation.contributors) {
      const before = people.get(address)?.influence ?? 0;
      people.set(address, { name, influence: before + influence * answer.receipt.feeUnits });
    }
  }
  const above = [...people.values()].reduce((sum, { influence }) => sum + Math.max(0, influence), 0);
  const rows = [...people]
    .map(([address, { name, influence }]) => ({
      address,
      name,
      share: above === 0 ? 0 : Math.max(0, influence) / above,
    }))
    .filter(({ share }) => share > 0)
    .sort((a, b) => b.share - a.share);
  const others = people.size - rows.length;
  return (
    <aside class="credits" aria-label="Credited in this conversation">
      <DivergingBars
        title="Credited so far"
        about={
          <>
            Shares of what these answers pay their teachers, if their epoch held no others.{" "}
            <Mark of="reproducible" />
          </>
        }
        empty="Ask something, and see who is credited."
        bars={rows.map(({ address, name, share }) => ({
          key: address,
          name,
          href: href(`/contributors/${address}`),
          value: share,
          text: percent(share),
          note: `${percent(share, 2)} so far`,
        }))}
      />
      {others > 0 && (
        <p class="note">{whole(others)} others did not help these answers, which earns nothing.</p>
      )}
    </aside>
  );
}
