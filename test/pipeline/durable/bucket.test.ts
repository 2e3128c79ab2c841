// The bucket's side, written from the published description of AWS Signature Version 4 and not from the
// client: it recomputes every signature from the request as it arrived, and refuses what does not fit.

import { createHash, createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BucketError, openBucket } from "../../../pipeline/durable/bucket.ts";
import { sha256 } from "../../../pipeline/store.ts";

const SECRET = "a secret that nobody may read in an error";
const objects = new Map<string, Buffer>();
let server: Server;
let endpoint = "";
let busy = 0;

const mac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** Whether the request carries the signature of whoever knows the secret, over this very body. */
function isSigned(request: IncomingMessage, body: Buffer): boolean {
  const match =
    /Credential=AKID\/(\d{8})\/(\S+?)\/s3\/aws4_request, ?SignedHeaders=(\S+?), ?Signature=(\w{64})/.exec(
      request.headers.authorization ?? "",
    );
  if (match === null) return false;
  const [, day = "", region = "", signed = "", signature = ""] = match;
  const claimed = String(request.headers["x-amz-content-sha256"]);
  if (claimed !== "UNSIGNED-PAYLOAD" && claimed !== createHash("sha256").update(body).digest("hex"))
    return false;
  if (!signed.split(";").includes("host") || !signed.split(";").includes("x-amz-content-sha256"))
    return false;
  const headers = signed.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, request.url, "", headers.join(""), signed, claimed].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"], scope, sha256(canonical)].join("\n");
  const key = mac(mac(mac(mac(`AWS4${SECRET}`, day), region), "s3"), "aws4_request");
  return mac(key, text).toString("hex") === signature;
}

beforeAll(async () => {
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const body = Buffer.concat(parts);
      const end = (status: number, text: string | Buffer = ""): void =>
        void response.writeHead(status).end(text);
      if (busy-- > 0) return end(503, "<Error><Code>SlowDown</Code></Error>");
      if (!isSigned(request, body)) return end(403, "<Error><Code>SignatureDoesNotMatch</Code></Error>");
      const path = request.url ?? "";
      if (!path.startsWith("/content/")) return end(404, "<Error><Code>NoSuchBucket</Code></Error>");
      if (request.method === "PUT") {
        if (request.headers["content-length"] === undefined) return end(411);
        objects.set(path, body);
        return end(200);
      }
      if (request.method === "DELETE") {
        objects.delete(path);
        return end(204);
      }
      const found = objects.get(path);
      if (found === undefined) return end(404, "<Error><Code>NoSuchKey</Code></Error>");
      return end(200, request.method === "HEAD" ? "" : found);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const settings = (secret = SECRET, bucket = "content") => ({
  ...{ endpoint, bucket, region: "eu-central-1", prefix: "shop/" },
  credentials: { accessKeyId: "AKID", secretAccessKey: secret },
});

describe("blobs in a bucket", () => {
  it("are put, found, read and removed under their hash, with signed requests", async () => {
    const blobs = openBucket(settings());
    const bytes = Buffer.from("content of a job");
    expect(await blobs.has(sha256(bytes))).toBe(false);
    expect(await blobs.get(sha256(bytes))).toBeUndefined();
    const hash = await blobs.put(bytes);
    expect(hash).toBe(sha256(bytes));
    expect([...objects.keys()]).toEqual([`/content/shop/${hash}`]);
    expect(Buffer.from((await blobs.get(hash)) ?? []).toString()).toBe("content of a job");
    await blobs.remove(hash);
    expect(await blobs.has(hash)).toBe(false);
  });

  it("carry whole files of megabytes both ways", async () => {
    const folder = mkdtempSync(join(tmpdir(), "quittance-bucket-"));
    try {
      const large = Buffer.alloc(3_000_000, "0123456789");
      writeFileSync(join(folder, "key"), large);
      const blobs = openBucket(settings());
      await blobs.putFile(join(folder, "key"), sha256(large));
      expect(await blobs.getFile(sha256(large), join(folder, "there", "copy"))).toBe(true);
      expect(readFileSync(join(folder, "there", "copy")).equals(large)).toBe(true);
      expect(await blobs.getFile("00".repeat(32), join(folder, "none"))).toBe(false);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("that were damaged are not believed", async () => {
    const notices: string[] = [];
    const blobs = openBucket(settings(), (text) => notices.push(text));
    const hash = await blobs.put(Buffer.from("right"));
    objects.set(`/content/shop/${hash}`, Buffer.from("wrong"));
    expect(await blobs.get(hash)).toBeUndefined();
    expect(notices.join()).toMatch(/damaged/);
    expect(await blobs.put(Buffer.from("right"))).toBe(hash);
    expect(Buffer.from((await blobs.get(hash)) ?? []).toString()).toBe("right");
  });

  it("are tried again when the store is busy", async () => {
    busy = 2;
    const blobs = openBucket(settings());
    expect(await blobs.has(await blobs.put(Buffer.from("patience")))).toBe(true);
  });

  it("that are refused say what to check, and never the secret", async () => {
    for (const wrong of [settings("another secret"), settings(SECRET, "nobucket")]) {
      const error = await openBucket(wrong)
        .put(Buffer.from("x"))
        .catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(BucketError);
      expect((error as Error).message).toMatch(/QUITTANCE_S3_BUCKET/);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(/secret/);
    }
  });
});
