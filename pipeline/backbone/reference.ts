/**
 * An integer network in plain loops: the truth that the ONNX graph is tested against, and the shortest
 * description of it. Slow (a few milliseconds a digit) and exact: every value stays far below 2^53.
 */
import { after, type IntegerLayer, type IntegerNetwork, ZERO } from "./integers.ts";
import type { Shape } from "./layers.ts";

/** Features of one content. */
export function referenceFeatures({ input, layers }: IntegerNetwork, content: Uint8Array): Int8Array {
  let values: ArrayLike<number> = content;
  let shape = input;
  for (const layer of layers) {
    values = applied(layer, values, shape);
    shape = after(shape, layer);
  }
  return Int8Array.from(values, (value) => value - ZERO);
}

function applied(layer: IntegerLayer, values: ArrayLike<number>, shape: Shape): number[] {
  if (layer.kind === "dense") {
    return Array.from({ length: layer.outputs }, (_, j) => {
      let sum = 0;
      for (let i = 0; i < layer.inputs; i++)
        sum +=
          ((values[i] as number) - layer.zero) * ((layer.weights[i * layer.outputs + j] as number) - ZERO);
      return requantise(layer, j, sum);
    });
  }
  const [channels = 0, height = 0, width = 0] = shape;
  const [o = 0, rows = 0, columns = 0] = after(shape, layer);
  const [k, l] = layer.kernel;
  /** The position of a window's element, or undefined in the padding. */
  const at = (c: number, y: number, x: number, i: number, j: number): number | undefined => {
    const row = y * layer.stride[0] + i - layer.pads[0];
    const column = x * layer.stride[1] + j - layer.pads[1];
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    return inside ? (c * height + row) * width + column : undefined;
  };
  return Array.from({ length: o * rows * columns }, (_, to) => {
    const [filter, y, x] = [Math.floor(to / (rows * columns)), Math.floor(to / columns) % rows, to % columns];
    let sum = 0;
    let most = 0;
    for (
      let c = layer.kind === "conv" ? 0 : filter;
      c < (layer.kind === "conv" ? channels : filter + 1);
      c++
    ) {
      for (let i = 0; i < k; i++) {
        for (let j = 0; j < l; j++) {
          const from = at(c, y, x, i, j);
          if (from === undefined) continue;
          const value = values[from] as number;
          most = Math.max(most, value);
          if (layer.kind !== "conv") sum += value;
          else {
            const weight = layer.weights[((filter * channels + c) * k + i) * l + j] as number;
            sum += (value - layer.zero) * (weight - ZERO);
          }
        }
      }
    }
    if (layer.kind === "maxPool") return most;
    if (layer.kind === "meanPool") return Math.floor((sum + ((k * l) >> 1)) / (k * l));
    return requantise(layer, filter, sum);
  });
}

function requantise(
  layer: { readonly offset: Int32Array; readonly divisor: Int32Array },
  channel: number,
  sum: number,
): number {
  const shifted = Math.max(0, sum + (layer.offset[channel] as number));
  return Math.min(255, Math.floor(shifted / (layer.divisor[channel] as number)));
}
