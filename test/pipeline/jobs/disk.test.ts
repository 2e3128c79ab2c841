// A disk that is really full: a file system of its own in memory, mounted in a name space that needs no root,
// filled to the last byte. Each run says so in words, and goes on once there is room.

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLI, quittance } from "../cli/fixtures.ts";
import { countOutcomes, doneOnce, factsOf, ledgerOf, makeShops, type Shops } from "./fixtures.ts";

/** Why no file system can be mounted here, or undefined. */
function noMount(): string | undefined {
  const script = "mount -t tmpfs -o size=1m none /tmp";
  if (spawnSync("unshare", ["--user", "--map-root-user", "--mount", "sh", "-c", script]).status === 0)
    return undefined;
  const reason =
    "no file system can be mounted here: unshare --user --map-root-user --mount is refused (kernel.unprivileged_userns_clone)";
  if (process.env["QUITTANCE_NO_SKIP"] === "1") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

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

  /** Runs `script` with a copy of the shop on a small disk at $DISK/shop; brings the shop back. */
  const onSmallDisk = (name: string, script: string): { out: string; shop: string } => {
    const shop = shops.copy(`${name}-before`);
    const back = join(shops.folder, name);
    const disk = join(shops.folder, `${name}-disk`);
    for (const folder of [back, disk]) mkdirSync(folder);
    const lines = [
      `mount -t tmpfs -o size=150m none ${disk}`,
      `cp -r ${shop} ${disk}/shop`,
      `fill() { head -c 400000000 /dev/zero > ${disk}/fill 2>/dev/null || true; }`,
      `settle() { ${process.execPath} ${CLI} settle --project ${disk}/shop 2>&1; echo "exit $?"; }`,
      script,
      `cp -r ${disk}/shop/. ${back}`,
    ];
    writeFileSync(join(shops.folder, `${name}.sh`), lines.join("\n"));
    const run = spawnSync(
      "unshare",
      ["--user", "--map-root-user", "--mount", "sh", join(shops.folder, `${name}.sh`)],
      { encoding: "utf8" },
    );
    return { out: `${run.stdout}${run.stderr}`, shop: back };
  };

  it("before anything could be written: nothing is lost, and the run goes on", async () => {
    const { out, shop } = onSmallDisk(
      "at-start",
      "fill; settle; rm $DISK/fill; settle".replace("$DISK", diskOf("at-start")),
    );
    expect(out).toMatch(/disk .*full.*same command again.*exit 2.*exit 0/is);
    expect(factsOf(shop)).toBe(undisturbed);
  });

  it("while proofs are being made: those that were kept are not made again", async () => {
    const disk = diskOf("midway");
    const script = [
      // Fills the disk as soon as two proofs lie in the store.
      `(while [ "$(find ${disk}/shop/blobs -type f 2>/dev/null | wc -l)" -lt 3 ]; do sleep 0.05; done; fill) &`,
      "settle; wait",
      `rm ${disk}/fill; settle`,
    ].join("\n");
    const { out, shop } = onSmallDisk("midway", script);
    expect(out).toMatch(/disk .*full.*same command again.*exit 2.*exit 0/is);
    expect(factsOf(shop)).toBe(undisturbed);
    const attempts = await ledgerOf(shop);
    const { jobs, once } = doneOnce(attempts);
    expect(once).toBe(true);
    expect(countOutcomes(attempts)["done"]).toBe(jobs);
  });

  const diskOf = (name: string): string => join(shops.folder, `${name}-disk`);
});
