/**
 * Requests to a bucket, signed (AWS Signature Version 4): the only file that knows aws4fetch.
 *
 * The signer is all that is borrowed: three verbs on one object are three fetches, and any store that speaks
 * S3 (a cloud's, MinIO, Ceph, Garage, SeaweedFS) takes them.
 */
import { AwsClient } from "aws4fetch";

/** Who asks. Never logged, never part of an error. */
export type Credentials = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

/** A signed request for one object; the answer is whatever the store says. */
export type SignedFetch = (
  url: string,
  init: { readonly method: string; readonly body?: BodyInit; readonly headers?: Record<string, string> },
) => Promise<Response>;

/** Signs and sends; a server error or a throttled request is tried again, slower each time. */
export function openSignedFetch(region: string, credentials: Credentials): SignedFetch {
  const client = new AwsClient({ ...credentials, region, service: "s3", retries: 5, initRetryMs: 100 });
  return (url, init) => client.fetch(url, init);
}
