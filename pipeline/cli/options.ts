/** Options and printing that several commands share. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PROFILE_NAMES } from "../../prover/index.ts";
import { checksumAddress, isAddressText } from "../engine/ethers.ts";
import { plainJson } from "./output.ts";

/** A whole number within bounds, for commander. */
export function wholeNumber(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      throw new InvalidArgumentError(`Give a whole number from ${low} to ${high}.`);
    }
    return value;
  };
}

/** An address, for commander. */
export function addressText(text: string): string {
  if (!isAddressText(text)) throw new InvalidArgumentError(`"${text}" is no address.`);
  return checksumAddress(text);
}

/** Which circuit sizes. */
export const profileOption = (): Option =>
  new Option(
    "--profile <name>",
    "circuit sizes: default (10 classes), tickets32 (text, 77 classes); tiny ones are for tests",
  )
    .choices(PROFILE_NAMES)
    .default("default");

/** What is done about samples that repeat earlier ones. */
export const duplicatesOption = (): Option =>
  new Option(
    "--duplicates <what>",
    "samples that repeat earlier ones: leave out all, only exact ones, or keep",
  )
    .choices(["drop", "exact", "keep"])
    .default("drop");

/** Prints a result: the JSON document, or the text for people. */
export function tell(command: Command, value: unknown, text: string): void {
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  process.stdout.write(json === true ? plainJson({ ok: true, result: value }) : `${text}\n`);
}
