// A full disk under a service: it sells nothing that it cannot keep, says so, and goes on once there is room.
// The agent that asked meanwhile asks again with the same key, and pays once.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProject } from "../../../pipeline/project.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { quittance } from "../cli/fixtures.ts";
import { noMount, onSmallDisk } from "../small-disk.ts";
import { temporary, trainShop } from "./fixtures.ts";

const reason = noMount();
const { folder, remove } = temporary("full-disk");
let trained: string;

describe.skipIf(reason !== undefined)(reason ?? "a full disk under a service", () => {
  beforeAll(() => {
    trained = trainShop(folder);
  });
  afterAll(() => remove());

  it("sells nothing that it cannot keep, and goes on when there is room", () => {
    const at = (name: string): string => join(folder, name);
    const { out, shop } = onSmallDisk({
      folder,
      name: "served",
      shop: trained,
      megabytes: 100,
      script: [
        `quittance deposit --project $DISK/shop --payer a --amount 1 --key-out ${at("a.key")} || exit 3`,
        `${process.execPath} ${join(import.meta.dirname, "../../../pipeline/cli/main.ts")} serve --project $DISK/shop --port 0 --json > ${at("url")} 2> ${at("log")} &`,
        `until grep -q '"url"' ${at("url")}; do sleep 0.2; done`,
        `URL=$(grep -o 'http://[0-9.:]*' ${at("url")} | head -1)`,
        `ask() { quittance ask $URL --data ${at("digits")} --limit 1 --offset $1 --budget 1 --key-file ${at("a.key")} --folder ${at("agent")}; echo "asked $?"; }`,
        "ask 0",
        "fill",
        "ask 1 &",
        "ASKING=$!",
        `until grep -q '"status":503' ${at("log")}; do sleep 0.2; done`,
        "echo refused",
        "free",
        "wait $ASKING",
        "kill -TERM %1 2>/dev/null || kill -TERM $(cat $DISK/shop/lock)",
        "while [ -e $DISK/shop/lock ]; do sleep 0.2; done",
      ].join("\n"),
    });
    const log = readFileSync(at("log"), "utf8");
    expect(out, log).toMatch(/asked 0[\s\S]*refused[\s\S]*asked 0/);
    expect(log).toMatch(/storage_unavailable|Store\.WriteError/);

    const settled = quittance(["settle", "--project", shop, "--json"]);
    expect(settled.code, settled.err).toBe(0);
    expect(quittance(["verify", join(shop, "out", "epoch-1.json")]).code).toBe(0);
    const project = openProject({ folder: shop });
    try {
      const model = project.readState<{ id: string }>("model")?.id ?? "";
      const receipts = readReceipts(receiptsFolder(shop, model, 1));
      expect(receipts.map(({ sequence }) => sequence)).toEqual([0, 1]);
      expect(new Set(receipts.map(({ requestId }) => requestId)).size).toBe(2);
    } finally {
      project.close();
    }
  });
});
