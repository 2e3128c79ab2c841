// Random small models go through everything at the tiny profile, with real proofs, and verify; random small
// changes of what they export do not. Another seed: `QUITTANCE_SEED=7 npm test`.
import { isDeepStrictEqual } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { type EpochBundle, parseBundle } from "../../pipeline/bundle.ts";
import { addsUp, EPOCH_STATUS } from "../../pipeline/chain/types.ts";
import type { ModelState } from "../../pipeline/commit.ts";
import { answerQueries } from "../../pipeline/infer.ts";
import { settleEpoch } from "../../pipeline/settle.ts";
import { verifyBundle } from "../../pipeline/verify.ts";
import { type Random, randomFrom, SEED, sampleRecord } from "../circuits/cases.ts";
import { mutated } from "./mutations.ts";
import { openShop, PROFILE, type Shop, train, UI } from "./shop.ts";

const MODELS = 3;
const MUTATIONS = 600;
const random = randomFrom(SEED);
const below = (bound: number): number => Number(random.unsigned(32)) % bound;
const shops: Shop[] = [];
afterAll(async () => {
  for (const shop of shops) await shop.close();
});

/** A datanet of 1 to 4 contributors with 1 or 2 batches each, and the pipeline's own fit of it, committed. */
async function randomModel(shop: Shop, of: Random): Promise<ModelState> {
  const data = Array.from({ length: 1 + below(4) }, () =>
    Array.from({ length: 1 + below(2) }, () =>
      Array.from({ length: 1 + below(PROFILE.batchRecords) }, () => sampleRecord(of, PROFILE)),
    ),
  );
  return await train(shop, data, 1000 + below(100_000));
}

describe(`random models at the tiny profile (seed ${SEED})`, () => {
  const bundles: EpochBundle[] = [];

  it.each(Array.from({ length: MODELS }, (_, i) => i + 1))("number %i verifies", async (number) => {
    const shop = await openShop(`properties/${SEED}/${number}`, "real");
    shops.push(shop);
    const { project, session } = shop;
    const model = await randomModel(shop, random);
    const queries = Array.from({ length: 1 + below(5) }, () => ({
      content: Uint8Array.from({ length: 784 }, () => below(256)),
      payer: ["alice", "bob"][below(2)] as string,
      feeUnits: 1 + below(65_535),
    }));
    await answerQueries({ project, session, queries, ui: UI });
    const { bundle, epoch } = await settleEpoch({ project, session, ui: UI });
    expect(await session.contracts.trainingProven(model.id)).toBe(true);
    const view = await session.contracts.epoch(model.id, epoch);
    expect(EPOCH_STATUS[Number(view.status)]).toBe("settled");
    expect(addsUp(await session.contracts.accounting(model.id))).toBe(true);
    const lines = await verifyBundle(bundle, session.keys);
    expect(lines.filter(({ ok }) => !ok)).toEqual([]);
    expect(lines.find(({ name }) => name === "training")?.assurance).toBe("proven");
    bundles.push(bundle);
  });

  it(`an exported bundle that was changed in one of ${MUTATIONS} ways does not`, async () => {
    const largest = bundles.reduce((a, b) => (JSON.stringify(a).length > JSON.stringify(b).length ? a : b));
    const text = JSON.stringify(largest);
    const keys = (shops[0] as Shop).session.keys;
    const survivors: string[] = [];
    for (let tried = 0; tried < MUTATIONS; ) {
      const mutation = mutated(text, below);
      if (mutation === undefined || meansTheSame(mutation.text, largest)) continue;
      tried++;
      if (!(await isDoubted(mutation.text, keys))) survivors.push(mutation.what);
    }
    expect(survivors).toEqual([]);
    expect(await isDoubted(text, keys)).toBe(false);
  });
});

async function isDoubted(text: string, keys: Shop["session"]["keys"]): Promise<boolean> {
  let bundle: EpochBundle;
  try {
    bundle = parseBundle(JSON.parse(text));
  } catch {
    return true;
  }
  return (await verifyBundle(bundle, keys, { firstDoubt: true })).some(({ ok }) => !ok);
}

/**
 * The same document (equal entries swapped), or one that differs in the case of an address's letters only.
 */
function meansTheSame(text: string, original: EpochBundle): boolean {
  try {
    return isDeepStrictEqual(lowered(JSON.parse(text)), lowered(original));
  } catch {
    return false;
  }
}

function lowered(document: unknown): unknown {
  const address = /^0x[0-9a-fA-F]{40}$/;
  return JSON.parse(JSON.stringify(document), (_key, value: unknown) =>
    typeof value === "string" && address.test(value) ? value.toLowerCase() : value,
  );
}
