// "Verify this yourself" in a real Chromium, on the static export of a real project: what the browser says is
// what the command says, line by line; what was tampered with is shown as such; and nobody is asked anything.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EpochBundle, parseBundle } from "../../pipeline/bundle-format.ts";
import { keysFolder } from "../../pipeline/environment.ts";
import { type Check, verifyBundle } from "../../pipeline/verify.ts";
import { loadKeys } from "../../prover/keys/manifest.ts";
import type { VerifyingKeysDocument } from "../../prover/keys/verifying.ts";
import { quittance } from "../pipeline/cli/fixtures.ts";
import { makeShop } from "../pipeline/views/shop.ts";
import { noChromium, openPage, PATIENCE_MS, SETUP_MS, startChromium, type Watched } from "./chromium.ts";
import { foreignKeys } from "./keys.ts";
import { type FolderServer, serveFolder } from "./server.ts";

const reason = noChromium();
const folder = mkdtempSync(join(tmpdir(), "quittance-verify-"));
const site = join(folder, "site");
const other = (name: string): string => join(folder, name);

describe.skipIf(reason !== undefined)(reason ?? "verify this yourself", () => {
  let browser: Browser;
  let server: FolderServer;
  let shop: string;
  let bundle: EpochBundle;
  beforeAll(async () => {
    shop = makeShop(folder);
    const run = quittance(["export", "--json", "--project", shop, "--out", site]);
    expect(run.code, run.err).toBe(0);
    expect(JSON.parse(run.out).result).toMatchObject({ models: 1, epochs: 2, bundles: 1, contributors: 5 });
    const licences = readFileSync(join(site, "licences.txt"), "utf8");
    for (const name of ["snarkjs", "ffjavascript", "ethers", "preact"])
      expect(licences).toContain(`## ${name} - `);
    bundle = JSON.parse(readFileSync(join(shop, "out", "epoch-1.json"), "utf8")) as EpochBundle;
    server = await serveFolder(site);
    browser = await startChromium();
  }, SETUP_MS);
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Opens the page with everything loaded, does something, and wants nothing to have gone wrong. */
  async function onPage(
    work: (page: Page, watched: Watched) => Promise<void>,
    path = "#/verify",
  ): Promise<void> {
    const watched = await openPage(browser);
    try {
      await watched.page.goto(`${server.url}${path}`);
      await watched.page.getByText("it works without a network").waitFor();
      await work(watched.page, watched);
      expect(watched.faults).toEqual([]);
    } finally {
      await watched.close();
    }
  }

  const file = (name: string, value: unknown): string => {
    const path = other(name);
    writeFileSync(path, typeof value === "string" ? value : JSON.stringify(value));
    return path;
  };
  const give = (page: Page, ...paths: string[]): Promise<void> => page.setInputFiles("#subject", paths);
  const lines = (page: Page): Promise<Check[]> =>
    page.locator(".line").evaluateAll((items) =>
      items.map((item) => ({
        name: item.querySelector("strong")?.textContent ?? "",
        assurance: (item.querySelector(".mark")?.textContent ?? "") as "proven",
        ok: !item.classList.contains("doubt"),
        detail: item.querySelector(".detail")?.textContent ?? "",
        ...(item.querySelector(".tick")?.textContent === "○" && { elsewhere: true as const }),
      })),
    );
  const doubts = async (page: Page): Promise<string[]> =>
    (await lines(page)).filter(({ ok }) => !ok).map(({ name }) => name);
  const ended = (page: Page): Promise<void> => page.locator('.run:not([data-state="running"])').waitFor();

  it("says line by line what the command says", async () => {
    const path = join(shop, "out", "epoch-1.json");
    const told = JSON.parse(quittance(["verify", "--json", path]).out) as { ok: boolean; checks: Check[] };
    expect(told.ok).toBe(true);
    await onPage(async (page) => {
      await give(page, path);
      await page.getByText("Nothing is in doubt.").waitFor();
      expect(await lines(page)).toEqual(told.checks);
      expect(await page.getByText(/development keys: whoever made them could have forged/).count()).toBe(1);
      expect(await page.locator("[role=alert]").count()).toBe(0);
    });
  });

  it("asks nobody while it checks, and needs no network", async () => {
    await onPage(async (page, { requests }) => {
      await page.context().setOffline(true);
      const before = requests.length;
      await give(page, join(shop, "out", "epoch-1.json"));
      await page.getByText("Nothing is in doubt.").waitFor();
      expect(requests.slice(before)).toEqual([]);
      // And again, with another: the worker stays.
      await give(page, file("again.json", { ...bundle, epoch: 2 }));
      await page.getByText("do not rely on this file").waitFor();
      expect(requests.slice(before)).toEqual([]);
      expect(requests.every((url) => url.startsWith(server.url))).toBe(true);
    });
  });

  it("shows what was tampered with, and where", async () => {
    const { settlement, model, inference, adjoint } = bundle;
    const [first = "", ...rest] = settlement.payoutsWei;
    const [batch] = inference;
    const receipts = (batch?.receipts ?? []).map((receipt, i) =>
      i === 0 ? { ...receipt, feeUnits: receipt.feeUnits + 1 } : receipt,
    );
    const swapped = model.contributors.map((contributor, i) => ({
      ...contributor,
      account: model.contributors[(i + 1) % model.contributors.length]?.account ?? "",
    }));
    const tampered: readonly (readonly [name: string, value: unknown, doubts: readonly string[]])[] = [
      [
        "a payout",
        { ...bundle, settlement: { ...settlement, payoutsWei: [String(BigInt(first) + 1n), ...rest] } },
        ["payouts"],
      ],
      [
        "a receipt",
        { ...bundle, inference: [{ ...batch, receipts }, ...inference.slice(1)] },
        ["receipts", "statements fit together"],
      ],
      [
        "a proof",
        { ...bundle, adjoint: { ...adjoint, proof: { ...adjoint.proof, c: bundle.weights[0]?.proof.c } } },
        ["adjoint proofs"],
      ],
      [
        "the contributors' order",
        { ...bundle, model: { ...model, contributors: swapped } },
        ["model identity", "contributors' signatures"],
      ],
    ];
    const keys = await loadKeys(keysFolder("tiny"));
    await onPage(async (page) => {
      for (const [name, value, expected] of tampered) {
        const path = file(`${name.replaceAll(/\W/g, "-")}.json`, value);
        await give(page, path);
        await page.getByRole("heading", { name: `Bundle ${name.replaceAll(/\W/g, "-")}.json` }).waitFor();
        await ended(page);
        const alert = page.getByRole("alert");
        expect([name, await alert.textContent()]).toEqual([name, expect.stringMatching(/Not verified/)]);
        expect([name, await doubts(page)]).toEqual([name, expect.arrayContaining([...expected])]);
        expect(await lines(page)).toEqual(await verifyBundle(parseBundle(value), keys));
      }
    });
  });

  it("says so when a file is none of ours", async () => {
    const cut = readFileSync(join(shop, "out", "epoch-1.json"), "utf8").slice(0, 20_000);
    await onPage(async (page) => {
      const cases: readonly (readonly [string, RegExp])[] = [
        [file("noise.bin", "\u0000\u0001 not JSON"), /noise\.bin is neither an epoch bundle nor a receipt/],
        [file("cut.json", cut), /cut\.json is not an epoch bundle/],
        [file("extra.json", { ...bundle, note: "hi" }), /extra\.json is not an epoch bundle \(.*note/],
        [file("empty.json", ""), /empty\.json is neither/],
        [file("receipt.json", '{"format":"quittance-receipt/2"}'), /receipt\.json is not a receipt/],
      ];
      for (const [path, message] of cases) {
        await give(page, path);
        const alert = page.getByRole("alert").filter({ hasText: message });
        await alert.waitFor();
        expect(await alert.textContent()).toMatch(/cannot be read/);
        expect(await page.locator(".verdict.good").count()).toBe(0);
      }
    });
  });

  it("checks with keys from elsewhere, and refuses those that prove nothing", async () => {
    const keys = JSON.parse(
      readFileSync(join(site, "data", "keys", "tiny.json"), "utf8"),
    ) as VerifyingKeysDocument;
    await onPage(async (page) => {
      await give(page, join(shop, "out", "epoch-1.json"), file("same-keys.json", keys));
      await page.getByText("Nothing is in doubt.").waitFor();
      expect(await page.locator(".keys").textContent()).toMatch(/same-keys\.json/);

      // Keys that are in order, of somebody else.
      await give(page, file("their-keys.json", foreignKeys(keys)));
      await page.getByText("do not rely on this file").waitFor();
      expect(await doubts(page)).toEqual(["verifying keys", "adjoint proofs"]);

      // Keys that anybody could forge for, and a file that names other keys than it holds.
      const { adjoint, model } = keys.vkeys;
      const weak = { ...adjoint, vk_delta_2: adjoint.vk_gamma_2 };
      await give(page, file("weak.json", { ...keys, vkeys: { ...keys.vkeys, adjoint: weak } }));
      await page.getByText(/anybody can forge/).waitFor();
      await give(page, file("exchanged.json", { ...keys, vkeys: { ...keys.vkeys, adjoint: model } }));
      await page.getByText(/not the one that the manifest names/).waitFor();

      await page.getByRole("button", { name: "Use this page’s keys again" }).click();
      await page.getByText("Nothing is in doubt.").waitFor();
    });
  });

  it("checks a receipt, what it is about, and that its epoch lists it", async () => {
    const receipts = join(shop, "receipts", readdirSync(join(shop, "receipts"))[0] ?? "");
    const receipt = join(receipts, "1", "000001.json");
    const pixels = readFileSync(join(folder, "digits", "t10k-images-idx3-ubyte"));
    const digit = (index: number, name: string): string => {
      writeFileSync(other(name), pixels.subarray(16 + 784 * index, 16 + 784 * (index + 1)));
      return other(name);
    };
    await onPage(async (page) => {
      await give(page, receipt);
      await page.getByText("Nothing is in doubt.").waitFor();
      expect((await lines(page)).map(({ name }) => name)).toEqual(["receipt", "features"]);
      await page.setInputFiles("#beside", [digit(1, "asked"), join(shop, "out", "epoch-1.json")]);
      await page.getByText(/listed in epoch-1\.json/).waitFor();
      expect(await doubts(page)).toEqual([]);
      await page.setInputFiles("#beside", digit(2, "another"));
      await page.getByText("the content is not the one that was asked about").waitFor();
      expect(await page.getByRole("alert").textContent()).toMatch(/Not verified/);

      const forged = readFileSync(receipt, "utf8").replace('"feeUnits":7', '"feeUnits":6');
      await give(page, file("forged.json", forged));
      await page.getByText(/the signature is not the operator's/).waitFor();
      // Its own epoch, if that does not list it, is what a payer complains with; another one says nothing.
      await give(page, join(receipts, "2", "000000.json"), join(shop, "out", "epoch-1.json"));
      await page.getByText(/is epoch 1, the receipt is of epoch 2/).waitFor();
      const inference = bundle.inference.map((batch) => ({ ...batch, receipts: batch.receipts.slice(0, 1) }));
      await give(page, receipt, file("without.json", { ...bundle, inference }));
      await page.getByText(/keep the receipt, it shows what was left out/).waitFor();
    });
  });

  it("takes files that are dropped, and an epoch by its address", async () => {
    await onPage(async (page) => {
      const text = JSON.stringify(bundle);
      const transfer = await page.evaluateHandle((content) => {
        const data = new DataTransfer();
        data.items.add(new File([content], "dropped.json"));
        return data;
      }, text);
      await page.dispatchEvent(".drop", "drop", { dataTransfer: transfer });
      await page.getByRole("heading", { name: "Bundle dropped.json" }).waitFor();
      await page.getByText("Nothing is in doubt.").waitFor();
    });
    await onPage(async (page) => {
      await page.getByText("Nothing is in doubt.").waitFor();
      expect(await page.locator(".subject").textContent()).toContain("25");
    }, `#/verify?model=${bundle.model.id}&epoch=1`);
  });

  it("comes with every other page, and none of them asks for what is not there", async () => {
    const model = bundle.model.id.toLowerCase();
    const account = bundle.model.contributors[0]?.account ?? "";
    const watched = await openPage(browser);
    const { page } = watched;
    for (const path of [
      "/",
      "/datanets/1",
      "/contributors",
      `/contributors/${account}`,
      `/models/${model}`,
    ]) {
      await page.goto(`${server.url}#${path}`);
      await page.locator("h1").waitFor();
      await expect.poll(() => page.locator(".loading").count(), { timeout: PATIENCE_MS }).toBe(0);
      expect([path, await page.locator("[role=alert]").count()]).toEqual([path, 0]);
    }
    await page.goto(`${server.url}#/models/${model}/epochs/1`);
    await page.getByRole("link", { name: "Verify this epoch yourself" }).click();
    await page.getByText("Nothing is in doubt.").waitFor();
    expect(await page.getByRole("link", { name: "Ask", exact: true }).count()).toBe(0);
    expect(watched.faults).toEqual([]);
    await watched.close();
  });

  it("is exported again over itself, and over nothing else", () => {
    const args = ["export", "--json", "--project", shop, "--out"];
    writeFileSync(join(site, "data", "stale.json"), "{}");
    expect(quittance([...args, site]).code).toBe(0);
    expect(existsSync(join(site, "data", "stale.json"))).toBe(false);
    const mine = other("mine");
    mkdirSync(mine);
    writeFileSync(join(mine, "thesis.txt"), "all of it");
    const refused = quittance([...args, mine]);
    expect([refused.code, JSON.parse(refused.out).error]).toEqual([2, "Export.Folder"]);
    expect(readFileSync(join(mine, "thesis.txt"), "utf8")).toBe("all of it");
    cpSync(join(site, "config.json"), join(mine, "config.json"));
    expect(quittance([...args, mine]).code).toBe(2);
  });
});
