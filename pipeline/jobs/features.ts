/**
 * Features of many samples as jobs for remote workers: blocks of contents, each a job of its own. The payload
 * names the backbone by its hash, and the graph itself lies in the blob store, so a worker of any version
 * computes the same integers.
 */
import { type Backbone, openBackbone } from "../backbone/backbone.ts";
import type { Computed, JobStore } from "../durable/store.ts";
import { type Plain, sha256 } from "../store.ts";
import { queueUrl } from "./proving.ts";
import { runRemote } from "./remote.ts";
import { interruptible, jobSpec, type Progress, type Work } from "./spec.ts";

/** The queue of features; any version serves it. */
export const FEATURES_QUEUE = "features";
/** Samples in a block: some megabytes of pixels, a second of work. */
const BLOCK = 2_048;

/** Contents, and the hash of the ONNX graph that turns them into features. */
export type FeaturesPayload = { readonly backbone: string; readonly contents: readonly Uint8Array[] };

/** Features of all contents, row by row, by remote workers. Throws what {@link runRemote} throws. */
export async function remoteFeatures(of: {
  readonly onnx: Uint8Array;
  readonly contents: readonly Uint8Array[];
  readonly store: JobStore;
  readonly work: Work;
  readonly report: Progress;
}): Promise<Int8Array> {
  const { onnx, contents, store, work, report } = of;
  const backbone = await store.blobs.put(onnx);
  const jobs = Array.from({ length: Math.ceil(contents.length / BLOCK) }, (_, block) => {
    const part = contents.slice(block * BLOCK, (block + 1) * BLOCK);
    const inputs = { backbone, contents: part.map((content) => sha256(content)) };
    const payload = (): Plain => ({ backbone, contents: part });
    return jobSpec(
      { name: "features-block", version: 1, inputs },
      { label: `features ${block + 1}`, weight: part.length, payload },
    );
  });
  const notice = work.notice ?? (() => {});
  const results = await interruptible(work, (signal) =>
    runRemote({ jobs, store, signal, report, notice, url: queueUrl(), queue: FEATURES_QUEUE }),
  );
  const bytes = Buffer.concat(jobs.map(({ key }) => results.get(key) as Uint8Array));
  return new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A worker's side: opens each backbone once and computes blocks with it. */
export function openFeaturesWork(store: JobStore): {
  compute(payload: FeaturesPayload): Promise<Computed>;
  close(): Promise<void>;
} {
  const open = new Map<string, Promise<Backbone>>();
  const load = async (hash: string): Promise<Backbone> => {
    const onnx = await store.blobs.get(hash);
    if (onnx === undefined) throw new BackboneMissingError(hash, store.blobs.where);
    return openBackbone(onnx);
  };
  return {
    async compute({ backbone: hash, contents }) {
      const loading = open.get(hash) ?? load(hash);
      open.set(hash, loading);
      loading.catch(() => open.delete(hash));
      const backbone = await loading;
      const start = performance.now();
      const features = await backbone.features([...contents]);
      const bytes = new Uint8Array(features.buffer, features.byteOffset, features.byteLength);
      return { bytes, seconds: (performance.now() - start) / 1_000 };
    },
    async close() {
      for (const backbone of open.values()) await (await backbone).close();
    },
  };
}

/** The backbone is not in the blob store. */
export class BackboneMissingError extends Error {
  override readonly name = "Features.BackboneMissing";
  constructor(hash: string, where: string) {
    super(`Backbone ${hash} is not in ${where}. Give worker and submitter the same folder or bucket.`);
  }
}
