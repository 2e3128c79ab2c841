// The files that the style tests look at: what git tracks and what it would track (new files that are not
// ignored), so that a rule speaks up before a commit, not after it.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A text file: its path from the root with forward slashes, and its text. */
export type SourceFile = { readonly path: string; readonly text: string };

/** One thing that is wrong, as `path:line: what` so that an editor can jump there. */
export type Finding = string;

/** The root of the repository. */
export const ROOT = join(import.meta.dirname, "..", "..");

/** Every text file of the repository; binary ones (with a NUL byte) are left out. */
export function repositoryFiles(): readonly SourceFile[] {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 1 << 26,
  });
  const paths = [...new Set(listed.split("\0"))].filter(
    (path) => path !== "" && existsSync(join(ROOT, path)),
  );
  return paths
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }))
    .filter((file) => !file.text.includes("\0"));
}

/** Whether a path ends in one of these extensions. */
export function hasExtension(path: string, ...extensions: readonly string[]): boolean {
  return extensions.some((extension) => path.endsWith(`.${extension}`));
}

/** A finding at an offset of a text. */
export function findingAt(file: SourceFile, offset: number, what: string): Finding {
  return `${file.path}:${file.text.slice(0, offset).split("\n").length}: ${what}`;
}

/**
 * Findings for each match of a pattern in a text of the same length as the file's (comments may be blanked).
 */
export function findAll(
  file: SourceFile,
  pattern: RegExp,
  what: string,
  text = file.text,
): readonly Finding[] {
  return [...text.matchAll(pattern)].map((match) => findingAt(file, match.index, what));
}

/**
 * The text with comments, strings, or both, replaced by spaces, so that offsets and lines stay. Good enough
 * for tidy code: it knows strings and template literals, not regular expressions that contain quotes.
 */
export function blanked(text: string, what: "comments" | "strings" | "both" = "comments"): string {
  const token = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
  return text.replace(token, (match) => {
    const kind = match.startsWith("/") ? "comments" : "strings";
    return what === kind || what === "both" ? match.replace(/[^\n]/g, " ") : match;
  });
}
