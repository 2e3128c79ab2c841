// Random small changes of a JSON document: one bit of one character of its text, one digit more or less, one
// entry of a list swapped, left out or doubled, one number moved by one, one value replaced by a sibling's.

/** A generator of numbers in [0, bound). */
export type Below = (bound: number) => number;

/** A changed text; undefined where the kind of change does not apply at the place that was drawn. */
export function mutated(text: string, below: Below): { what: string; text: string } | undefined {
  const kind = below(4);
  if (kind === 0) return bitFlipped(text, below);
  const document = JSON.parse(text) as Json;
  const what = kind === 1 ? listChanged(document, below) : valueChanged(document, below);
  return what === undefined ? undefined : { what, text: JSON.stringify(document) };
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Place = { holder: Record<string | number, Json>; key: string | number; path: string };

function bitFlipped(text: string, below: Below): { what: string; text: string } {
  const at = below(text.length);
  const bit = below(7);
  const character = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit));
  const around = text.slice(Math.max(0, at - 30), at);
  return { what: `bit ${bit} at ${around}|`, text: text.slice(0, at) + character + text.slice(at + 1) };
}

function valueChanged(document: Json, below: Below): string | undefined {
  const all = places(document).filter(({ holder, key }) => typeof holder[key] !== "object");
  const { holder, key, path } = all[below(all.length)] as Place;
  const value = holder[key];
  if (typeof value === "boolean") holder[key] = !value;
  else if (typeof value === "number") holder[key] = value + (below(2) === 0 ? 1 : -1);
  else if (typeof value === "string") {
    const other = stringChanged(value, below);
    if (other === undefined) return undefined;
    holder[key] = other;
  }
  return `${path}: ${value} -> ${holder[key]}`;
}

function stringChanged(value: string, below: Below): string | undefined {
  const at = below(value.length);
  const digits = /^[0-9]+$/.test(value) ? "0123456789" : "0123456789abcdef";
  const digit = digits[below(digits.length)] as string;
  const edits = [
    value.slice(0, at) + digit + value.slice(at + 1),
    value.slice(0, at) + digit + value.slice(at),
    value.slice(0, at) + value.slice(at + 1),
    // The same number modulo the field's order, under another name.
    String(BigInt(/^[0-9]+$/.test(value) ? value : 0) + ORDER),
  ];
  const edited = edits[below(edits.length)] as string;
  return edited === value ? undefined : edited;
}

const ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;

function listChanged(document: Json, below: Below): string | undefined {
  const all = places(document).filter(({ holder, key }) => Array.isArray(holder[key]));
  const { holder, key, path } = all[below(all.length)] as Place;
  const list = holder[key] as Json[];
  const [i, j] = [below(list.length + 1), below(list.length + 1)];
  const kind = below(3);
  if (kind === 0 && i < list.length) list.splice(i, 1);
  else if (kind === 1 && i < list.length) list.splice(j, 0, structuredClone(list[i] as Json));
  else if (kind === 2 && i < list.length && j < list.length) {
    [list[i], list[j]] = [list[j] as Json, list[i] as Json];
  } else return undefined;
  return `${path}: ${["left out", "doubled", "swapped"][kind]} ${i} ${j}`;
}

function places(value: Json, path = ""): Place[] {
  if (value === null || typeof value !== "object") return [];
  const holder = value as Record<string, Json>;
  return Object.keys(holder).flatMap((key) => [
    { holder, key, path: `${path}.${key}` },
    ...places(holder[key] as Json, `${path}.${key}`),
  ]);
}
