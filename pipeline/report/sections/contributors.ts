/** Who contributed what, how it shaped the answers, and what it earned. */
import { mark } from "../assurance.ts";
import { type ChartRow, divergingBars, dumbbells } from "../charts.ts";
import type { ContributorFacts, ReportData } from "../data.ts";
import { coins, counted, grouped, percent, sentence, shareOf, signed } from "../format.ts";
import { type Html, html } from "../html.ts";
import { dataTable, hash, section } from "./parts.ts";

/** Charts of influence, payout and the comparison with sample counts, then the table behind them. */
export function contributorsSection(data: ReportData): Html {
  const { contributors, epoch, run, datanet } = data;
  const random = contributors.some((contributor) => contributor.labelsAtRandom);
  return section(
    "contributors",
    "Contributors",
    html`Datanet “${datanet.name}” (number ${datanet.id}). ${datanet.source === undefined ? undefined : sentence(datanet.source)} Every contributor signed the roots of its
batches, and the signatures stand on chain.${random ? html` ${randomTag()} marks contributors whose labels were drawn at random in this demonstration.` : undefined}`,
    [
      influenceChart(contributors),
      payoutChart(contributors, epoch.earningsWei, run.chain.coin),
      comparisonChart(contributors, epoch.earningsWei),
      contributorTable(contributors, run.chain.coin),
    ],
  );
}

function randomTag(): Html {
  return html`<span class="tag">random labels</span>`;
}

function label(contributor: ContributorFacts): Html {
  return html`${contributor.name}${contributor.labelsAtRandom ? html` ${randomTag()}` : undefined}`;
}

function sortedBy(
  contributors: readonly ContributorFacts[],
  value: (contributor: ContributorFacts) => number,
): readonly ContributorFacts[] {
  return [...contributors].sort((a, b) => value(b) - value(a));
}

function largestInfluence(contributors: readonly ContributorFacts[]): number {
  return Math.max(0, ...contributors.map((contributor) => Math.abs(contributor.influence)));
}

function influenceChart(contributors: readonly ContributorFacts[]): Html {
  const largest = largestInfluence(contributors);
  const rows: readonly ChartRow[] = sortedBy(contributors, (contributor) => contributor.influence).map(
    (contributor) => ({
      label: label(contributor),
      values: [contributor.influence],
      text: signed(contributor.influence, largest),
    }),
  );
  const against = contributors.filter((contributor) => contributor.influence < 0).length;
  return divergingBars({
    id: "influence",
    title: "Influence on the answers",
    about: html`By how much the winning scores of all paid answers, weighted by fee, move when a contributor's data counts a
little more. ${against === 0 ? "Nobody's data worked against the answers." : html`The data of ${counted(against, "contributor", "contributors")} worked against the answers, which earns nothing.`} Above zero the figure is
${mark("proven")} from committed values; below zero the proof says only that nothing is earned.`,
    columns: ["Contributor", "Influence"],
    rows,
  });
}

function payoutChart(contributors: readonly ContributorFacts[], earningsWei: string, coin: string): Html {
  const pool = BigInt(earningsWei);
  const share = (contributor: ContributorFacts): number => shareOf(BigInt(contributor.payoutWei), pool);
  return divergingBars({
    id: "payout",
    title: "Payout",
    about: html`${coins(earningsWei, coin)}, shared in proportion to influence above zero. ${mark("proven")}`,
    columns: ["Contributor", "Payout and share of the pool"],
    rows: sortedBy(contributors, share).map((contributor) => ({
      label: label(contributor),
      values: [share(contributor)],
      text: html`${coins(contributor.payoutWei, coin, earningsWei)} <span class="aside">${percent(share(contributor))}</span>`,
    })),
  });
}

function comparisonChart(contributors: readonly ContributorFacts[], earningsWei: string): Html {
  const all = Math.max(
    1,
    contributors.reduce((sum, contributor) => sum + contributor.samples, 0),
  );
  const pool = BigInt(earningsWei);
  return dumbbells({
    id: "comparison",
    title: "Paid for what helped, not for how much there is",
    about: html`Each contributor's share of the samples against its share of the pool. Where the filled dot lies to the right
of the hollow one, the data was worth more than its quantity.`,
    columns: ["Contributor", "Samples → pool"],
    key: html`<p class="key"><span class="key-dot hollow"></span> share of samples <span class="key-dot"></span> share of the pool, <span class="key-dot negative"></span> where that is less</p>`,
    rows: sortedBy(contributors, (contributor) => contributor.samples).map((contributor) => {
      const before = contributor.samples / all;
      const after = shareOf(BigInt(contributor.payoutWei), pool);
      return {
        label: label(contributor),
        values: [before, after] as const,
        text: `${percent(before)} → ${percent(after)}`,
      };
    }),
  });
}

function claimed({ payoutWei, claimedWei }: ContributorFacts): string {
  if (BigInt(payoutWei) === 0n) return "–";
  return BigInt(claimedWei) >= BigInt(payoutWei) ? "in full" : `${grouped(claimedWei)} wei`;
}

function contributorTable(contributors: readonly ContributorFacts[], coin: string): Html {
  const largest = largestInfluence(contributors);
  const totalWeight = contributors.reduce((sum, contributor) => sum + BigInt(contributor.weight), 0n);
  const total = (value: (contributor: ContributorFacts) => bigint): bigint =>
    contributors.reduce((sum, contributor) => sum + value(contributor), 0n);
  return dataTable(
    "Every contributor, to the wei",
    [
      { title: "Contributor" },
      { title: "Samples", numeric: true },
      { title: "Batches", numeric: true },
      { title: "Influence", numeric: true },
      { title: "Share of weight", numeric: true },
      { title: "Payout, wei", numeric: true },
      { title: "Claimed", numeric: true },
    ],
    contributors.map((contributor) => [
      html`${label(contributor)}<br>${hash(contributor.address)}`,
      grouped(contributor.samples),
      grouped(contributor.batches),
      signed(contributor.influence, largest),
      percent(shareOf(BigInt(contributor.weight), totalWeight)),
      grouped(contributor.payoutWei),
      claimed(contributor),
    ]),
    [
      `Together (${coins(String(total((contributor) => BigInt(contributor.payoutWei))), coin)})`,
      grouped(total((contributor) => BigInt(contributor.samples))),
      grouped(total((contributor) => BigInt(contributor.batches))),
      "",
      totalWeight === 0n ? "0.0 %" : "100.0 %",
      grouped(total((contributor) => BigInt(contributor.payoutWei))),
      "",
    ],
  );
}
