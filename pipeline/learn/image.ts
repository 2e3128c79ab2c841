/**
 * Convolution and pooling of images `[n, channels, height, width]`, differentiable.
 *
 * Forward is the native Conv. Its derivative by the input is ConvTranspose with the same weights; by the
 * weights it is Conv again, of the input with the result's gradient as a filter, channels and batch
 * exchanged:
 *
 *   dW[o,c,i,j] = Σ_n Σ_yx  x[n, c, s·y + i − p, s·x + j − p] · dy[n, o, y, x]
 *
 * which reads the stride as a dilation. Pooling windows do not overlap: then the maximum's derivative is a
 * mask, and no indices are needed, which some providers lack.
 */
import { type Tape, TapeShapeError, type Value } from "./tape.ts";

/** Stride and zero padding, alike in both directions. */
export type ConvOptions = { readonly stride?: number; readonly pad?: number };

/**
 * `x [n, c, h, w]` with filters `w [o, c, k, l]` and an optional bias `[o]`.
 * @throws TapeShapeError when channels differ.
 */
export function conv(t: Tape, x: Value, w: Value, bias?: Value, options: ConvOptions = {}): Value {
  const { stride = 1, pad = 0 } = options;
  const [n = 0, c = 0, height = 0, width = 0] = x.dims;
  const [o = 0, c2 = 0, k = 0, l = 0] = w.dims;
  if (x.dims.length !== 4 || w.dims.length !== 4 || c !== c2)
    throw new TapeShapeError(`Conv of [${x.dims}] with [${w.dims}]: the channels differ.`);
  const rows = Math.floor((height + 2 * pad - k) / stride) + 1;
  const columns = Math.floor((width + 2 * pad - l) / stride) + 1;
  const dims = [n, o, rows, columns];
  const pads = [pad, pad, pad, pad];
  const attributes = { kernel_shape: [k, l], strides: [stride, stride], pads };
  const operands = bias ? [x, w, bias] : [x, w];
  return t.record(t.node("Conv", operands, dims, attributes), operands, [
    (dy) => {
      // What the stride did not reach at the far edges.
      const left = [height + 2 * pad - k - (rows - 1) * stride, width + 2 * pad - l - (columns - 1) * stride];
      return t.node("ConvTranspose", [dy, w], x.dims, { ...attributes, output_padding: left });
    },
    (dy) => {
      const swap = (v: Value): Value => {
        const [a = 0, b = 0, p = 0, q = 0] = v.dims;
        return t.node("Transpose", [v], [b, a, p, q], { perm: [1, 0, 2, 3] });
      };
      const full = [height + 2 * pad - (rows - 1) * stride, width + 2 * pad - (columns - 1) * stride];
      const whole = t.node("Conv", [swap(x), swap(dy)], [c, o, full[0] as number, full[1] as number], {
        kernel_shape: [rows, columns],
        dilations: [stride, stride],
        pads,
      });
      const exact =
        full[0] === k && full[1] === l
          ? whole
          : t.node("Slice", [whole, t.sizes([0, 0]), t.sizes([k, l]), t.sizes([2, 3])], [c, o, k, l]);
      return swap(exact);
    },
    (dy) => t.node("ReduceSum", [dy, t.sizes([0, 2, 3])], [o], { keepdims: 0 }),
  ]);
}

/** Mean of `size × size` windows that do not overlap. @throws TapeShapeError when they do not fit. */
export function averagePool(t: Tape, x: Value, size: number): Value {
  const dims = pooled(x, size);
  const y = t.node("AveragePool", [x], dims, { kernel_shape: [size, size], strides: [size, size] });
  const share = t.scalar(1 / (size * size));
  return t.record(y, [x], [(dy) => spread(t, t.node("Mul", [dy, share], dims), size)]);
}

/**
 * Maximum of `size × size` windows that do not overlap. Equal maxima share the gradient.
 * @throws TapeShapeError when they do not fit.
 */
export function maxPool(t: Tape, x: Value, size: number): Value {
  const dims = pooled(x, size);
  const window = { kernel_shape: [size, size], strides: [size, size] };
  const y = t.node("MaxPool", [x], dims, window);
  return t.record(
    y,
    [x],
    [
      (dy) => {
        const is = t.node("Equal", [x, spread(t, y, size)], x.dims, {}, "bool");
        const mask = t.node("Cast", [is], x.dims, { to: 1 });
        const part = t.node("Div", [dy, t.node("AveragePool", [mask], dims, window)], dims);
        const share = t.node("Mul", [part, t.scalar(1 / (size * size))], dims);
        return t.node("Mul", [mask, spread(t, share, size)], x.dims);
      },
    ],
  );
}

function pooled(x: Value, size: number): number[] {
  const [n = 0, c = 0, height = 0, width = 0] = x.dims;
  if (x.dims.length !== 4 || height % size !== 0 || width % size !== 0)
    throw new TapeShapeError(`Windows of ${size} do not tile [${x.dims}]: pad or crop it first.`);
  return [n, c, height / size, width / size];
}

/** Every pixel repeated `size × size` times. */
function spread(t: Tape, v: Value, size: number): Value {
  const [n = 0, c = 0, h = 0, w = 0] = v.dims;
  const apart = [n, c, h, 1, w, 1];
  const wide = [n, c, h, size, w, size];
  const whole = [n, c, h * size, w * size];
  const split = t.node("Reshape", [v, t.sizes(apart)], apart);
  return t.node("Reshape", [t.node("Expand", [split, t.sizes(wide)], wide), t.sizes(whole)], whole);
}
