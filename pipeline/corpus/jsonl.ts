/**
 * One JSON object a line: `{"label": 3, "contributor": "ada", "id": "x1", "pixels": [0, 255, …]}`.
 *
 * Content is exactly one of `pixels` (whole numbers 0..255), `base64` (bytes) or `text` (its UTF-8 bytes, of
 * any length); a file holds texts only, or none. Texts' labels may be names (labels.ts).
 * `contributor` and `id` may be missing. Unknown keys are refused: a misspelt "contributer" would quietly
 * leave somebody unpaid.
 */
import { basename } from "node:path";
import { z } from "zod";
import {
  type Corpus,
  CorpusFormatError,
  checkLabels,
  type LoadOptions,
  limited,
  message,
  readMaybeGzip,
  type Sample,
  UNATTRIBUTED,
} from "./corpus.ts";
import { labelsOf, textBytes } from "./labels.ts";

const lineSchema = z
  .object({
    id: z.string().min(1).optional(),
    label: z.union([z.number().int(), z.string().min(1)]).optional(),
    contributor: z.string().min(1).optional(),
    pixels: z.array(z.number().int().min(0).max(255)).min(1).optional(),
    base64: z.string().min(1).base64().optional(),
    text: z.string().min(1).optional(),
  })
  .strict()
  .refine(
    (line) => [line.pixels, line.base64, line.text].filter((content) => content !== undefined).length === 1,
    {
      message: "give exactly one of pixels, base64 and text",
    },
  );

type Line = z.infer<typeof lineSchema>;

/**
 * Loads a JSONL file (gz or not).
 * @throws CorpusReadError, CorpusFormatError (with the line number), CorpusLabelError
 */
export function loadJsonl(path: string, options: LoadOptions = {}): Corpus {
  const name = options.name ?? basename(path).replace(/\.(jsonl|ndjson)(\.gz)?$/, "");
  const samples: Sample[] = [];
  const lineOf: number[] = [];
  const given: string[] = [];
  let length: number | undefined;
  let texts = 0;
  new TextDecoder()
    .decode(readMaybeGzip(path))
    .split(/\r?\n/)
    .forEach((text, i) => {
      if (text.trim() === "") return;
      const where = `${path}, line ${i + 1}`;
      const line = parseLine(text, where);
      if (line.label === undefined && options.unlabelled !== true)
        throw new CorpusFormatError(`${where}: there is no "label": add one.`);
      if (typeof line.label === "string" && line.text === undefined)
        throw new CorpusFormatError(`${where}: "label": a name is for texts; number the classes of bytes.`);
      if (line.text !== undefined) texts++;
      if (texts > 0 && texts <= samples.length)
        throw new CorpusFormatError(`${where}: texts and bytes in one file: split it.`);
      const content = line.text === undefined ? contentOf(line) : textBytes(line.text, where);
      if (line.text === undefined) {
        length ??= content.length;
        if (content.length !== length) {
          throw new CorpusFormatError(
            `${where}: ${content.length} bytes of content where the lines before have ${length}.`,
          );
        }
      }
      const id = line.id ?? `${name}/${samples.length}`;
      samples.push({ id, content, label: Number(line.label), contributor: line.contributor ?? UNATTRIBUTED });
      given.push(String(line.label ?? ""));
      lineOf.push(i + 1);
    });
  const whereOf = (row: number): string => `${path}, line ${lineOf[row]}`;
  const { labels, names } =
    options.unlabelled === true || texts > 0
      ? labelsOf(given, true, options, whereOf)
      : { labels: samples.map((sample) => sample.label), names: undefined };
  const classes = checkLabels(labels, names?.length ?? options.classes, whereOf);
  const shape = length === undefined ? [] : [length];
  const numbered = samples.map((sample, row) => ({ ...sample, label: labels[row] as number }));
  return {
    name,
    shape,
    samples: numbered.slice(0, limited(samples.length, options.limit)),
    classes,
    ...(texts > 0 ? { text: true } : {}),
    ...(names === undefined ? {} : { labels: names }),
  };
}

function parseLine(text: string, where: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorpusFormatError(`${where} is not JSON (${message(cause)}): write one object a line.`, {
      cause,
    });
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const key = issue?.path.join(".");
  throw new CorpusFormatError(`${where}: ${key ? `"${key}": ` : ""}${issue?.message ?? "not a sample"}.`, {
    cause: parsed.error,
  });
}

function contentOf(line: Line): Uint8Array {
  if (line.pixels) return Uint8Array.from(line.pixels);
  if (line.base64) return new Uint8Array(Buffer.from(line.base64, "base64"));
  return new Uint8Array();
}
