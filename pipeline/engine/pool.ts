/**
 * Threads for proving: the only file that knows piscina.
 *
 * A proof is one long single-threaded computation, so the best throughput on n cores is n provers side by
 * side, the biggest circuits first (longest-processing-time scheduling keeps the last core from finishing
 * late). `workerData` must be an object: a web worker shim that the proving library carries reads it while it
 * is being imported.
 */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";

/** A bounded pool of worker threads that run one module's exported function. */
export type Pool = {
  readonly threads: number;
  /**
   * Runs the module's exported function `name` on `task`; tasks start in the order in which they are
   * submitted. Throws {@link OutOfMemoryError}; the thread is then replaced.
   */
  run<T>(name: string, task: unknown, signal?: AbortSignal): Promise<T>;
  /** Waits for what runs, then ends the threads. Native calls are never cut off in the middle. */
  close(): Promise<void>;
};

/**
 * Opens a pool over the worker module at `url`. `threads` defaults to the number of cores; `memoryMib` bounds
 * the JavaScript heap of each thread (what WebAssembly and native code allocate is not in it). Threads of a
 * `warm` pool start at once and stay: for short tasks that somebody waits for.
 */
export function openPool(
  url: URL,
  threads = Math.max(1, availableParallelism()),
  memoryMib?: number,
  warm = false,
): Pool {
  const piscina = new Piscina({
    filename: url.href,
    minThreads: warm ? threads : 0,
    maxThreads: threads,
    idleTimeout: 1_000,
    workerData: {},
    maxQueue: 100_000,
    ...(memoryMib === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memoryMib } }),
  });
  const told = (error: unknown): Error =>
    (error as NodeJS.ErrnoException).code === "ERR_WORKER_OUT_OF_MEMORY"
      ? new OutOfMemoryError(memoryMib, error)
      : (error as Error);
  // A thread that dies before its first task belongs to no task: whoever waits must hear of it, and starting
  // another would end the same way.
  const waiting = new Set<(error: Error) => void>();
  let broken: Error | undefined;
  piscina.on("error", (error: unknown) => {
    broken ??= told(error);
    for (const reject of waiting) reject(broken);
    void piscina.destroy().catch(() => {});
  });
  return {
    threads,
    async run<T>(name: string, task: unknown, signal?: AbortSignal): Promise<T> {
      signal?.throwIfAborted();
      if (broken !== undefined) throw broken;
      let refuse: (error: Error) => void = () => {};
      const refused = new Promise<never>((_, reject) => {
        refuse = reject;
      });
      waiting.add(refuse);
      try {
        return (await Promise.race([piscina.run(task, { name }), refused])) as T;
      } catch (error) {
        throw error === broken ? broken : told(error);
      } finally {
        waiting.delete(refuse);
      }
    },
    close: () => (broken === undefined ? piscina.close() : piscina.destroy()),
  };
}

/** A thread needed more memory than it may have. */
export class OutOfMemoryError extends Error {
  override readonly name = "Pool.OutOfMemory";
  constructor(memoryMib: number | undefined, cause: unknown) {
    const limit = memoryMib === undefined ? "the memory of this machine" : `its ${memoryMib} MiB`;
    super(
      `A job needed more than ${limit} and was given up. Allow more (quittance worker --memory), run fewer ` +
        "side by side (--threads, QUITTANCE_THREADS), or use a larger machine; what was finished is kept.",
      { cause },
    );
  }
}
