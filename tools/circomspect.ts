// Runs circomspect over the circuits: `npm run circomspect`. Every warning must be fixed, or answered in
// circuits/circomspect.md; an answer to nothing is an error too, so that the list stays true.
//
// circomspect analyses a template only if it can read it, and says nothing about one that it cannot: an
// anonymous component in a loop (`for (…) out[i] <== T(n)(in[i]);`) is enough for "No issues found." So it is
// not trusted with the circuits as they are. It gets a copy in which
//
// - every anonymous component has a name: `component c0 = T(n); c0.in <== in[i]; out[i] <== c0.out;`, on the
//   same line, which means the same;
// - every template holds a planted mistake, a signal that is assigned and not constrained. A template whose
//   plant is not found was not analysed, and that is an error.
//
// Its level is the default one. The notes below that say of every `i < n` and `i++` that field elements can
// wrap around; here those are template parameters and loop counters.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";

/** A warning: where, which rule, and the line of code that it is about. */
export type Finding = {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly code: string;
  readonly text: string;
};

/** What the list says to a finding. */
export type Answer = {
  readonly path: string;
  readonly rule: string;
  readonly code: string;
  readonly text: string;
};

const ROOT = join(import.meta.dirname, "..");
const PLANT = "planted";
/** A template may have this many anonymous components, one after another. */
const MAX_CALLS = 1_000;

type Signals = { readonly inputs: readonly string[]; readonly outputs: readonly string[] };

/** The names of every template's signals, in the order in which anonymous components take them. */
export function templateSignals(texts: readonly string[]): ReadonlyMap<string, Signals> {
  const found = new Map<string, Signals>();
  for (const text of texts) {
    const parts = withoutComments(text).split(/\btemplate\s+(?=\w+\s*\()/);
    for (const part of parts.slice(1)) {
      const names = (direction: string): string[] =>
        [...part.matchAll(new RegExp(`\\bsignal\\s+${direction}\\s+(\\w+)`, "g"))].map((m) => m[1] ?? "");
      found.set(/^\w+/.exec(part)?.[0] ?? "", { inputs: names("input"), outputs: names("output") });
    }
  }
  return found;
}

/**
 * The same source with named components and a planted mistake in every template; every statement stays on the
 * line on which it began.
 *
 * @throws {SourceError} if a component stands where it cannot be named
 */
export function readable(source: string, templates: ReadonlyMap<string, Signals>): string {
  let text = withoutComments(source);
  let count = 0;
  const call = new RegExp(`\\b(${[...templates.keys()].join("|")})\\s*\\(`, "g");
  for (let match = call.exec(text); match !== null; match = call.exec(text)) {
    const name = match[1] ?? "";
    if (/\btemplate\s+$/.test(text.slice(0, match.index)) || ++count > MAX_CALLS) continue;
    const parameters = closing(text, match.index + match[0].length - 1);
    const open = /^\s*\(/.exec(text.slice(parameters + 1));
    if (open === null) continue; // `component c = T(n);` has its name
    const end = closing(text, parameters + open[0].length);
    if (text[end + 1] !== ";") throw new SourceError(name, text.slice(match.index, end + 2));
    const before = statementStart(text, match.index);
    const start = before + text.slice(before).search(/\S/);
    const statement = named({
      component: `c${count}`,
      signals: templates.get(name) as Signals,
      instance: text.slice(match.index, parameters + 1),
      values: topLevel(text.slice(parameters + 1 + open[0].length, end)),
      target: text.slice(start, match.index).trim(),
    });
    const lost = text.slice(start, end + 2).split("\n").length - 1;
    const line = statement.replace(/\s+/g, " ") + "\n".repeat(lost);
    text = text.slice(0, start) + line + text.slice(end + 2);
    call.lastIndex = start + line.length;
  }
  const plant = `{ signal ${PLANT}; ${PLANT} <-- 1;`;
  return text.replace(/(\btemplate\s+\w+\s*\([^)]*\)\s*)\{/g, `$1${plant}`);
}

function named(of: {
  readonly component: string;
  readonly signals: Signals;
  readonly instance: string;
  readonly values: readonly string[];
  readonly target: string;
}): string {
  const { component, signals, instance, values, target } = of;
  const wires = values.map((value, i) => `${component}.${signals.inputs[i]} <== ${value.trim()};`);
  const [, left = ""] = /^(.*?)\s*<==$/s.exec(target) ?? [];
  const targets = left.startsWith("(") ? topLevel(left.slice(1, -1)) : left === "" ? [] : [left];
  const results = targets.map((to, i) =>
    to.trim() === "_" ? "" : `${to.trim()} <== ${component}.${signals.outputs[i]};`,
  );
  const body = [`component ${component} = ${instance};`, ...wires, ...results].join(" ");
  // Braces keep it one statement, for a loop without any; a declaration must stay visible to what follows.
  return left.startsWith("signal") ? body : `{ ${body} }`;
}

/** Where the statement around an offset begins: after `;`, a brace, or the head of a loop or condition. */
function statementStart(text: string, at: number): number {
  const from = Math.max(...[";", "{", "}"].map((mark) => text.lastIndexOf(mark, at - 1))) + 1;
  let depth = 0;
  for (let i = at - 1; i >= from; i--) {
    if (text[i] === ")") depth++;
    if (text[i] === "(") depth--;
    // A closing bracket without its opening one, which stands before the `;` in a loop's head.
    if (depth > 0 && !text.slice(from, i).includes("(")) return i + 1;
  }
  return from;
}

/** The offset of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if ("([".includes(text[i] as string)) depth++;
    if (")]".includes(text[i] as string) && --depth === 0) return i;
  }
  return text.length;
}

/** Splits at the commas outside of all brackets. */
function topLevel(list: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of list) {
    if ("([".includes(char)) depth++;
    if (")]".includes(char)) depth--;
    if (char === "," && depth === 0) parts.push("");
    else parts.push(`${parts.pop()}${char}`);
  }
  return parts;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, (comment) => comment.replace(/[^\n]/g, " "));
}

/**
 * Runs circomspect over sources by path.
 *
 * @param libraries sources that the others include and that are not to be judged
 * @throws {AnalysisError} if it fails, or did not analyse some template
 */
export async function analyse(
  sources: ReadonlyMap<string, string>,
  libraries: ReadonlyMap<string, string> = new Map(),
): Promise<Finding[]> {
  const templates = templateSignals([...sources.values()]);
  const folder = await mkdtemp(join(tmpdir(), "quittance-circomspect-"));
  try {
    for (const [path, text] of [...sources, ...libraries]) {
      // Libraries lie at the root of the copy; circomspect knows no search path.
      const up = "../".repeat(path.split("/").length - 1);
      const copy = (sources.has(path) ? readable(text, templates) : text).replace(
        /\binclude\s+"([^."][^"]*)"/g,
        (whole, include: string) => (libraries.has(include) ? `include "${up}${include}"` : whole),
      );
      await mkdir(join(folder, dirname(path)), { recursive: true });
      await writeFile(join(folder, path), copy);
    }
    await run(folder, [...sources.keys()]);
    const { runs } = JSON.parse(await readFile(join(folder, SARIF), "utf8")) as Sarif;
    return judged(runs[0]?.results ?? [], sources);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const SARIF = "findings.sarif";

/** As much as is read of circomspect's report, in the Static Analysis Results Interchange Format. */
type Sarif = { readonly runs: readonly { readonly results: readonly Result[] }[] };
type Result = {
  readonly ruleId: string;
  readonly message: { readonly text: string };
  readonly locations: readonly {
    readonly physicalLocation: {
      readonly artifactLocation: { readonly uri: string };
      readonly region: { readonly startLine: number };
    };
  }[];
};

async function run(folder: string, paths: readonly string[]): Promise<void> {
  const program = createRequire(import.meta.url).resolve("circomspect/cli.js");
  const output = await new Promise<string>((done) => {
    execFile(process.execPath, [program, "-s", SARIF, ...paths], { cwd: folder }, (_, out, err) =>
      done(out + err),
    );
  });
  // Its exit code only says whether there are findings; the report is there if it came to the end.
  if (!(await readdir(folder)).includes(SARIF)) throw new AnalysisError(`it wrote no report: ${output}`);
}

/** Findings without the planted ones, after a check that every template has its own. */
function judged(results: readonly Result[], sources: ReadonlyMap<string, string>): Finding[] {
  const findings: Finding[] = [];
  const plants = new Set<string>();
  for (const { ruleId, message, locations } of results) {
    const place = locations[0]?.physicalLocation;
    const path = place?.artifactLocation.uri.replace(/^file:\/\/(\.?\/)?/, "") ?? "";
    const line = place?.region.startLine ?? 0;
    const original = (sources.get(path) ?? "").split("\n")[line - 1] ?? "";
    const code = withoutComments(original).trim();
    if (/\btemplate\b/.test(code) && /<--/.test(message.text)) plants.add(`${path}:${line}`);
    else if (!(/\btemplate\b/.test(code) && isAboutPlant(message.text)))
      findings.push({ path, line, rule: ruleId, code, text: message.text });
  }
  for (const [path, text] of sources) {
    for (const [i, code] of withoutComments(text).split("\n").entries()) {
      if (/^\s*template\b/.test(code) && !plants.has(`${path}:${i + 1}`))
        throw new AnalysisError(`it passed over ${path}:${i + 1} (${code.trim()})`);
    }
  }
  return findings;
}

function isAboutPlant(text: string): boolean {
  return text.includes(`\`${PLANT}\``) || /^Intermediate signals should/.test(text);
}

/** The answers in the list: a heading "## RULE in path: `code`" and the text below it. */
export function parseAnswers(markdown: string): Answer[] {
  return markdown
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [heading = "", ...lines] = section.split("\n");
      const [, rule, path, code] = /^(\S+) in (\S+): `(.*)`$/.exec(heading.trim()) ?? [];
      if (rule === undefined || path === undefined || code === undefined) throw new ListError(heading);
      return { rule, path, code, text: lines.join("\n").trim() };
    });
}

/** What is wrong between findings and answers, as lines to print. */
export function disagreements(findings: readonly Finding[], answers: readonly Answer[]): string[] {
  const key = ({ path, rule, code }: Finding | Answer): string => `${rule} in ${path}: \`${code}\``;
  const found = new Set(findings.map(key));
  const answered = new Map(answers.map((answer) => [key(answer), answer.text]));
  return [
    ...findings
      .filter((finding) => !answered.has(key(finding)))
      .map(
        (finding) => `${finding.path}:${finding.line}: not answered: ## ${key(finding)} (${finding.text})`,
      ),
    ...answers
      .filter((answer) => !found.has(key(answer)))
      .map((answer) => `answers nothing: ## ${key(answer)}`),
    ...answers.filter(({ text }) => text === "").map((answer) => `says nothing: ## ${key(answer)}`),
  ];
}

/** The circuits of this repository and what they include from elsewhere. */
export async function circuitSources(): Promise<[Map<string, string>, Map<string, string>]> {
  const [sources, libraries] = [new Map<string, string>(), new Map<string, string>()];
  const paths = await readdir(join(ROOT, "circuits"), { recursive: true });
  for (const path of paths.filter((name) => name.endsWith(".circom")).sort())
    sources.set(join("circuits", path), await readFile(join(ROOT, "circuits", path), "utf8"));
  for (const text of sources.values()) {
    for (const [, include = ""] of withoutComments(text).matchAll(/\binclude\s+"([^."][^"]*)"/g))
      libraries.set(include, await readFile(join(ROOT, "node_modules", include), "utf8"));
  }
  return [sources, libraries];
}

if (import.meta.main) {
  const findings = await analyse(...(await circuitSources()));
  const list = await readFile(join(ROOT, "circuits", "circomspect.md"), "utf8");
  const wrong = disagreements(findings, parseAnswers(list));
  for (const line of wrong) process.stderr.write(`${line}\n`);
  if (wrong.length > 0) process.stderr.write("Fix the circuit, or answer in circuits/circomspect.md.\n");
  else process.stdout.write(`circomspect: ${findings.length} warnings, all answered\n`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

/** circomspect gave no judgement. */
export class AnalysisError extends Error {
  override readonly name = "Circomspect.Analysis";
  constructor(what: string) {
    super(`circomspect did not analyse the circuits: ${what.slice(0, 2_000)}`);
  }
}

/** An anonymous component that is not a whole right-hand side. */
export class SourceError extends Error {
  override readonly name = "Circomspect.Source";
  constructor(template: string, where: string) {
    super(`${template} is used inside an expression: ${where}. Give its output a signal of its own.`);
  }
}

/** A heading of the list that does not say what it answers. */
export class ListError extends Error {
  override readonly name = "Circomspect.List";
  constructor(heading: string) {
    super(`circuits/circomspect.md: "## ${heading}" is not of the form "## RULE in path: \`code\`".`);
  }
}
