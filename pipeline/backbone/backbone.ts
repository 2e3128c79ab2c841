/**
 * Opens a backbone: any ONNX graph with one uint8 input `[n, bytes]` and one int8 output `[n, d]`. A content
 * is those bytes, or a text of any length, if the file says how texts become bytes (text/network.ts).
 *
 * The bytes are the backbone; their SHA-256 is its name in a model's statement. Whoever holds a content can
 * open the file of that name and recompute its features: they are the same bits on every device, because the
 * graph holds integers only (integers.ts says how that is kept, encoder.ts checks it in files from
 * elsewhere).
 */
import { createHash } from "node:crypto";
import { onnxDoc } from "../engine/onnx.ts";
import { openSession, type Session, type SessionOptions, tensor } from "../engine/ort.ts";
import { specOf } from "../text/network.ts";
import { ngramVector } from "../text/ngrams.ts";

/** An open backbone. */
export type Backbone = {
  /** SHA-256 of the ONNX file, in hex. */
  readonly hash: string;
  /** Bytes in a content, or in the vector that a text becomes. */
  readonly inputSize: number;
  /** Whether contents are texts (UTF-8, of any length). */
  readonly text: boolean;
  /** What the graph reads of a content: the content itself, or the vector that a text becomes. */
  readonly bytes: (content: Uint8Array) => Uint8Array;
  /** Number of features, the bias included. */
  readonly d: number;
  /**
   * Features of contents, row-major `contents.length × d`, computed in blocks.
   * @throws BackboneContentError when a content has another number of bytes.
   */
  readonly features: (contents: readonly Uint8Array[], options?: FeatureOptions) => Promise<Int8Array>;
  readonly close: () => Promise<void>;
};

/** Progress of {@link Backbone.features}, and its end: between blocks the signal is looked at. */
export type FeatureOptions = {
  readonly onProgress?: (done: number) => void;
  readonly signal?: AbortSignal;
};

const BLOCK = 256;

/**
 * Opens an ONNX backbone.
 *
 * @example
 * ```ts
 * const backbone = await openBackbone(onnx);
 * const h = await backbone.features([pixels]); // Int8Array of 32
 * await backbone.close();
 * ```
 * @throws BackboneShapeError for other inputs or outputs, SessionOpenError when the graph does not open.
 */
export async function openBackbone(onnx: Uint8Array, options: SessionOptions = {}): Promise<Backbone> {
  const session = await openSession(onnx, options);
  const inputSize = session.inputs[0]?.dims[1];
  const d = session.outputs[0]?.dims[1];
  const fits =
    session.inputs.length === 1 &&
    session.outputs.length === 1 &&
    session.inputs[0]?.type === "uint8" &&
    session.outputs[0]?.type === "int8";
  if (!fits || typeof inputSize !== "number" || typeof d !== "number" || inputSize < 1 || d < 1) {
    await session.close();
    throw new BackboneShapeError(
      "A backbone takes one uint8 [n, bytes] and gives one int8 [n, d]: export it like that.",
    );
  }
  const spec = specOf({ doc: onnxDoc(onnx) });
  if (spec !== undefined && spec.buckets !== inputSize) {
    await session.close();
    throw new BackboneShapeError(
      `This text backbone reads ${inputSize} bytes and says ${spec.buckets}: build it again.`,
    );
  }
  const bytes = (content: Uint8Array): Uint8Array =>
    spec === undefined ? content : ngramVector(content, spec);
  return {
    hash: backboneHash(onnx),
    inputSize,
    text: spec !== undefined,
    bytes,
    d,
    features: async (contents, featureOptions = {}) => {
      const wrong = spec === undefined ? contents.findIndex((content) => content.length !== inputSize) : -1;
      if (wrong >= 0) {
        throw new BackboneContentError(
          `Content ${wrong} has ${contents[wrong]?.length} bytes, the backbone reads ${inputSize}: resize.`,
        );
      }
      return blocks(session, contents, d, featureOptions, bytes);
    },
    close: session.close,
  };
}

/** The name of a backbone: the SHA-256 of its file, in hex. */
export function backboneHash(onnx: Uint8Array): string {
  return createHash("sha256").update(onnx).digest("hex");
}

async function blocks(
  session: Session,
  contents: readonly Uint8Array[],
  width: number,
  { onProgress, signal }: FeatureOptions,
  bytesOf: (content: Uint8Array) => Uint8Array,
): Promise<Int8Array> {
  const input = session.inputs[0]?.name ?? "";
  const output = session.outputs[0]?.name ?? "";
  const out = new Int8Array(contents.length * width);
  for (let start = 0; start < contents.length; start += BLOCK) {
    signal?.throwIfAborted();
    const block = contents.slice(start, start + BLOCK).map(bytesOf);
    const size = block[0]?.length ?? 0;
    const bytes = new Uint8Array(block.length * size);
    block.forEach((content, i) => {
      bytes.set(content, i * size);
    });
    const result = await session.run({ [input]: tensor("uint8", bytes, [block.length, size]) });
    out.set(result[output]?.data as Int8Array, start * width);
    onProgress?.(Math.min(1, (start + BLOCK) / contents.length));
  }
  return out;
}

/** A graph that is no backbone. */
export class BackboneShapeError extends Error {
  override readonly name = "Backbone.ShapeError";
}

/** A content that the backbone cannot read. */
export class BackboneContentError extends Error {
  override readonly name = "Backbone.ContentError";
}
