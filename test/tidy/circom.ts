// Two mistakes in Circom look like safety and are none. An `assert` on a signal adds no constraint: the
// witness generator obeys it, a forger does not. And `<--` computes without constraining: unless a `===` or a
// range check names the signal, anything may stand there. These checks are about names, not about meaning;
// that constraints suffice is for the forged-witness tests.

import { blanked, type Finding, findAll, findingAt, type SourceFile } from "./files.ts";

/** Lines after a `<--` within which its constraint must stand. */
const NEAR_LINES = 12;

const NAME = /[A-Za-z_$][\w$]*/g;
const ASSIGNMENT = /([A-Za-z_$][\w$]*)\s*(?:\[[^=;]*\])?\s*[-+*/\\%|&^]?=(?!=)\s*([^;]*);/g;
const WORDS_OF_CIRCOM = new Set(["assert", "var", "for", "if", "else", "return", "while", "log"]);

/** Asserts that speak of a signal, or of anything computed from one. */
export function assertFindings(file: SourceFile): readonly Finding[] {
  const text = blanked(file.text);
  return blocksOf(text).flatMap(({ start, body, parameters }) => {
    const signals = signalDependent(body);
    return [...body.matchAll(/\bassert\s*\(/g)].flatMap((match) => {
      const condition = parenthesised(body, match.index + match[0].length - 1);
      const names = (condition.match(NAME) ?? []).filter((name) => !WORDS_OF_CIRCOM.has(name));
      const bad = names.filter((name) => signals.has(name));
      if (bad.length === 0) return [];
      const known = parameters.length === 0 ? "it has none" : parameters.join(", ");
      const what = `assert on ${bad.join(", ")} constrains nothing; it is for template parameters (${known})`;
      return [findingAt(file, start + match.index, what)];
    });
  });
}

type Block = { readonly start: number; readonly body: string; readonly parameters: readonly string[] };

/** Templates and functions with their bodies. */
function blocksOf(text: string): readonly Block[] {
  return [...text.matchAll(/\b(?:template|function)\b[^({]*\(([^)]*)\)[^{]*\{/g)].map((match) => {
    const start = match.index + match[0].length;
    let depth = 1;
    let end = start;
    while (end < text.length && depth > 0) {
      if (text[end] === "{") depth += 1;
      if (text[end] === "}") depth -= 1;
      end += 1;
    }
    return { start, body: text.slice(start, end), parameters: match[1]?.match(NAME) ?? [] };
  });
}

/** Names in a body that are signals, components, or variables assigned from these, to a fixed point. */
function signalDependent(body: string): ReadonlySet<string> {
  const tainted = new Set<string>();
  for (const [, names = ""] of body.matchAll(
    /\bsignal\b\s*(?:input|output)?\s*(?:\{[^}]*\})?\s*([^;<=]*)/g,
  )) {
    for (const name of names.replace(/\[[^\]]*\]/g, "").match(NAME) ?? []) tainted.add(name);
  }
  for (const [, name = ""] of body.matchAll(/\bcomponent\s+([A-Za-z_$][\w$]*)/g)) tainted.add(name);
  return withDependents(tainted, body);
}

function parenthesised(text: string, open: number): string {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === "(") depth += 1;
    if (text[at] === ")") depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  return text.slice(open + 1);
}

/**
 * Hints (`<--`, `-->`) that no nearby line constrains by name, directly or through variables made from it.
 */
export function hintFindings(file: SourceFile): readonly Finding[] {
  const text = blanked(file.text);
  const lines = text.split("\n");
  const left = [...text.matchAll(/([A-Za-z_$][\w$]*)\s*(?:\[[^\n]*?\]\s*)*<--/g)];
  const right = [...text.matchAll(/-->\s*([A-Za-z_$][\w$]*)/g)];
  return [...left, ...right].flatMap((match) => {
    const name = match[1] ?? "";
    const line = text.slice(0, match.index + match[0].length).split("\n").length;
    if (isConstrained(name, lines.slice(line, line + NEAR_LINES).join("\n"))) return [];
    const what = `nothing in the next ${NEAR_LINES} lines constrains the hint ${name}`;
    return [findingAt(file, match.index, what)];
  });
}

function isConstrained(name: string, near: string): boolean {
  const carriers = withDependents(new Set([name]), near);
  const word = `\\b(?:${[...carriers].map((carrier) => carrier.replaceAll("$", "\\$")).join("|")})\\b`;
  const equality = `${word}[^;]*===|===[^;]*${word}`;
  const rangeCheck = `\\w*(?:Range|Bits|Check)\\w*\\s*\\([^;]*\\)\\s*\\([^;]*${word}`;
  const wired = `\\.\\w+(?:\\[[^\\]]*\\])?\\s*<==[^;]*${word}`;
  return [equality, rangeCheck, wired].some((pattern) => new RegExp(pattern).test(near));
}

/** Names, and the variables assigned from them in a text, to a fixed point. */
function withDependents(names: ReadonlySet<string>, text: string): ReadonlySet<string> {
  const found = new Set(names);
  const assignments = [...text.matchAll(ASSIGNMENT)];
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const [, name = "", value = ""] of assignments) {
      if ((value.match(NAME) ?? []).some((part) => found.has(part))) found.add(name);
    }
  }
  return found;
}

/** A main component in a library file: instances stand in circuits.json alone. */
export function mainFindings(file: SourceFile): readonly Finding[] {
  const what = "no main component in a library file; instances stand in circuits.json";
  return findAll(file, /\bcomponent\s+main\b/g, what, blanked(file.text));
}
