/**
 * The blob store in a bucket that speaks S3. An object's key is `<prefix><sha256>`. The hash of a body is its
 * name, so it is also what the request signs: the store itself refuses a body that was damaged on the way.
 */
import { openAsBlob } from "node:fs";
import { open, rm } from "node:fs/promises";
import { type Credentials, openSignedFetch } from "../engine/s3.ts";
import { sha256 } from "../store.ts";
import { type Blobs, hashFile, writeWhole } from "./blobs.ts";

/** Which bucket, and who asks. */
export type BucketSettings = {
  /** The store's address, without the bucket: `https://s3.example.org`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** In front of every object's key; empty for the bucket's root. */
  readonly prefix: string;
  readonly credentials: Credentials;
};

/** Opens a bucket. Every method throws {@link BucketError} for what the store refuses. */
export function openBucket(settings: BucketSettings, notice: (message: string) => void = () => {}): Blobs {
  const { endpoint, bucket, region, prefix, credentials } = settings;
  const send = openSignedFetch(region, credentials);
  const where = `bucket ${bucket} at ${new URL(endpoint).host}`;
  const request = async (
    hash: string,
    method: "GET" | "HEAD" | "PUT" | "DELETE",
    body?: BodyInit,
  ): Promise<Response | undefined> => {
    const url = `${endpoint.replace(/\/$/, "")}/${bucket}/${prefix}${hash}`;
    const headers: Record<string, string> = body === undefined ? {} : { "x-amz-content-sha256": hash };
    let response: Response;
    try {
      response = await send(url, body === undefined ? { method } : { method, body, headers });
    } catch (cause) {
      throw new BucketError(where, `no answer (${(cause as Error).message})`, cause);
    }
    if (response.ok) return response;
    const text = method === "HEAD" ? "" : await response.text();
    // A store without the object answers 404; one without the bucket does too, and says so.
    if (response.status === 404 && method !== "PUT" && !text.includes("NoSuchBucket")) return undefined;
    throw new BucketError(where, `${response.status} ${/<Code>(\w+)<\/Code>/.exec(text)?.[1] ?? ""}`.trim());
  };
  const blobs: Blobs = {
    where,
    has: async (hash) => (await request(hash, "HEAD")) !== undefined,
    async get(hash) {
      const response = await request(hash, "GET");
      if (response === undefined) return undefined;
      const bytes = new Uint8Array(await response.arrayBuffer());
      if (sha256(bytes) === hash) return bytes;
      notice(`The content ${hash} in ${where} is damaged; it is removed and made again.`);
      await blobs.remove(hash);
      return undefined;
    },
    async put(bytes) {
      const hash = sha256(bytes);
      if (!(await blobs.has(hash))) await request(hash, "PUT", new Uint8Array(bytes));
      return hash;
    },
    async putFile(path, hash) {
      if (!(await blobs.has(hash))) await request(hash, "PUT", await openAsBlob(path));
    },
    async getFile(hash, path) {
      const response = await request(hash, "GET");
      if (response?.body == null) return false;
      const body = response.body;
      await writeWhole(path, async (temporary) => {
        const file = await open(temporary, "wx");
        try {
          for await (const part of body) await file.write(part);
        } finally {
          await file.close();
        }
      });
      if ((await hashFile(path)) === hash) return true;
      await rm(path);
      notice(`The content ${hash} in ${where} is damaged; it is removed.`);
      await blobs.remove(hash);
      return false;
    },
    async remove(hash) {
      await request(hash, "DELETE");
    },
  };
  return blobs;
}

/** The bucket does not do what was asked. */
export class BucketError extends Error {
  override readonly name = "Bucket.Refused";
  constructor(where: string, reason: string, cause?: unknown) {
    super(
      `The ${where} answered: ${reason}. Check QUITTANCE_S3_ENDPOINT, QUITTANCE_S3_BUCKET, ` +
        "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and run the same command again; what was finished is kept.",
      { cause },
    );
  }
}
