// The page for people that a benchmark leaves behind: what was run, on what, when, and the figures.
// Generated, never edited: a document links to it or quotes it by the figure's name.

import { machineLine } from "./machine.ts";
import type { BenchmarkResult } from "./types.ts";

/** Renders a result as Markdown. */
export function resultTable(result: BenchmarkResult, full: boolean): string {
  const header = ["figure", "value", "unit"];
  const estimates = result.figures.some((figure) => figure.interval);
  if (estimates) header.splice(2, 0, "95 % interval");
  const rows = result.figures.map((figure) => {
    const [low, high] = (figure.interval ?? []).map(formatValue);
    const row = [`\`${figure.name}\``, formatValue(figure.value), figure.unit];
    if (estimates) row.splice(2, 0, low === undefined ? "" : `${low} to ${high}`);
    return row;
  });
  const widths = header.map((title, at) =>
    Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => (at === 1 ? cell.padStart(widths[at] as number) : cell.padEnd(widths[at] as number))).join(" | ")} |`;
  const rule = widths.map((width, at) => (at === 1 ? `${"-".repeat(width - 1)}:` : "-".repeat(width)));
  return [
    `# ${result.name}`,
    "",
    ...(full
      ? []
      : ["**Small form: it shows that the benchmark works; its numbers say nothing about real sizes.**", ""]),
    `- Command: \`${result.command}\``,
    `- Machine: ${machineLine(result.machine)}`,
    `- Commit: ${result.commit}`,
    `- Date: ${result.date}`,
    "",
    line(header),
    `| ${rule.join(" | ")} |`,
    ...rows.map(line),
    "",
    ...(result.notes === undefined ? [] : [result.notes.trim(), ""]),
  ].join("\n");
}

/**
 * Integers in full with thin groups, measured values with four significant digits, tiny ones as a power of
 * ten.
 */
export function formatValue(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  if (Math.abs(value) < 1e-3) return value.toExponential(2);
  if (Math.abs(value) >= 1_000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return String(Number(value.toPrecision(4)));
}
