import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readVoucherFile, writeVoucherFile } from "../../../pipeline/payments/voucher-file.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-voucher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = { chainId: 31337, vault: `0x${"a1".repeat(20)}` };
const voucher = {
  payer: `0x${"b2".repeat(20)}`,
  operator: `0x${"c3".repeat(20)}`,
  model: `0x${"d4".repeat(32)}`,
  cumulative: 5n,
  expiry: 7n,
  signature: `0x${"e5".repeat(65)}`,
};

describe("a voucher's file", () => {
  it("comes back as it went, and nobody else of the machine reads it: answers can be bought with it", () => {
    const path = join(folder, "voucher.json");
    writeFileSync(path, "an older one");
    writeVoucherFile(path, at, voucher);
    expect(readVoucherFile(path, at)).toEqual(voucher);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});
