// One seed for the random cases of a whole run: QUITTANCE_SEED, or a number that is drawn from the tree of
// the commit that is checked out.
//
// Every commit therefore tries cases that none before it tried, and the same commit always tries the same: a
// run that passed passes again elsewhere, and one that failed can be looked into where it did not.

import { execFileSync } from "node:child_process";

/** 32 bits without sign, in decimal. */
export function runSeed(): string {
  const given = process.env["QUITTANCE_SEED"];
  if (given !== undefined && given !== "") {
    if (/^\d{1,10}$/.test(given) && Number(given) < 2 ** 32) return given;
    throw new Error(`QUITTANCE_SEED is ${given}; give a number below 2^32, or leave it out.`);
  }
  return String(Number.parseInt(treeHash().slice(0, 8), 16));
}

/** A hash of all files of the commit; of nothing where there is no git. */
function treeHash(): string {
  try {
    return execFileSync("git", ["rev-parse", "HEAD^{tree}"], {
      stdio: ["ignore", "pipe", "ignore"],
    }).toString();
  } catch {
    return "00000001";
  }
}
