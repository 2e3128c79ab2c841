// A receipt against a bundle: listed, left out, or of something else, which accuses nobody.
import { beforeAll, describe, expect, it } from "vitest";
import type { EpochBundle } from "../../pipeline/bundle-format.ts";
import { accountOf } from "../../pipeline/engine/ethers.ts";
import { type Receipt, receiptRecord, signReceipt } from "../../pipeline/receipts.ts";
import { receiptChecks } from "../../pipeline/verify-receipt.ts";
import { loadProfile, recordLeaf } from "../../prover/index.ts";

const KEY = `0x${"17".repeat(32)}`;
const [MODEL, OTHER] = [`0x${"a1".repeat(32)}`, `0x${"b2".repeat(32)}`];
let receipt: Receipt;
beforeAll(async () => {
  const feeUnits = 7;
  const opening = { features: new Int8Array([1, -2, 3, 127]), answer: 2, digest: 5n, salt: 6n };
  receipt = await signReceipt(KEY, {
    ...{ format: "quittance-receipt/2", profile: "tiny", chainId: 31_337, modelId: MODEL, epoch: 2 },
    ...{ epochs: `0x${"c3".repeat(20)}`, operator: accountOf(KEY).address, payer: `0x${"d4".repeat(20)}` },
    ...{ sequence: 0, issuedAt: "2026-01-01T00:00:00.000Z", dueBy: 1_800_000_000, feeUnits, opening },
    ...{ backbone: "00".repeat(32), requestId: `0x${"e5".repeat(32)}`, unproven: false },
    leaf: recordLeaf(receiptRecord({ opening, feeUnits }), loadProfile("tiny")),
  });
});

/** What a bundle says that a receipt is held against. */
function bundle(of: {
  readonly id?: string;
  readonly epoch?: number;
  readonly listed?: boolean;
}): EpochBundle {
  const entry = { requestId: receipt.requestId, leaf: String(receipt.leaf) };
  const inference = [{ receipts: of.listed === false ? [] : [entry] }];
  return { model: { id: of.id ?? MODEL }, epoch: of.epoch ?? 2, inference } as unknown as EpochBundle;
}

describe("a receipt that is held against a bundle", () => {
  const lines = (of: Parameters<typeof bundle>[0]): string[] =>
    receiptChecks(receipt, { bundle: bundle(of), where: "b.json" })
      .filter(({ elsewhere }) => elsewhere !== true)
      .map(({ name, ok, detail }) => `${ok ? "✓" : "✗"} ${name}: ${detail}`);
  const signed = (): string => `✓ receipt: signed by ${receipt.operator}: answer 2 for 7 fee units`;

  it("is listed, or shows what was left out of its own epoch", () => {
    expect(lines({})).toEqual([signed(), "✓ inclusion: listed in b.json; verify that bundle too"]);
    expect(lines({ listed: false })).toEqual([
      signed(),
      "✗ inclusion: not in b.json: keep the receipt, it shows what was left out",
    ]);
  });

  it("accuses nobody if it is of another epoch or model, listed there or not", () => {
    for (const listed of [true, false]) {
      expect(lines({ epoch: 1, listed })).toEqual([
        signed(),
        "✗ inclusion: b.json is epoch 1, the receipt is of epoch 2: give that one's bundle",
      ]);
      expect(lines({ id: OTHER, listed })[1]).toBe(
        `✗ inclusion: b.json is of model ${OTHER}, the receipt of model ${MODEL}: give that one's bundle`,
      );
    }
  });
});
