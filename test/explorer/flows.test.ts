// What people do with the pages of a served project, in a real Chromium: look at an epoch, find themselves,
// claim with a wallet, and have an answer explained.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { send } from "../../pipeline/chain/client.ts";
import { accountOf } from "../../pipeline/engine/ethers.ts";
import { receiptsFolder } from "../../pipeline/receipt-store.ts";
import type {
  ContributorView,
  DatanetView,
  EpochView,
  ModelSummary,
  ModelView,
} from "../../pipeline/views/types.ts";
import { quittance } from "../pipeline/cli/fixtures.ts";
import { temporary } from "../pipeline/service/fixtures.ts";
import { makeShop } from "../pipeline/views/shop.ts";
import { noChromium, openPage, startChromium, type Watched } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";
import { injectWallet, type Mood } from "./wallet.ts";

const reason = noChromium();

describe.skipIf(reason !== undefined)(reason ?? "the pages of a project", () => {
  const { folder, remove } = temporary("flows");
  let shop: string;
  let served: Served;
  let browser: Browser;
  let model: ModelView;
  beforeAll(async () => {
    shop = makeShop(folder);
    served = await serve(shop, "--fee", "9");
    const [summary] = await served.get<ModelSummary[]>("models");
    model = await served.get<ModelView>(`models/${summary?.id}`);
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
    remove();
  });

  /** Opens a page, does something, and wants nothing to have gone wrong but what is named. */
  async function on(
    path: string,
    work: (watched: Watched) => Promise<void>,
    { before, faults = [] }: { before?: (watched: Watched) => Promise<void>; faults?: RegExp[] } = {},
  ): Promise<void> {
    const watched = await openPage(browser);
    try {
      await before?.(watched);
      await watched.page.goto(`${served.url}/#${path}`);
      await work(watched);
      expect(watched.faults.filter((fault) => !faults.some((known) => known.test(fault)))).toEqual([]);
    } finally {
      await watched.close();
    }
  }

  it("show an epoch's influence and payouts as the service tells them, drawn and as a table", async () => {
    const epoch = await served.get<EpochView>(`models/${model.id}/epochs/1`);
    const ranked = [...epoch.contributors].sort((a, b) => (b.influence ?? 0) - (a.influence ?? 0));
    await on(`/models/${model.id}/epochs/1`, async ({ page }) => {
      const chart = page.getByRole("figure", { name: "Influence on the answers" });
      await chart.waitFor();
      expect(await chart.locator(".bar-name").allTextContents()).toEqual(ranked.map(({ name }) => name));
      const figures = await chart.locator(".bar-text").allTextContents();
      for (const [i, text] of figures.entries()) {
        const influence = ranked[i]?.influence ?? Number.NaN;
        expect(Number(text.replace("−", "-"))).toBeCloseTo(influence, 2);
      }
      // A bar is as long as its figure: the longest spans the whole side that it is on.
      const widths = await chart
        .locator("rect.bar")
        .evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("width"))));
      const positive = ranked.map(({ influence = 0 }) => Math.abs(influence));
      const scale = (widths[0] ?? 0) / (positive[0] ?? 1);
      for (const [i, width] of widths.entries()) expect(width).toBeCloseTo((positive[i] ?? 0) * scale, 1);
      await chart.getByText("The same as a table").click();
      const rows = chart.getByRole("row");
      expect(await rows.count()).toBe(ranked.length + 1);
      const wei = await chart.locator("tbody td:last-child").allTextContents();
      expect(wei.map((text) => text.replaceAll(/\D/g, ""))).toEqual(ranked.map((one) => one.payoutWei));
      const answers = page.getByRole("region", { name: /Answers and fees/ }).locator("tbody tr");
      expect(await answers.count()).toBe(epoch.answers.length);
    });
  });

  it("tell more of a bar under the keyboard's focus, and put it away with Escape", async () => {
    await on(`/models/${model.id}/epochs/1`, async ({ page }) => {
      const row = page.getByRole("figure", { name: "Payouts" }).locator(".bar-row").first();
      await row.waitFor();
      const note = page.getByRole("figure", { name: "Payouts" }).getByRole("tooltip").first();
      expect(await note.isVisible()).toBe(false);
      await row.focus();
      await page.keyboard.press("Shift+Tab");
      await page.keyboard.press("Tab");
      expect(await note.isVisible()).toBe(true);
      expect(await row.getAttribute("aria-describedby")).toBe(await note.getAttribute("id"));
      await page.keyboard.press("Escape");
      expect(await note.isVisible()).toBe(false);
      const name = (await row.locator(".bar-name").textContent()) ?? "";
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { level: 1, name }).waitFor();
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    });
  });

  it("draw a model's lineage with links to all that it came from and that came of it", async () => {
    await on(`/models/${model.id}`, async ({ page }) => {
      const picture = page.getByRole("group", { name: /Lineage of model/ });
      await picture.waitFor();
      const links = await picture.locator("a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
      expect(links).toEqual(
        expect.arrayContaining([
          `#/datanets/${model.datanet}`,
          ...model.contributors.map(({ address }) => `#/contributors/${address}`),
          ...model.epochs.map(({ number }) => `#/models/${model.id}/epochs/${number}`),
        ]),
      );
      expect(await picture.getByText("training: proven").count()).toBe(1);
      await picture.getByRole("link", { name: /Epoch 1/ }).click();
      await page.getByRole("heading", { level: 1, name: "Epoch 1" }).waitFor();
    });
  });

  it("say when the open epoch must be on chain, by the receipts, and what it means once that is past", async () => {
    const path = `models/${model.id}/epochs/2`;
    const epoch = await served.get<EpochView>(path);
    const dueBy = Math.min(...epoch.answers.map((answer) => answer.dueBy));
    const says = async ({ page }: Watched, text: RegExp, at: number): Promise<void> => {
      const line = page.locator(".said", { hasText: text });
      await line.waitFor();
      expect(await line.locator("time").getAttribute("datetime")).toBe(new Date(at * 1_000).toISOString());
      expect(await line.locator(".mark").textContent()).toBe("attested");
    };
    await on(`/${path}`, (at) => says(at, /Receipts of this epoch are committed by .* at the latest/, dueBy));
    await on(`/models/${model.id}`, (at) =>
      says(at, /Receipts of epoch 2 are committed by .* at the latest/, dueBy),
    );
    await on(`/models/${model.id}/epochs/1`, async ({ page }) => {
      await page.getByRole("figure", { name: "Payouts" }).waitFor();
      expect(await page.getByText(/Receipts of this epoch/).count()).toBe(0);
    });
    const past = Math.floor(Date.now() / 1_000) - 60;
    await on(`/${path}`, (at) => says(at, /were to be committed by .*, which has passed/, past), {
      before: async ({ page }) => {
        await page.route(`**/${path}`, (route) => route.fulfill({ json: { ...epoch, dueBy: past } }));
      },
    });
    // An exported page speaks of the time when it was written.
    await on(`/${path}`, (at) => says(at, /When these pages were written, this epoch was not/, dueBy), {
      before: async ({ page }) => {
        const config = await served.get<object>("config.json");
        await page.route("**/config.json", (route) => route.fulfill({ json: { ...config, mode: "static" } }));
        await page.route(`**/data/${path}.json`, (route) => route.fulfill({ json: epoch }));
      },
    });
  });

  it("stay readable with hundreds of contributors", async () => {
    const many = Array.from({ length: 400 }, (_, i) => {
      const like = model.contributors[i % model.contributors.length] as ModelView["contributors"][number];
      const address = `0x${i.toString(16).padStart(40, "0")}`;
      const earnedWei = String(BigInt(like.earnedWei) / BigInt(i + 1));
      return { ...like, address, name: `contributor-${i}`, samples: 400 - i, earnedWei };
    });
    await on(
      `/models/${model.id}`,
      async ({ page }) => {
        const picture = page.getByRole("group", { name: /Lineage of model/ });
        await picture.waitFor();
        expect(await picture.locator("rect.strip").count()).toBe(17);
        await picture.getByRole("link", { name: /^384 more: / }).waitFor();
        const overlaps = await picture.locator("rect.strip").evaluateAll((strips) => {
          const boxes = strips.map((strip) => strip.getBoundingClientRect());
          return boxes.filter((box, i) => i > 0 && box.top < (boxes[i - 1]?.bottom ?? 0)).length;
        });
        expect(overlaps).toBe(0);
        const chart = page.getByRole("figure", { name: "Earned so far" });
        expect(await chart.locator(".bar-row").count()).toBe(20);
        await chart.getByRole("button", { name: "Show the 380 between" }).click();
        expect(await chart.locator(".bar-row").count()).toBe(400);
      },
      {
        before: async ({ page }) => {
          await page.route(`**/models/${model.id}`, (route) =>
            route.fulfill({ json: { ...model, contributors: many } }),
          );
        },
      },
    );
  });

  it("let somebody find their own page, with each batch that they signed", async () => {
    const [datanet] = await served.get<DatanetView[]>("datanets");
    const wanted = datanet?.contributors[2];
    await on("/contributors", async ({ page }) => {
      await page.getByLabel("Name or address").fill(wanted?.name ?? "");
      await page.getByText("1 of 5 contributors").waitFor();
      await page.getByRole("link", { name: wanted?.name ?? "", exact: true }).click();
      const batches = page.getByRole("region", { name: /Signed by this contributor/ }).locator("tbody tr");
      await batches.first().waitFor();
      expect(await batches.count()).toBe(wanted?.batches.length);
      await page.goBack();
      await page.getByLabel("Name or address").fill("nobody");
      await page.getByText("Nobody of that name or address contributed here.").waitFor();
    });
  });

  it("say what to do where there is no wallet", async () => {
    const address = model.contributors[0]?.address ?? "";
    const view = await served.get<ContributorView>(`contributors/${address}`);
    await on(`/contributors/${address}`, async ({ page }) => {
      await page.getByText("This browser offers no wallet.").waitFor();
      expect(await page.getByRole("button", { name: /Claim/ }).count()).toBe(0);
      await page.getByText(`npx quittance claim --project FOLDER --account ${address}`).waitFor();
      await page.getByText("The transaction", { exact: true }).click();
      const { to, data } = view.models[0]?.claim ?? { to: "", data: "" };
      expect(await page.getByText(to, { exact: true }).count()).toBe(1);
      expect(await page.getByText(data, { exact: true }).count()).toBe(1);
    });
  });

  it("claim exactly what is owed with a wallet, once", async () => {
    const { address } = model.contributors[1] as ModelView["contributors"][number];
    const token = model.price.token.address;
    const stranger = accountOf(`0x${"7".repeat(64)}`);
    await served.fund(stranger.address, 1n);
    const view = await served.get<ContributorView>(`contributors/${address}`);
    const owed = BigInt(view.models[0]?.owedWei ?? 0);
    expect(owed).toBeGreaterThan(0n);
    const held = await served.balance(token, address);
    const mood: Mood = { asked: [], chainId: 1 };
    await on(
      `/contributors/${address}`,
      async ({ page }) => {
        await page.getByRole("button", { name: "Claim with Test wallet" }).click();
        await page.getByText(/Paid: .* went to this contributor/).waitFor();
        expect((await served.balance(token, address)) - held).toBe(owed);
        // It stood on another chain, was asked to change, and sent one transaction.
        expect(mood.asked.filter((method) => /^wallet_|send/.test(method))).toEqual([
          "wallet_switchEthereumChain",
          "eth_sendTransaction",
        ]);
        expect(await page.getByRole("button", { name: /Claim with/ }).count()).toBe(0);
        // The page looks again by itself, and so does whoever comes later.
        const claims = page.getByRole("region", { name: /^Claims/ }).locator("tbody tr");
        await claims.waitFor();
        await page.reload();
        await page.getByText("Nothing is owed: all that was earned is paid.").waitFor();
        expect(await page.getByRole("button", { name: /Claim with/ }).count()).toBe(0);
        expect(await claims.count()).toBe(1);
      },
      { before: ({ page }) => injectWallet(page, served.chain, stranger, mood) },
    );
    expect(await served.balance(token, stranger.address)).toBe(1n);
  });

  it("say plainly when a wallet refuses, stays elsewhere, or comes too late", async () => {
    const { address } = model.contributors[2] as ModelView["contributors"][number];
    const payer = accountOf(`0x${"8".repeat(64)}`);
    await served.fund(payer.address, 1n);
    const mood: Mood = { asked: [], refuse: ["eth_sendTransaction"] };
    await on(
      `/contributors/${address}`,
      async ({ page }) => {
        const button = page.getByRole("button", { name: "Claim with Test wallet" });
        const alert = page.getByRole("alert");
        await button.click();
        await alert.getByText("You refused it in the wallet. Nothing was sent.").waitFor();
        Object.assign(mood, { refuse: [], chainId: 5, stuck: true });
        await button.click();
        await alert.getByText(/The wallet is on chain 5, and the money is on chain 31337/).waitFor();
        Object.assign(mood, { chainId: 31_337 });
        // Somebody else claims for them while the page stands open: the vault pays nothing twice.
        const view = await served.get<ContributorView>(`contributors/${address}`);
        const { to = "", data = "" } = view.models[0]?.claim ?? {};
        await send(served.chain, payer, { to, data });
        await button.click();
        await alert.getByText(/The wallet did not send the transaction.*Nothing was paid/).waitFor();
      },
      { before: ({ page }) => injectWallet(page, served.chain, payer, mood) },
    );
  });

  it("explain an answer to whoever holds its receipt, with pictures, and to nobody else", async () => {
    const file = join(receiptsFolder(shop, model.id, 1), "000000.json");
    const told = quittance(["verify", "--json", file]);
    expect(told.code).toBe(0);
    const receipt = JSON.parse(readFileSync(file, "utf8")) as { opening: { salt: { $n: string } } };
    await on(
      "/explain",
      async ({ page }) => {
        await page.setInputFiles("input[type=file]", file);
        await page.getByRole("heading", { name: /^Answer: [0-2]$/ }).waitFor();
        const chart = page.getByRole("figure", { name: "Credited for this answer" });
        expect(await chart.locator(".bar-row").count()).toBe(5);
        // Every picture has ink in it, and a name for those who do not see it.
        const inked = await page.locator("canvas.content-picture").evaluateAll((all) =>
          (all as HTMLCanvasElement[]).map((canvas) => {
            const data = canvas.getContext("2d")?.getImageData(0, 0, 28, 28).data ?? [];
            return Array.from(data).some((value, i) => i % 4 === 0 && value < 64);
          }),
        );
        expect(inked.length).toBeGreaterThan(5);
        expect(inked.every(Boolean)).toBe(true);
        expect(await page.getByRole("img", { name: /Picture, labelled/ }).count()).toBe(inked.length - 1);
        expect(await page.getByText("DOES NOT OPEN").count()).toBe(0);
        // Its epoch is settled, so the answer is more than attested.
        const answer = page.locator(".facts dd").first();
        expect(await answer.locator(".mark").textContent()).toBe("proven");

        const field = page.getByLabel(/Receipt .* or key/);
        const explain = page.getByRole("button", { name: "Explain", exact: true });
        const alert = page.getByRole("alert");
        await field.fill("hello");
        await explain.click();
        await alert.getByText(/neither a receipt nor a key/).waitFor();
        await field.fill("{}");
        await explain.click();
        await alert.getByText(/is not a receipt/).waitFor();
        receipt.opening.salt.$n = String(BigInt(receipt.opening.salt.$n) + 1n);
        await field.fill(JSON.stringify(receipt));
        await explain.click();
        await alert.getByText(/This salt is of another receipt/).waitFor();
        await field.fill("A".repeat(43));
        await explain.click();
        await alert.getByText(/No answer of that number was given here/).waitFor();
      },
      { faults: [/40[34]/] },
    );
  });

  it("sell an answer about a drawing, for play money", async () => {
    await on("/ask", async ({ page, requests }) => {
      await page.getByRole("button", { name: /throw-away wallet with play money/ }).click();
      const pad = page.getByRole("img", { name: /Drawing pad/ });
      await pad.waitFor();
      expect(await page.getByRole("button", { name: "Ask", exact: true }).isDisabled()).toBe(true);
      const box = await pad.boundingBox();
      const [x, y] = [box?.x ?? 0, box?.y ?? 0];
      await page.mouse.move(x + 140, y + 50);
      await page.mouse.down();
      for (let step = 0; step <= 10; step++) await page.mouse.move(x + 140, y + 50 + step * 18);
      await page.mouse.up();
      await page.getByRole("button", { name: "Ask", exact: true }).click();
      await page.getByText("What taught this answer").waitFor();
      expect(await page.locator(".answer-name strong").textContent()).toMatch(/^[0-2]$/);
      const shares = await page.locator(".credits .bar-text").allTextContents();
      const all = shares.reduce((sum, text) => sum + Number.parseFloat(text), 0);
      expect(all).toBeGreaterThan(99);
      expect(all).toBeLessThan(101);
      // The terms were asked for, so that nothing was refused and the question travelled once.
      const sent = requests.map((url) => new URL(url).pathname);
      expect(sent.filter((path) => path === "/terms" || path === "/infer")).toEqual(["/terms", "/infer"]);
    });
  });
});
