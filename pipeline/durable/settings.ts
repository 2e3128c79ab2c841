/**
 * Where jobs and content lie, from the environment: the one place that reads these variables. Credentials go
 * from here to the engines and nowhere else; no message repeats them.
 */
import { cacheFolder } from "../environment.ts";
import type { Blobs } from "./blobs.ts";
import { openBlobFolder } from "./blobs.ts";
import { type BucketSettings, openBucket } from "./bucket.ts";
import type { DatabasePlace } from "./database.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** The Postgres server of `DATABASE_URL`, if there is one. Throws {@link DurableSettingsError}. */
export function databaseUrl(environment: Environment = process.env): string | undefined {
  const url = environment["DATABASE_URL"];
  if (url === undefined || url === "") return undefined;
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new DurableSettingsError("DATABASE_URL does not begin with postgres:// or postgresql://");
  }
  return url;
}

/** The server of `DATABASE_URL`, or the embedded database in `folder`. */
export function databasePlace(folder: string, environment: Environment = process.env): DatabasePlace {
  const url = databaseUrl(environment);
  return url === undefined ? { folder, cache: cacheFolder() } : { url };
}

/** The bucket of `QUITTANCE_S3_…`, if one is configured. Throws {@link DurableSettingsError}. */
export function bucketSettings(environment: Environment = process.env): BucketSettings | undefined {
  const endpoint = environment["QUITTANCE_S3_ENDPOINT"];
  const bucket = environment["QUITTANCE_S3_BUCKET"];
  if (endpoint === undefined && bucket === undefined) return undefined;
  if (endpoint === undefined || !/^https?:\/\/[^/]/.test(endpoint)) {
    throw new DurableSettingsError("QUITTANCE_S3_ENDPOINT is not an http(s) address");
  }
  if (bucket === undefined || !/^[a-z0-9][a-z0-9.-]{2,62}$/.test(bucket)) {
    throw new DurableSettingsError("QUITTANCE_S3_BUCKET is not a bucket's name");
  }
  const accessKeyId = environment["AWS_ACCESS_KEY_ID"];
  const secretAccessKey = environment["AWS_SECRET_ACCESS_KEY"];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new DurableSettingsError("a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  const sessionToken = environment["AWS_SESSION_TOKEN"];
  return {
    endpoint,
    bucket,
    region: environment["QUITTANCE_S3_REGION"] ?? "us-east-1",
    prefix: environment["QUITTANCE_S3_PREFIX"] ?? "",
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  };
}

/** The blob store: the configured bucket, else the folder of `QUITTANCE_BLOBS`, else `folder`. */
export function openBlobs(
  folder: string | undefined,
  notice: (message: string) => void,
  environment: Environment = process.env,
): Blobs {
  const bucket = bucketSettings(environment);
  if (bucket !== undefined) return openBucket(bucket, notice);
  const named = environment["QUITTANCE_BLOBS"] ?? folder;
  if (named === undefined) {
    throw new DurableSettingsError(
      "there is no place for content: give --blobs FOLDER (one that the submitting machine shares), set QUITTANCE_BLOBS, or configure a bucket",
    );
  }
  return openBlobFolder(named, notice);
}

/** A setting from the environment is wrong. */
export class DurableSettingsError extends Error {
  override readonly name = "Durable.Settings";
  constructor(reason: string) {
    super(`The settings of jobs and content are wrong: ${reason}.`);
  }
}
