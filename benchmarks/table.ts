// The page for people that a benchmark leaves behind: what was run, on what, when, and the figures.
// Generated, never edited: a document links to it or quotes it by the figure's name.

import { machineLine } from "./machine.ts";
import type { BenchmarkResult, Figure } from "./types.ts";

/** Renders a result as Markdown. */
export function resultTable(result: BenchmarkResult, full: boolean): string {
  const rows = result.figures.map(
    (figure) => [`\`${figure.name}\``, formatValue(figure), figure.unit] as const,
  );
  const width = (column: 0 | 1 | 2, title: string): number =>
    Math.max(title.length, ...rows.map((row) => row[column].length));
  const [name, value, unit] = [width(0, "figure"), width(1, "value"), width(2, "unit")];
  const line = (a: string, b: string, c: string): string =>
    `| ${a.padEnd(name)} | ${b.padStart(value)} | ${c.padEnd(unit)} |`;
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
    line("figure", "value", "unit"),
    `| ${"-".repeat(name)} | ${"-".repeat(value - 1)}: | ${"-".repeat(unit)} |`,
    ...rows.map((row) => line(...row)),
    "",
  ].join("\n");
}

/**
 * Integers in full with thin groups, measured values with four significant digits, tiny ones as a power of
 * ten.
 */
function formatValue({ value }: Figure): string {
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  if (Math.abs(value) < 1e-3) return value.toExponential(2);
  if (Math.abs(value) >= 1_000) return value.toLocaleString("en-US", { maximumFractionDigits: 0 });
  return String(Number(value.toPrecision(4)));
}
