/**
 * Runs ONNX graphs with ONNX Runtime. Only this file imports onnxruntime-node.
 *
 * Three facts the rest relies on:
 * - Integer graphs give the same bits whatever the number of threads; float graphs need not, so nothing that
 *   is committed to is computed in float32.
 * - On x86 without VNNI, uint8 × int8 products are added in pairs in 16 bits and saturate there
 *   (onnxruntime.ai, "Quantize ONNX models", note on AVX2). Graphs here use uint8 × uint8 with zero points,
 *   or weights so small that no pair can overflow.
 * - Ending the process while a session is inside `run` aborts it (SIGABRT): close a session when its last run
 *   is done.
 */
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { ElementType, Tensor, TensorData, ValueInfo } from "./graph.ts";
import { bestProvider, knownProvider, type Provider } from "./provider.ts";

/** How to run a graph. */
export type SessionOptions = {
  /**
   * Execution provider: cuda, webgpu or cpu, which it is by default; operators that it lacks fall back to the
   * CPU. auto: the best one that works on this machine (provider.ts).
   */
  readonly provider?: string;
  /** Threads inside one operator, 1 by default: parallelism is the caller's (a pool of workers). */
  readonly threads?: number;
};

/** An open graph. Runs may overlap; {@link Session.close} waits for them. */
export type Session = {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** The provider that runs it. */
  readonly provider: Provider;
  /** Runs the graph. Throws {@link SessionRunError}. */
  readonly run: (feeds: Readonly<Record<string, Tensor>>) => Promise<Record<string, Tensor>>;
  readonly close: () => Promise<void>;
};

/**
 * Opens a graph for running.
 *
 * @param onnx bytes of an ONNX file
 * @throws ProviderUnknownError, SessionOpenError when the bytes are no valid graph, or the provider does not
 * exist here.
 */
export async function openSession(onnx: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  const asked = options.provider ?? "cpu";
  const provider = asked === "auto" ? (await bestProvider()).provider : knownProvider(asked);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(onnx, {
      executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
      intraOpNumThreads: options.threads ?? 1,
      interOpNumThreads: 1,
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SessionOpenError(
      `The graph cannot be opened with the provider "${provider}" (${reason}). Check the file, or use "cpu".`,
      { cause },
    );
  }
  const running = new Set<Promise<unknown>>();
  let closed = false;
  return {
    inputs: session.inputMetadata.map(valueInfo),
    outputs: session.outputMetadata.map(valueInfo),
    provider,
    run: async (feeds) => {
      if (closed) throw new SessionRunError("This session is closed: open the graph again.");
      const run = session.run(mapValues(feeds, toOrt));
      running.add(run);
      try {
        return mapValues(await run, fromOrt);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new SessionRunError(`The graph failed (${reason}). Check the shapes of what was fed.`, {
          cause,
        });
      } finally {
        running.delete(run);
      }
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await Promise.allSettled([...running]);
      await session.release();
    },
  };
}

/** A tensor. `dims` defaults to one dimension. */
export function tensor(type: ElementType, data: TensorData, dims: readonly number[] = [data.length]): Tensor {
  return { type, dims, data };
}

function toOrt({ type, dims, data }: Tensor): OrtTensor {
  return new OrtTensor(ORT_NAMES[type], data, dims);
}

function fromOrt(value: OrtTensor): Tensor {
  return { type: elementType(value.type), dims: value.dims, data: value.data as TensorData };
}

function valueInfo(value: InferenceSession.ValueMetadata): ValueInfo {
  if (!value.isTensor)
    throw new SessionOpenError(`The graph's ${value.name} is not a tensor, which is not used here.`);
  return { name: value.name, type: elementType(value.type), dims: value.shape };
}

function elementType(ortName: string): ElementType {
  const type = (Object.keys(ORT_NAMES) as ElementType[]).find((name) => ORT_NAMES[name] === ortName);
  if (!type) throw new SessionOpenError(`The graph has values of type ${ortName}, which are not used here.`);
  return type;
}

const ORT_NAMES = {
  float: "float32",
  double: "float64",
  uint8: "uint8",
  int8: "int8",
  int32: "int32",
  int64: "int64",
  bool: "bool",
} as const;

function mapValues<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** A graph that does not open. */
export class SessionOpenError extends Error {
  override readonly name = "Session.OpenError";
}

/** A run that failed, or one on a closed session. */
export class SessionRunError extends Error {
  override readonly name = "Session.RunError";
}
