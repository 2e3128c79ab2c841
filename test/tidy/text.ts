// Rules about text alone: width, leftovers, what TypeScript here does without, and what must never leave the
// machine it was written on. Words that a rule forbids are put together from parts, so that this file obeys
// its own rules.

import { blanked, type Finding, findAll, findingAt, hasExtension, type SourceFile } from "./files.ts";

const MAX_COLUMNS = 110;

/**
 * Lines that are too long. Not counted is what stands inside strings: a message is searched for in one piece,
 * and a template of HTML breaks where the page does.
 */
export function widthFindings(file: SourceFile): readonly Finding[] {
  const lines = file.text.split("\n");
  const bare = blanked(file.text, "strings").split("\n");
  let offset = 0;
  return lines.flatMap((line, index) => {
    const at = offset;
    offset += line.length + 1;
    const columns = [...line].length;
    if (columns <= MAX_COLUMNS) return [];
    const indent = line.length - line.trimStart().length;
    const code = indent + [...(bare[index] ?? "").trim().replace(/ {2,}/g, " ")].length;
    return code <= MAX_COLUMNS ? [] : [findingAt(file, at, `${columns} columns, at most ${MAX_COLUMNS}`)];
  });
}

const LEFTOVER = new RegExp(`\\b(?:${["FIX" + "ME", "TO" + "DO", "XX" + "X"].join("|")})\\b`, "g");

/** Notes that somebody meant to come back to. */
export function leftoverFindings(file: SourceFile): readonly Finding[] {
  return findAll(file, LEFTOVER, "a leftover note: do it, or open an issue");
}

/** Enums, default exports (but in configurations) and the type that switches checking off. */
export function typescriptFindings(file: SourceFile): readonly Finding[] {
  const text = blanked(file.text, "both");
  const config = hasExtension(file.path, "config.ts");
  const declaration = hasExtension(file.path, "d.ts");
  return [
    ...findAll(
      file,
      /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/gm,
      "no enum: a union of strings",
      text,
    ),
    ...(config || declaration
      ? []
      : findAll(
          file,
          /^\s*export\s+default\b|\bas\s+default\b/gm,
          "no default export: give it a name",
          text,
        )),
    ...findAll(
      file,
      /(?:[:<|&,=]|\bas|=>)\s*any\b(?!\s*[:(.?])|\bany\[\]/g,
      "no any: unknown, or the real type",
      text,
    ),
  ];
}

/** Papers of the people who work here; the repository speaks of itself alone. */
const PAPERS = new RegExp(
  ["DESIGN", "TOOLCHAIN", "SPEC", "STYLE", "ISSUE\\d*"].map((name) => `\\b${name}\\.m${"d"}\\b`).join("|"),
  "g",
);

/** Absolute paths of the machine, and hosts that serve packages, in whatever form. */
export function workplaceFindings(
  file: SourceFile,
  workplace: { readonly folders: readonly string[]; readonly hosts: readonly string[] },
): readonly Finding[] {
  const homes = /(?<![\w.~$}-])\/(?:work|root|home\/\w+|Users\/\w+)\/\w/g;
  const literal = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");
  return [
    ...findAll(file, homes, "an absolute path of one machine"),
    ...workplace.folders.flatMap((folder) => findAll(file, literal(folder), "the folder of this checkout")),
    ...workplace.hosts.flatMap((host) => findAll(file, literal(host), "the host of a package registry")),
    ...findAll(file, PAPERS, "a paper that is not in the repository"),
  ];
}
