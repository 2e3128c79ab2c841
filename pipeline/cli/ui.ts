/**
 * What a person sees while work is going on: a line a step, a bar while it moves, plain words at the end.
 *
 * On a terminal the running step redraws one line; in a log it prints a line when a step ends, and every
 * tenth of a long one. With `--json` all of this goes to standard error, so that standard output is one JSON
 * document.
 */
import { performance } from "node:perf_hooks";

/** Where progress goes. */
export type Ui = {
  /** A heading. */
  heading(text: string): void;
  /** A plain line. */
  line(text?: string): void;
  /** Runs `work` as a step with a bar; `report(done, total)` moves the bar. Returns what `work` returns. */
  step<T>(title: string, work: (report: Report) => Promise<T>): Promise<T>;
  /** Seconds of every finished step, in order. */
  readonly seconds: ReadonlyArray<{ readonly title: string; readonly seconds: number }>;
};

/** Moves the bar of the running step; `detail` is shown behind it. */
export type Report = (done: number, total: number, detail?: string) => void;

const WIDTH = 24;

/** Makes a {@link Ui} on a stream. */
export function openUi(stream: NodeJS.WriteStream = process.stderr, quiet = false): Ui {
  const live = stream.isTTY === true && process.env["CI"] === undefined;
  const seconds: { title: string; seconds: number }[] = [];
  const print = (text: string): void => void (quiet || stream.write(text));
  return {
    seconds,
    heading: (text) => print(`\n${live ? `\x1b[1m${text}\x1b[0m` : text}\n`),
    line: (text = "") => print(`${text}\n`),
    async step(title, work) {
      const start = performance.now();
      const elapsed = (): number => (performance.now() - start) / 1_000;
      let lastTenth = 0;
      let drawnAt = 0;
      const report: Report = (done, total, detail = "") => {
        const fraction = total <= 0 ? 0 : Math.min(1, done / total);
        if (live) {
          if (performance.now() - drawnAt < 50 && fraction < 1) return;
          drawnAt = performance.now();
          print(`\r\x1b[2K  ${bar(fraction)} ${title}${detail ? ` · ${detail}` : ""}`);
        } else if (Math.floor(fraction * 10) > lastTenth && fraction < 1 && elapsed() > 5) {
          lastTenth = Math.floor(fraction * 10);
          print(`  ${bar(fraction)} ${title}${detail ? ` · ${detail}` : ""}\n`);
        }
      };
      if (live) print(`  ${bar(0)} ${title}`);
      try {
        const result = await work(report);
        seconds.push({ title, seconds: elapsed() });
        print(`${live ? "\r\x1b[2K" : ""}  ${bar(1)} ${title} · ${elapsed().toFixed(1)} s\n`);
        return result;
      } catch (error) {
        print(`${live ? "\r\x1b[2K" : ""}  ${"×".repeat(3).padEnd(WIDTH + 2)} ${title}\n`);
        throw error;
      }
    },
  };
}

function bar(fraction: number): string {
  const full = Math.round(fraction * WIDTH);
  return `[${"█".repeat(full)}${"·".repeat(WIDTH - full)}]`;
}

/** A number of things, in words: "1 batch", "2 batches". */
export function countOf(count: number | bigint, one: string, many = `${one}s`): string {
  return `${count} ${Number(count) === 1 ? one : many}`;
}

/** A token as people write its amounts. */
export type Coin = { readonly symbol: string; readonly decimals: number };

/** An amount in a token's smallest unit, with every digit that matters. */
export function coins(amount: bigint, { symbol, decimals }: Coin): string {
  const negative = amount < 0n;
  const text = (negative ? -amount : amount).toString().padStart(decimals + 1, "0");
  const fraction = text.slice(text.length - decimals).replace(/0+$/, "");
  const whole = text.slice(0, text.length - decimals);
  return `${negative ? "-" : ""}${whole}${fraction ? `.${fraction}` : ""} ${symbol}`;
}

/** A table for a terminal; numbers (strings that begin with a digit or a sign) are set to the right. */
export function table(header: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? "").length)),
  );
  const right = header.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[-+−]?[0-9]|^$/.test(row[column] ?? "")),
  );
  const format = (row: readonly string[]): string =>
    row
      .map((cell, column) =>
        right[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return [format(header), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(format)]
    .map((line) => `  ${line}`)
    .join("\n");
}
