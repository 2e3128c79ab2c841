/**
 * A network as plain data: what training gives, what an encoder file is read into, and what quantise.ts turns
 * into integers. One input image or vector of bytes, one chain of layers, one vector of features.
 *
 *   dense   y = x W + b           W is [in, out]
 *   conv    y = x ∗ W + b         W is [out, in, k, l]; zero padding [top, left, bottom, right]
 *   maxPool, sumPool              windows [k, l]; a mean is a sum whose divisor is moved into the next layer
 *
 * `relu` belongs to the layer before it. A chain, not a graph with branches: that is what the quantiser can
 * bound layer by layer.
 */

/** Sizes of one sample between layers: `[values]`, or `[channels, height, width]`. */
export type Shape = readonly number[];

/** Stride and padding of a convolution or pooling. */
export type Window = {
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  /** Top, left, bottom, right. */
  readonly pads: readonly [number, number, number, number];
};

/** A layer with weights. */
export type WeightLayer =
  | {
      readonly kind: "dense";
      readonly inputs: number;
      readonly outputs: number;
      readonly weights: Float32Array;
      readonly bias: Float32Array;
      readonly relu: boolean;
    }
  | ({
      readonly kind: "conv";
      readonly inputs: number;
      readonly outputs: number;
      readonly weights: Float32Array;
      readonly bias: Float32Array;
      readonly relu: boolean;
    } & Window);

/** One layer of a network in floating point. */
export type Layer =
  | WeightLayer
  | ({ readonly kind: "maxPool" } & Window)
  | ({ readonly kind: "meanPool" } & Window);

/**
 * A network in floating point. Its input is `byte · scale + shift` for each byte of a content, shaped as
 * `input`.
 */
export type Network = {
  readonly input: Shape;
  readonly scale: number;
  readonly shift: number;
  readonly layers: readonly Layer[];
};

/** The shape after a layer. @throws LayerShapeError when the layer does not fit what comes before it. */
export function shapeAfter(shape: Shape, layer: Layer): Shape {
  const size = shape.reduce((product, length) => product * length, 1);
  if (layer.kind === "dense") {
    if (size !== layer.inputs)
      throw new LayerShapeError(`A dense layer of ${layer.inputs} inputs follows ${size} values.`);
    return [layer.outputs];
  }
  const [channels = 0, height = 0, width = 0] = shape;
  if (shape.length !== 3 || (layer.kind === "conv" && layer.inputs !== channels))
    throw new LayerShapeError(`A ${layer.kind} layer cannot follow the shape [${shape.join(", ")}].`);
  const [k, l] = layer.kernel;
  const [top, left, bottom, right] = layer.pads;
  const rows = Math.floor((height + top + bottom - k) / layer.stride[0]) + 1;
  const columns = Math.floor((width + left + right - l) / layer.stride[1]) + 1;
  return [layer.kind === "conv" ? layer.outputs : channels, rows, columns];
}

/** Layers that do not fit together. */
export class LayerShapeError extends Error {
  override readonly name = "Backbone.LayerShapeError";
}
