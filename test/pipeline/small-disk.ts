// A disk that is really full: a file system of its own in memory, mounted in a name space that needs no root,
// filled to the last byte.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CLI } from "./cli/fixtures.ts";

const IN_A_NAME_SPACE = ["--user", "--map-root-user", "--mount"];

/** Why no file system can be mounted here, or undefined. Throws where nothing may be skipped. */
export function noMount(): string | undefined {
  const script = "mount -t tmpfs -o size=1m none /tmp";
  if (spawnSync("unshare", [...IN_A_NAME_SPACE, "sh", "-c", script]).status === 0) return undefined;
  const reason =
    "no file system can be mounted here: unshare --user --map-root-user --mount is refused (kernel.unprivileged_userns_clone)";
  if (process.env["QUITTANCE_NO_SKIP"] === "1") throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

/**
 * Runs a shell script with a copy of `shop` on a small disk, at `$DISK/shop`, and brings the shop back to
 * `folder/name`. In the script, `fill` fills the disk, `free` frees it, and `quittance` is the tool.
 */
export function onSmallDisk(of: {
  readonly folder: string;
  readonly name: string;
  readonly shop: string;
  readonly megabytes: number;
  readonly script: string;
}): { readonly out: string; readonly shop: string } {
  const { folder, name, shop, megabytes, script } = of;
  const back = join(folder, name);
  const disk = join(folder, `${name}-disk`);
  for (const made of [back, disk]) mkdirSync(made);
  const lines = [
    `DISK=${disk}`,
    `mount -t tmpfs -o size=${megabytes}m none $DISK`,
    `cp -r ${shop} $DISK/shop`,
    "fill() { head -c 400000000 /dev/zero > $DISK/fill 2>/dev/null || true; }",
    "free() { rm -f $DISK/fill; }",
    `quittance() { ${process.execPath} ${CLI} "$@"; }`,
    script,
    `cp -r $DISK/shop/. ${back}`,
  ];
  const path = join(folder, `${name}.sh`);
  writeFileSync(path, lines.join("\n"));
  const run = spawnSync("unshare", [...IN_A_NAME_SPACE, "sh", path], { encoding: "utf8", timeout: 280_000 });
  return { out: `${run.stdout}${run.stderr}`, shop: back };
}
