/**
 * Where everything lies in the picture of a model's lineage: datanet → batches → model → epochs from left to
 * right, in ribbons as thick as what flows in them (samples to the left of the model, answers to the right).
 *
 * A contributor gets a strip: the height of a name, and more by its share of the samples; where a ribbon
 * meets the model it is as thick as the share alone. Hundreds of strips would be hairlines, so the largest
 * are drawn by name and the others together as one; and so are the oldest epochs.
 */

/** A rectangle. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** A strip of the contributors' column. */
export type Strip<T> = Box & { readonly of: readonly T[] };

/** A pill of the epochs' column. */
export type Pill<T> = Box & { readonly of: readonly T[] };

/** A ribbon between two boxes, as an SVG path. */
export type Ribbon = { readonly path: string; readonly key: string };

/** The picture. */
export type Layout<C, E> = {
  readonly width: number;
  readonly height: number;
  readonly datanet: Box;
  readonly model: Box;
  readonly strips: readonly Strip<C>[];
  readonly pills: readonly Pill<E>[];
  readonly toStrips: readonly Ribbon[];
  readonly toModel: readonly Ribbon[];
  readonly toPills: readonly Ribbon[];
};

const WIDTH = 1000;
const TOP = 46;
const NAMED = 16;
const PILLS = 7;
const COLUMNS = { datanet: 0, strips: 250, model: 560, pills: 830 } as const;
const WIDTHS = { datanet: 150, strips: 150, model: 160, pills: 170 } as const;
/** A strip lower than this has no room for a name. */
const NAME_HEIGHT = 16;

/** Lays out a lineage. Contributors come with their samples, epochs with their answers. */
export function lineageLayout<C extends { readonly samples: number }, E extends { readonly answers: number }>(
  contributors: readonly C[],
  epochs: readonly E[],
): Layout<C, E> {
  const sorted = [...contributors].sort((a, b) => b.samples - a.samples);
  const groups = sorted.length <= NAMED + 1 ? sorted.map((one) => [one]) : named(sorted);
  const gap = 3;
  const body = Math.max(260, groups.length * 30);
  const samples = Math.max(
    1,
    sum(sorted, ({ samples }) => samples),
  );
  const free = body - (gap + NAME_HEIGHT) * groups.length;
  let y = TOP;
  const strips = groups.map((of): Strip<C> => {
    const height = NAME_HEIGHT + (sum(of, (one) => one.samples) / samples) * free;
    const strip = { x: COLUMNS.strips, y, width: WIDTHS.strips, height, of };
    y += height + gap;
    return strip;
  });
  const bottom = Math.max(TOP + body, y - gap);
  const pills = pillsOf(epochs, (TOP + bottom) / 2);
  const lowest = Math.max(bottom, ...pills.map((pill) => pill.y + pill.height));
  const middle = (TOP + bottom) / 2;
  const model = centred(COLUMNS.model, WIDTHS.model, Math.min(bottom - TOP, 190), middle);
  const datanet = centred(COLUMNS.datanet, WIDTHS.datanet, Math.min(bottom - TOP, 150), middle);
  return {
    width: WIDTH,
    height: lowest + 74,
    ...{ datanet, model, strips, pills },
    toStrips: fan(datanet, strips, (strip) => sum(strip.of, (one) => one.samples)),
    toModel: fan(model, strips, (strip) => sum(strip.of, (one) => one.samples)),
    toPills: fan(model, pills, (pill) => sum(pill.of, (one) => one.answers)),
  };
}

function named<C>(sorted: readonly C[]): C[][] {
  return [...sorted.slice(0, NAMED).map((one) => [one]), [...sorted.slice(NAMED)]];
}

function pillsOf<E>(epochs: readonly E[], middle: number): Pill<E>[] {
  const groups =
    epochs.length <= PILLS
      ? epochs.map((epoch) => [epoch])
      : [[...epochs.slice(0, epochs.length - PILLS + 1)], ...epochs.slice(1 - PILLS).map((one) => [one])];
  const height = 46;
  const gap = 12;
  const whole = groups.length * height + (groups.length - 1) * gap;
  const top = Math.max(TOP, middle - whole / 2);
  return groups.map((of, index) => ({
    ...{ x: COLUMNS.pills, y: top + index * (height + gap), width: WIDTHS.pills, height, of },
  }));
}

function centred(x: number, width: number, height: number, middle: number): Box {
  return { x, y: middle - height / 2, width, height };
}

/** Ribbons between one side of a box and the facing side of others, each as thick as its part. */
function fan<B extends Box>(from: Box, to: readonly B[], weightOf: (box: B) => number): Ribbon[] {
  const all = sum(to, weightOf);
  let y = from.y + 4;
  const room = from.height - 8;
  return to.map((box, index) => {
    const share = all === 0 ? 1 / to.length : weightOf(box) / all;
    const thick = Math.max(1, share * room);
    const right = box.x > from.x;
    const [x1, x2] = right ? [from.x + from.width, box.x] : [from.x, box.x + box.width];
    const inset = Math.min(4, box.height / 4);
    const path = ribbon({ x1, y1: y, h1: thick, x2, y2: box.y + inset, h2: box.height - 2 * inset });
    y += share * room;
    return { path, key: String(index) };
  });
}

function ribbon(of: {
  readonly x1: number;
  readonly y1: number;
  readonly h1: number;
  readonly x2: number;
  readonly y2: number;
  readonly h2: number;
}): string {
  const { x1, y1, h1, x2, y2, h2 } = of;
  const half = (x1 + x2) / 2;
  const n = (value: number): string => String(Math.round(value * 10) / 10);
  return (
    `M${n(x1)} ${n(y1)}C${n(half)} ${n(y1)} ${n(half)} ${n(y2)} ${n(x2)} ${n(y2)}` +
    `V${n(y2 + h2)}C${n(half)} ${n(y2 + h2)} ${n(half)} ${n(y1 + h1)} ${n(x1)} ${n(y1 + h1)}Z`
  );
}

function sum<T>(items: readonly T[], numberOf: (item: T) => number): number {
  return items.reduce((all, item) => all + numberOf(item), 0);
}
