// A full disk under a settlement: each run says so in words, and goes on once there is room.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quittance } from "../cli/fixtures.ts";
import { noMount, onSmallDisk } from "../small-disk.ts";
import { countOutcomes, doneOnce, factsOf, ledgerOf, makeShops, type Shops } from "./fixtures.ts";

const reason = noMount();
let shops: Shops;
let undisturbed = "";

describe.skipIf(reason !== undefined)(reason ?? "a full disk", () => {
  beforeAll(() => {
    shops = makeShops(40, 12);
    const shop = shops.copy("undisturbed");
    const run = quittance(["settle", "--project", shop]);
    if (run.code !== 0) throw new Error(run.err);
    undisturbed = factsOf(shop);
  });
  afterAll(() => shops.remove());

  const settling = (name: string, ...script: string[]): { out: string; shop: string } =>
    onSmallDisk({
      folder: shops.folder,
      name,
      shop: shops.copy(`${name}-before`),
      megabytes: 150,
      script: ['settle() { quittance settle --project $DISK/shop 2>&1; echo "exit $?"; }', ...script].join(
        "\n",
      ),
    });

  it("before anything could be written: nothing is lost, and the run goes on", async () => {
    const { out, shop } = settling("at-start", "fill; settle; free; settle");
    expect(out).toMatch(/disk .*full.*same command again.*exit 2.*exit 0/is);
    expect(factsOf(shop)).toBe(undisturbed);
  });

  it("while proofs are being made: those that were kept are not made again", async () => {
    const { out, shop } = settling(
      "midway",
      // Fills the disk as soon as two proofs lie in the store.
      '(while [ "$(find $DISK/shop/blobs -type f 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.05; done; fill) &',
      "settle; wait",
      "free; settle",
    );
    expect(out).toMatch(/disk .*full.*same command again.*exit 2.*exit 0/is);
    expect(factsOf(shop)).toBe(undisturbed);
    const attempts = await ledgerOf(shop);
    const { jobs, once } = doneOnce(attempts);
    expect(once).toBe(true);
    expect(countOutcomes(attempts)["done"]).toBe(jobs);
  });
});
