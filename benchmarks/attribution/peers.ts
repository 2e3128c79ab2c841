// Peers' published figures beside ours. Theirs stand in peers.json, with where they were published; ours come
// from the run.

import { formatValue } from "../table.ts";
import type { Figure } from "../types.ts";
import peers from "./peers.json" with { type: "json" };

/** A section of the page. Throws {@link PeerFigureError} for a peer of a figure that was not measured. */
export function peersSection(figures: readonly Figure[]): string {
  const names = [...new Set(peers.rows.map((row) => row.figure))];
  const lines = names.flatMap((name) => {
    const own = figures.find((figure) => figure.name === name);
    if (!own) throw new PeerFigureError(name);
    const interval = own.interval ? ` (${own.interval.map(formatValue).join(" to ")})` : "";
    return [
      `| \`${name}\` | **Quittance** | **${formatValue(own.value)}**${interval} | this run |`,
      ...peers.rows
        .filter((row) => row.figure === name)
        .map(
          (row) => `| \`${name}\` | ${row.method} | ${formatValue(row.value)} | published: ${row.source} |`,
        ),
    ];
  });
  const sources = Object.entries(peers.sources).map(([name, text]) => `- *${name}*: ${text}`);
  return [
    "## Beside published figures",
    "",
    "Ours are measured here, theirs are as published: the same digits, recipes and number of halves, but other",
    "halves and other random starts. Their influence functions take the best of a search on the halves that are",
    "reported; TRAK's settings were fixed. Ours were chosen on the same digits with other halves and networks.",
    "",
    "`lds.ceiling.*` is what the best influences could reach: two trainings on the same half do not agree more than",
    "its square. The head has no such limit, because fitting it again gives the same integers; what is foretold of",
    "it is the output that is paid for, the score of the answered class, and of the networks the loss.",
    "",
    "| figure | method | value | from |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
    ...sources,
  ].join("\n");
}

/** A published figure without one of ours beside it. */
export class PeerFigureError extends Error {
  override readonly name = "Attribution.PeerFigure";
  constructor(name: string) {
    super(`peers.json quotes a figure for ${name}, which this run did not measure: repair its name.`);
  }
}
