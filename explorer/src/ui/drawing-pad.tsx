/**
 * A pad to draw a digit on, and the way for those who cannot draw: a picture file. Either becomes what the
 * model reads: light on dark, the ink fitted into the middle and centred by its weight, as the pictures that
 * it learned from were.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

const SIDE = 280;

/** The pad. `ask` gets the pixels, row by row. */
export function DrawingPad(of: {
  readonly width: number;
  readonly height: number;
  readonly busy: boolean;
  readonly ask: (pixels: Uint8Array) => void;
}): JSX.Element {
  const { width, height, busy, ask } = of;
  const pad = useRef<HTMLCanvasElement>(null);
  const last = useRef<readonly [number, number] | undefined>(undefined);
  const [empty, setEmpty] = useState(true);
  const clear = (): void => {
    const context = contextOf(pad.current);
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    setEmpty(true);
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, when the pad is there
  useEffect(clear, []);
  const draw = (event: PointerEvent): void => {
    if (event.buttons === 0 || pad.current === null) return;
    const box = pad.current.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * SIDE;
    const y = ((event.clientY - box.top) / box.height) * SIDE;
    const context = contextOf(pad.current);
    const [fromX, fromY] = last.current ?? [x, y];
    context.strokeStyle = "#000";
    context.lineWidth = SIDE / 12;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(x, y + 0.01);
    context.stroke();
    last.current = [x, y];
    setEmpty(false);
  };
  const lift = (): void => {
    last.current = undefined;
  };
  return (
    <div class="pad">
      <canvas
        ref={pad}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label="Drawing pad. Without a pointer, choose a picture file instead."
        onPointerDown={(event) => {
          lift();
          pad.current?.setPointerCapture(event.pointerId);
          draw(event);
        }}
        onPointerMove={draw}
        onPointerUp={lift}
      />
      <p class="actions">
        <button
          type="button"
          disabled={busy || empty}
          onClick={() => {
            ask(pixelsOf(contextOf(pad.current), width, height));
            clear();
          }}
        >
          Ask
        </button>
        <button type="button" class="plain" disabled={empty} onClick={clear}>
          Clear
        </button>
        <label class="button plain file">
          Choose a picture
          <input
            type="file"
            accept="image/*"
            class="sr"
            onChange={({ currentTarget }) => {
              const [file] = currentTarget.files ?? [];
              if (file === undefined) return;
              void createImageBitmap(file).then((image) => {
                contextOf(pad.current).drawImage(image, 0, 0, SIDE, SIDE);
                setEmpty(false);
              });
            }}
          />
        </label>
      </p>
    </div>
  );
}

function contextOf(canvas: HTMLCanvasElement | null): CanvasRenderingContext2D {
  const context = canvas?.getContext("2d", { willReadFrequently: true });
  if (context === null || context === undefined) throw new Error("This browser draws nothing.");
  return context;
}

/** Dark ink on light paper as light on dark: fitted into five sevenths, centred by weight. */
function pixelsOf(from: CanvasRenderingContext2D, width: number, height: number): Uint8Array {
  const ink = inkOf(from, SIDE, SIDE);
  const box = boxOf(ink);
  const out = new Uint8Array(width * height);
  if (box === undefined) return out;
  const small = document.createElement("canvas");
  small.width = width;
  small.height = height;
  const context = contextOf(small);
  const scale = (Math.min(width, height) * 5) / 7 / Math.max(box.width, box.height);
  const fitted = (dx: number, dy: number): void => {
    context.fillStyle = "#fff";
    context.fillRect(0, 0, width, height);
    const [w, h] = [box.width * scale, box.height * scale];
    const [x, y] = [(width - w) / 2 + dx, (height - h) / 2 + dy];
    context.imageSmoothingQuality = "high";
    context.drawImage(from.canvas, box.x, box.y, box.width, box.height, x, y, w, h);
  };
  fitted(0, 0);
  const [x, y] = centreOf(inkOf(context, width, height), width);
  fitted((width - 1) / 2 - x, (height - 1) / 2 - y);
  return inkOf(context, width, height);
}

function inkOf(context: CanvasRenderingContext2D, width: number, height: number): Uint8Array {
  const { data } = context.getImageData(0, 0, width, height);
  return Uint8Array.from({ length: width * height }, (_, at) => {
    const [red = 255, green = 255, blue = 255] = data.subarray(at * 4, at * 4 + 3);
    return 255 - Math.round((red + green + blue) / 3);
  });
}

function boxOf(ink: Uint8Array) {
  const xs: number[] = [];
  const ys: number[] = [];
  for (const [at, value] of ink.entries()) {
    if (value < 64) continue;
    xs.push(at % SIDE);
    ys.push(Math.floor(at / SIDE));
  }
  if (xs.length === 0) return undefined;
  const least = (of: readonly number[]): number => of.reduce((a, b) => Math.min(a, b));
  const most = (of: readonly number[]): number => of.reduce((a, b) => Math.max(a, b));
  const [x, y] = [least(xs), least(ys)];
  return { x, y, width: most(xs) - x + 1, height: most(ys) - y + 1 };
}

function centreOf(ink: Uint8Array, width: number): readonly [number, number] {
  let [sum, x, y] = [0, 0, 0];
  for (const [at, value] of ink.entries()) {
    sum += value;
    x += value * (at % width);
    y += value * Math.floor(at / width);
  }
  return sum === 0 ? [0, 0] : [x / sum, y / sum];
}
