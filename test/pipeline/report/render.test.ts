// The report is read by people who were not there. What these tests hold on to: nothing that a stranger typed
// becomes markup, the page needs nothing but itself, everything that happened is on it, and it says neither
// more nor less than was proven.

import { describe, expect, it } from "vitest";
import type { ReportData } from "../../../pipeline/report/data.ts";
import { renderExplanations } from "../../../pipeline/report/explanation.ts";
import { coins, grouped } from "../../../pipeline/report/format.ts";
import { renderReport } from "../../../pipeline/report/render.ts";
import { reportFixture } from "./fixture.ts";

const fixture = reportFixture();
const page = renderReport(fixture);

describe("what a stranger typed", () => {
  const evil = `<img src=x onerror="alert(1)"> & 'Co'`;

  it("is text in every place that shows it", () => {
    const [first, ...others] = fixture.contributors;
    if (first === undefined) throw new Error("the fixture has contributors");
    const data: ReportData = {
      ...fixture,
      title: evil,
      datanet: { id: evil, name: evil, source: evil },
      run: { ...fixture.run, machine: evil, commit: evil, steps: [{ title: evil, seconds: 1 }] },
      contributors: [{ ...first, name: evil, labelsAtRandom: true }, ...others],
      gas: [{ call: evil, calls: 1, totalGas: 1 }],
    };
    const html = renderReport(data);
    expect(html).not.toContain("<img src=x");
    expect(html).not.toContain('onerror="');
    const escaped = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt; &amp; &#39;Co&#39;";
    expect(html.split(escaped).length - 1).toBeGreaterThanOrEqual(10);
  });
});

describe("the page needs nothing but itself", () => {
  it("loads no address and runs no script", () => {
    expect(page).not.toMatch(/https?:\/\//);
    expect(page).not.toMatch(/<(script|link|iframe|object|embed|base)\b/i);
    expect(page).not.toMatch(/@import|url\((?!data:)/i);
    const sources = [...page.matchAll(/\bsrc="([^"]*)"/g)].map((match) => match[1] ?? "");
    expect(sources).toHaveLength(fixture.receipts.length);
    expect(sources.filter((source) => !source.startsWith("data:image/png;base64,"))).toEqual([]);
  });

  it("tells the browser to hold it to that", () => {
    expect(page).toMatch(/Content-Security-Policy" content="default-src &#39;none&#39;;[^"]*img-src data:/);
  });

  it("leads every link to a place on the page, and gives every place one name", () => {
    const ids = [...page.matchAll(/\bid="([^"]*)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    const links = [...page.matchAll(/\bhref="([^"]*)"/g)].map((match) => match[1]);
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(ids).toContain(link?.replace(/^#/, ""));
    const named = [...page.matchAll(/\baria-(?:labelledby|describedby)="([^"]*)"/g)].map((match) => match[1]);
    for (const name of named) expect(ids).toContain(name);
  });

  it("opens and closes the same elements", () => {
    const open: string[] = [];
    const body = page.replace(/<style>[\s\S]*?<\/style>/, "");
    for (const [, slash, name = "", rest = ""] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)\b([^>]*)>/g)) {
      if (/^(meta|br|img)$/.test(name) || rest.endsWith("/")) continue;
      if (slash === "") open.push(name);
      else expect(open.pop()).toBe(name);
    }
    expect(open).toEqual([]);
  });
});

describe("everything that happened is on it", () => {
  it("shows each contributor with address, samples and payout to the wei", () => {
    for (const contributor of fixture.contributors) {
      expect(page).toContain(contributor.name);
      expect(page).toContain(contributor.address);
      expect(page).toContain(grouped(contributor.payoutWei));
    }
  });

  it("shows each receipt in full", () => {
    for (const receipt of fixture.receipts) {
      expect(page).toContain(`No. ${receipt.number}<`);
      for (const value of [receipt.requestId, receipt.payer, receipt.leaf, receipt.signature]) {
        expect(page).toContain(value);
      }
    }
  });

  it("shows each proof with every public signal", () => {
    for (const proof of fixture.proofs) {
      expect(page).toContain(`aria-label="Proof ${proof.circuit} ${proof.index}"`);
      expect(page).toContain(proof.txHash);
      for (const signal of proof.publicSignals) expect(page).toContain(signal.value);
    }
  });

  it("heads its tables and names its charts", () => {
    for (const [table] of page.matchAll(/<table class="data">[\s\S]*?<\/table>/g)) {
      expect(table).toContain("<caption>");
      expect(table).toContain('<th scope="col"');
      expect(table).toContain('<th scope="row"');
    }
    for (const chart of ["influence", "payout", "comparison", "steps"]) {
      expect(page).toContain(`role="group" aria-labelledby="${chart}-title"`);
    }
  });

  it("draws influence below zero in the other colour, and only that", () => {
    const against = fixture.contributors.filter((contributor) => contributor.influence < 0).length;
    expect(page.split('class="bar negative"').length - 1).toBe(against);
  });

  it("stays small enough to send by mail", () => {
    expect(page.length).toBeLessThan(400_000);
  });
});

describe("it says neither more nor less than was proven", () => {
  it("calls training committed until it is proven", () => {
    expect(page).toContain("committed, not yet proven");
    const proven = renderReport({ ...fixture, model: { ...fixture.model, trainingProven: true } });
    expect(proven).not.toContain("not yet proven");
    expect(proven).not.toContain(`class="mark mark-committed"`);
  });

  it("warns of local keys, and does not when they come from a ceremony", () => {
    expect(page).toContain("could forge proofs");
    const ceremony = renderReport({ ...fixture, run: { ...fixture.run, keys: "ceremony" } });
    expect(ceremony).not.toContain("forge");
    expect(ceremony).toContain("from a ceremony");
  });

  it("names the mislabelled only where it was told of them, and states what they got", () => {
    expect(page).toContain("Chidi and Hanneke");
    expect(page).toContain("<strong>nothing</strong>");
    const paid = fixture.contributors.map((contributor) =>
      contributor.name === "Chidi" ? { ...contributor, payoutWei: "1000000000000" } : contributor,
    );
    expect(renderReport({ ...fixture, contributors: paid })).toContain("<strong>0.000001 QUIT</strong>");
    const unknown = fixture.contributors.map((contributor) => ({ ...contributor, labelsAtRandom: false }));
    expect(renderReport({ ...fixture, contributors: unknown })).not.toContain("random");
  });

  it("adds the books up itself", () => {
    expect(page).toContain("Every wei is accounted for");
    const one = (value: string): string => (BigInt(value) + 1n).toString();
    for (const field of ["depositsWei", "carryWei", "contractBalanceWei"] as const) {
      const balance = { ...fixture.balance, [field]: one(fixture.balance[field]) };
      const wrong = renderReport({ ...fixture, balance });
      expect(wrong).not.toContain("Every wei is accounted for");
      expect(wrong).toMatch(/The books are off by \u2212?1 wei/);
    }
  });

  it("renders an epoch in which nobody helped and nothing optional is known", () => {
    const { accuracy, testSamples, weightErrorBound, txHash, ...model } = fixture.model;
    const { payoutL1Error, settleTxHash, ...epoch } = fixture.epoch;
    const html = renderReport({
      ...fixture,
      demonstration: false,
      model,
      epoch: { ...epoch, carryOutWei: epoch.earningsWei },
      contributors: fixture.contributors.map((contributor) => ({
        ...contributor,
        labelsAtRandom: false,
        influence: -1,
        weight: "0",
        payoutWei: "0",
        claimedWei: "0",
      })),
      receipts: fixture.receipts.map(({ picture, trueLabel, ...receipt }) => receipt),
    });
    expect(html).toContain("0 of 12 contributors share");
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(html).toContain(coins(epoch.earningsWei, "QUIT"));
  });

  it("never prints a broken number", () => {
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });
});

describe("an explained answer", () => {
  const sample = {
    influence: 0.0312,
    leaveOneOut: 0.034,
    contributor: "Amara <b>",
    label: "3",
    content: { text: "lost my <card>" },
    batch: "7",
    place: 12,
    leaf: "123456789",
    root: "987654321",
    opens: true,
    contentMatches: true,
  };
  const explanation = {
    number: 4,
    answer: "3",
    score: 0.91,
    samples: 1024,
    provider: "cpu",
    training: "proven" as const,
    question: { picture: { width: 2, height: 1, pixels: "AP8=" } },
    helped: [sample],
    hurt: [{ ...sample, influence: -0.02, opens: false, contentMatches: false }],
    contributors: [{ name: "Amara", influence: 0.2 }],
  };
  const html = renderReport({ ...fixture, explanations: [explanation] });

  it("shows its samples with influence, batch, root and the words that hold, and is in the contents", () => {
    expect(html).toContain('href="#explained"');
    expect(page).not.toContain("#explained");
    expect(html).toContain("lost my &lt;card&gt;");
    expect(html).not.toContain("Amara <b>");
    for (const text of [
      "Batch 7, No. 12",
      "987654321",
      "123456789",
      "+0.0312",
      "all leaves hash to the root",
    ])
      expect(html).toContain(text);
    expect(html).toContain("THE LEAVES DO NOT HASH TO THE ROOT");
    expect(html).toContain("NOT WHAT THE LEAF SAYS");
  });

  it("claims no proof where there is none", () => {
    const claimed = (training: "proven" | "committed" | "unproven"): boolean =>
      renderExplanations([{ ...explanation, training }]).includes("nothing but them, made the model");
    expect([claimed("proven"), claimed("committed"), claimed("unproven")]).toEqual([true, false, false]);
  });
});
