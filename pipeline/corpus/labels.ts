/**
 * Classes of texts: numbers from 0 up, or names. Names are put in order (by UTF-16 code units, the same
 * everywhere) and a class' number is its name's place. Where the names are known already, from the public
 * texts or from an earlier training, they are what counts, and a new one is refused: a misspelt class would
 * otherwise be one more class.
 */
import { CorpusFormatError, CorpusLabelError, type LoadOptions, parseLabel } from "./corpus.ts";

/** Numbers of the classes, and their names if they have any. */
export type Labelled = { readonly labels: readonly number[]; readonly names?: readonly string[] };

/**
 * Numbers the classes.
 *
 * @param given each row's label as the file has it
 * @param known the names that are known already
 * @param where names a row for an error
 * @throws CorpusFormatError for an empty label, or where only some are numbers; CorpusLabelError for a name
 * that is not among the known
 */
export function numberClasses(
  given: readonly string[],
  known: readonly string[] | undefined,
  where: (row: number) => string,
): Labelled {
  given.forEach((label, row) => {
    if (label.trim() === "") throw new CorpusFormatError(`${where(row)}: the label is empty: fill it in.`);
  });
  if (known !== undefined)
    return { labels: given.map((label, row) => place(label, known, where(row))), names: known };
  const isNumber = given.map((label) => /^\d+$/.test(label));
  if (isNumber.every(Boolean)) return { labels: given.map((label, row) => parseLabel(label, where(row))) };
  const row = isNumber.indexOf(true);
  if (row >= 0)
    throw new CorpusFormatError(
      `${where(row)}: the label ${given[row]} is a number and others are names: use one or the other.`,
    );
  const names = [...new Set(given)].sort();
  const numbers = new Map(names.map((name, k) => [name, k]));
  return { labels: given.map((label) => numbers.get(label) as number), names };
}

/** The labels of a loaded file: none are looked at in questions, names are for texts. */
export function labelsOf(
  given: readonly string[],
  text: boolean,
  options: Pick<LoadOptions, "labels" | "unlabelled">,
  where: (row: number) => string,
): Labelled {
  if (options.unlabelled === true) return { labels: given.map(() => 0) };
  if (text) return numberClasses(given, options.labels, where);
  return { labels: given.map((label, row) => parseLabel(label, where(row))) };
}

/** A text's bytes. @throws CorpusFormatError for a text without a character that is no space. */
export function textBytes(text: string, where: string): Uint8Array {
  if (text.trim() === "") throw new CorpusFormatError(`${where}: the text is empty: leave the row out.`);
  return new TextEncoder().encode(text);
}

function place(label: string, known: readonly string[], where: string): number {
  const at = known.indexOf(label);
  if (at >= 0) return at;
  const some = known.slice(0, 5).join(", ");
  throw new CorpusLabelError(
    `${where}: the class ${JSON.stringify(label.slice(0, 60))} is none of the ${known.length} that the public texts ` +
      `or the project have (${some}${known.length > 5 ? ", …" : ""}). Correct it, or add public texts of that class.`,
  );
}
