/**
 * Contents for a terminal: grey pictures in half-block characters (two pixels a character, so that they are
 * as wide as high), text in lines, anything else by its size. No colour is needed.
 */
import type { ContentKind } from "../contents.ts";

const INK = 96;

/** Lines that show a content, each at most `width` characters wide. */
export function contentLines(content: Uint8Array | undefined, kind: ContentKind, width = 76): string[] {
  if (content === undefined) return ["(the project has not kept this content)"];
  if (kind.kind === "picture" && content.length === kind.width * kind.height)
    return pictureLines(content, kind.width, kind.height);
  if (kind.kind === "text") return textLines(new TextDecoder().decode(content), width);
  return [`(${content.length} bytes)`];
}

/** A grey picture, two rows of pixels to a line; dark is background. */
export function pictureLines(pixels: Uint8Array, width: number, height: number): string[] {
  const inked = (x: number, y: number): boolean => (y < height ? (pixels[y * width + x] ?? 0) >= INK : false);
  const lines: string[] = [];
  for (let y = 0; y < height; y += 2) {
    let line = "";
    for (let x = 0; x < width; x++) {
      const [upper, lower] = [inked(x, y), inked(x, y + 1)];
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(line);
  }
  return lines;
}

/** Text without control characters (a content must not steer the reader's terminal), broken between words. */
export function textLines(text: string, width: number): string[] {
  const words = text
    .replace(/\p{C}+/gu, " ")
    .trim()
    .split(/\s+/);
  const lines: string[] = [];
  for (const word of words.flatMap((one) => one.match(new RegExp(`.{1,${width}}`, "gu")) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Blocks of lines beside each other, as many as fit the width; each as wide as its widest line. */
export function beside(blocks: readonly (readonly string[])[], width: number, gap = 3): string[] {
  const out: string[] = [];
  let row: string[] = [];
  for (const block of blocks) {
    const own = Math.max(0, ...block.map((line) => line.length));
    const used = row.reduce((most, line) => Math.max(most, line.length), 0);
    if (row.length > 0 && used + gap + own > width) {
      out.push(...row, "");
      row = [];
    }
    const left = row.length === 0 ? 0 : used + gap;
    const height = Math.max(row.length, block.length);
    row = Array.from(
      { length: height },
      (_, at) => `${(row[at] ?? "").padEnd(left)}${(block[at] ?? "").padEnd(own)}`,
    );
  }
  return [...out, ...row].map((line) => line.trimEnd());
}
