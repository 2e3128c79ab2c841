// Makes branches countable: into a contract's text it writes a marker on each side of every `if`, of every
// `c ? a : b` and of every `try`, so that whoever counts statements counts branches too.
//
// Hardhat counts statements only. An `if` without `else` has a side that is no statement, and a conditional
// has none at all; so `if (c) s` becomes `if (c) { "taken"; s } else { "not taken"; }`, and in front of the
// statement that holds a conditional stands an `if` on the same condition. A marker is a statement that does
// nothing. No line is added, so lines are those of the contract.
//
// What is not marked: `&&` and `||` (their parts have no effects here), loops, and assembly.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import process from "node:process";

const SOLC = join(import.meta.dirname, "..", "solc.ts");

/** A range of a text, in UTF-16 units; `marker` says which side of a branch, and is empty for the rest. */
export type Inserted = { readonly start: number; readonly end: number; readonly marker: string };

/** A marker's whole statement. */
export const MARKER = /^"(?:taken|not taken|first|second|tried|caught)";$/;

/** A contract with its branches marked. */
export type Marked = { readonly text: string; readonly inserted: readonly Inserted[] };

type Node = {
  readonly nodeType: string;
  readonly src: string;
  readonly [part: string]: unknown;
};
/** `rank` orders what stands at one place: what opens first opens outermost, and closes last. */
type Insertion = {
  readonly at: number;
  readonly rank: number;
  readonly text: string;
  readonly marker: string;
};
/** Above any number of insertions. */
const CLOSING = 1e6;

/** Marks the branches of a contract's text. Throws {@link BranchError} for a place that cannot be marked. */
export function markBranches(source: string, name = "contract"): Marked {
  const bytes = Buffer.from(source);
  const found: Insertion[] = [];
  visit(treeOf(source, name), [], { bytes, name, found });
  found.sort((a, b) => a.at - b.at || a.rank - b.rank);
  const inserted: Inserted[] = [];
  let text = "";
  let taken = 0;
  for (const { at, text: piece, marker } of found) {
    text += bytes.subarray(taken, at).toString();
    inserted.push({ start: text.length, end: text.length + piece.length, marker });
    text += piece;
    taken = at;
  }
  return { text: text + bytes.subarray(taken).toString(), inserted };
}

/** The syntax tree, from the compiler. It is not asked to look at imports, so they are blanked out. */
function treeOf(source: string, name: string): Node {
  const blank = (statement: string): string => " ".repeat(Buffer.byteLength(statement));
  const alone = source.replace(/^import [^;]*;/gms, (text) => text.split("\n").map(blank).join("\n"));
  const input = JSON.stringify({
    language: "Solidity",
    sources: { [name]: { content: alone } },
    settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
  });
  const run = spawnSync(process.execPath, [SOLC, "--standard-json"], {
    ...{ input, encoding: "utf8", maxBuffer: 1 << 28 },
  });
  const answer = JSON.parse(run.stdout) as { sources?: Record<string, { ast?: Node }>; errors?: unknown };
  const tree = answer.sources?.[name]?.ast;
  if (tree === undefined) throw new BranchError(name, JSON.stringify(answer.errors));
  return tree;
}

type Place = { readonly bytes: Buffer; readonly name: string; readonly found: Insertion[] };

/** `above` are the nodes that hold this one, the nearest last. */
function visit(node: Node, above: readonly Node[], place: Place): void {
  if (node.nodeType === "IfStatement") markIf(node, place);
  else if (node.nodeType === "Conditional") markConditional(node, above, place);
  else if (node.nodeType === "TryStatement") markTry(node, place);
  const within = [...above, node];
  for (const part of Object.values(node)) {
    for (const child of Array.isArray(part) ? part : [part]) {
      if (typeof child === "object" && child !== null && "nodeType" in child) visit(child, within, place);
    }
  }
}

function markIf(node: Node, place: Place): void {
  const asked = `if (${textOf(node.condition as Node, place)})`;
  const otherwise = node.falseBody as Node | undefined | null;
  if (otherwise !== undefined && otherwise !== null) side(otherwise, "not taken", asked, place);
  else close(place, endOf(node, place), ' else { "not taken"; }', `not taken: ${asked}`);
  side(node.trueBody as Node, "taken", asked, place);
}

function markTry(node: Node, place: Place): void {
  for (const [index, clause] of (node.clauses as Node[]).entries())
    side(clause.block as Node, index === 0 ? "tried" : "caught", "try", place);
}

/** Marks the beginning of a body, in braces of its own where it has none. */
function side(body: Node, which: string, asked: string, place: Place): void {
  const [start] = rangeOf(body);
  const marker = `${which}: ${asked}`;
  if (body.nodeType === "Block") open(place, start + 1, ` "${which}";`, marker);
  else {
    open(place, start, `{ "${which}"; `, marker);
    close(place, endOf(body, place), " }");
  }
}

/** A conditional's condition is asked in front of its statement; it has no effects in these contracts. */
function markConditional(node: Node, above: readonly Node[], place: Place): void {
  const at = above.findLastIndex(({ nodeType }) => /Statement$|^Return$/.test(nodeType));
  const [statement, holder] = [above[at], above[at - 1]];
  if (statement === undefined || holder === undefined) throw new BranchError(place.name, "no statement");
  const condition = textOf(node.condition as Node, place);
  const [start] = rangeOf(statement);
  // Alone under a `for` or an `if`, the statement gets braces; under an `if` it has them already.
  const alone = holder.nodeType === "ForStatement";
  if (alone && holder.body !== statement) throw new BranchError(place.name, `a loop's head: ${condition}`);
  if (alone) {
    open(place, start, "{ ");
    close(place, endOf(statement, place), " }");
  }
  open(place, start, `if (${condition}) { `);
  open(place, start, '"first"; } else { ', `first of ${condition} ? … : …`);
  open(place, start, '"second"; } ', `second of ${condition} ? … : …`);
}

function open({ found }: Place, at: number, text: string, marker = ""): void {
  found.push({ at, rank: found.length, text, marker });
}

function close({ found }: Place, at: number, text: string, marker = ""): void {
  found.push({ at, rank: CLOSING - found.length, text, marker });
}

function textOf(node: Node, { bytes }: Place): string {
  return bytes
    .subarray(...rangeOf(node))
    .toString()
    .replace(/\s+/g, " ");
}

/** First byte, and the one after the last. */
function rangeOf({ src }: Node): readonly [number, number] {
  const [start = 0, length = 0] = src.split(":").map(Number);
  return [start, start + length];
}

/** After a statement's semicolon, which the compiler leaves out of most statements. */
function endOf(node: Node, { bytes }: Place): number {
  const [, end] = rangeOf(node);
  const rest = /^\s*;/.exec(bytes.subarray(end, end + 80).toString());
  return rest === null ? end : end + rest[0].length;
}

/** A contract that cannot be marked. */
export class BranchError extends Error {
  override readonly name = "Branches.Unmarked";
  constructor(contract: string, reason: string) {
    super(
      `Branches of ${contract} cannot be marked: ${reason}. Write it as a statement, or teach branches.ts.`,
    );
  }
}
