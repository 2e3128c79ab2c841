// A project as an operator would have it: digits of five writers, a settled epoch of two payers, and answers
// of the next one.
import { join } from "node:path";
import { digitFolder, quittance } from "../cli/fixtures.ts";

/** Makes the project by the tool, and returns its folder. */
export function makeShop(folder: string): string {
  const [shop, data] = [join(folder, "shop"), join(folder, "digits")];
  digitFolder(data, 70, 12);
  const run = (...args: string[]): void => {
    const { code, err, out } = quittance([...args, "--project", shop]);
    if (code !== 0) throw new Error(`quittance ${args.join(" ")}: ${err}${out}`);
  };
  run("train", "--profile", "tiny", "--data", data);
  run("infer", "--data", data, "--payer", "alice", "--fee", "7", "--limit", "4");
  run("infer", "--data", data, "--payer", "bob", "--fee", "30", "--offset", "4", "--limit", "4");
  run("settle");
  run("infer", "--data", data, "--payer", "alice", "--fee", "9", "--offset", "8", "--limit", "3");
  return shop;
}
