// Every page of a served project, in light and dark, wide and on a phone: nothing fails, nothing overflows,
// axe finds nothing serious, and all of it can be reached and worked by keyboard.
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Open, openService, temporary } from "../pipeline/service/fixtures.ts";
import { makeShop } from "../pipeline/views/shop.ts";
import { axeFindings } from "./axe.ts";
import { noChromium, openPage, PATIENCE_MS, SETUP_MS, startChromium } from "./chromium.ts";

const reason = noChromium();

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
const LOOKS: Readonly<Record<string, BrowserContextOptions>> = {
  "in light": { colorScheme: "light" },
  "in dark": { colorScheme: "dark" },
  "on a phone": { ...PHONE, colorScheme: "light" },
  "on a phone in dark": { ...PHONE, colorScheme: "dark" },
};

/** Pixels that a page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return Math.max(0, scrollWidth - clientWidth);
  });
}

describe.skipIf(reason !== undefined)(reason ?? "the pages", () => {
  const { folder, remove } = temporary("pages");
  let browser: Browser;
  let open: Open;
  let url: string;
  let paths: readonly string[];
  beforeAll(async () => {
    open = await openService(makeShop(folder));
    url = await open.service.listen({ host: "127.0.0.1", port: 0 });
    const get = async <T>(path: string): Promise<T> => (await fetch(`${url}/${path}`)).json() as Promise<T>;
    const [model] = await get<{ id: string }[]>("models");
    const [contributor] = await get<{ address: string }[]>("contributors");
    paths = [
      "/",
      "/datanets",
      "/datanets/1",
      "/contributors",
      `/contributors/${contributor?.address}`,
      `/models/${model?.id}`,
      `/models/${model?.id}/epochs/1`,
      `/models/${model?.id}/epochs/2`,
      "/ask",
      "/explain",
      "/verify",
      "/nowhere",
    ];
    browser = await startChromium();
  }, SETUP_MS);
  afterAll(async () => {
    await browser?.close();
    await open?.close();
    remove();
  });

  const settled = async (page: Page, path: string): Promise<void> => {
    await page.goto(`${url}/#${path}`);
    await page.locator("h1").waitFor();
    await expect.poll(() => page.locator(".loading").count(), { timeout: PATIENCE_MS }).toBe(0);
  };

  it.each(Object.entries(LOOKS))("have nothing wrong %s", async (_name, look) => {
    const { page, faults, close } = await openPage(browser, look);
    try {
      for (const path of paths) {
        await settled(page, path);
        expect([path, await page.locator("h1").count()]).toEqual([path, 1]);
        expect(await page.title()).toMatch(/.+ · Quittance$/);
        expect([path, await overflow(page)]).toEqual([path, 0]);
        expect([path, await axeFindings(page)]).toEqual([path, []]);
        expect([path, faults]).toEqual([path, []]);
      }
    } finally {
      await close();
    }
  });

  it("verify an epoch that is served, and show the verdict to axe too", async () => {
    for (const look of [{ colorScheme: "light" }, { ...PHONE, colorScheme: "dark" }] as const) {
      const { page, faults, close } = await openPage(browser, look);
      const model = paths.find((path) => path.endsWith("/epochs/1")) ?? "";
      await settled(page, model);
      await page
        .getByRole("link", { name: /verify/i })
        .last()
        .click();
      await page.getByText("Nothing is in doubt.").waitFor();
      expect(await axeFindings(page)).toEqual([]);
      const response = await page.request.get(`${url}/epochs/1/bundle`);
      const text = (await response.text()).replace(/"poolWei": ?"1/, '"poolWei":"2');
      await page.setInputFiles("#subject", { name: "false.json", mimeType: "", buffer: Buffer.from(text) });
      await page.getByRole("alert").getByText("do not rely on this file").waitFor();
      expect(await axeFindings(page)).toEqual([]);
      expect(faults).toEqual([]);
      await close();
    }
  });

  it("can be worked by keyboard alone", async () => {
    const { page, faults, close } = await openPage(browser);
    await settled(page, "/");
    // Asked for early: a key reaches the page sooner than the order to catch what it opens.
    const choosing = page.waitForEvent("filechooser");
    const focused = (): Promise<string> =>
      page.evaluate(() => {
        const element = document.activeElement as HTMLElement;
        return element.innerText.trim() || element.id || element.tagName;
      });
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the page");
    await page.keyboard.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");

    // To the checking page through the masthead; its heading then has the focus.
    await page.reload();
    await page.locator(".card").first().waitFor();
    for (let i = 0; i < 20 && (await focused()) !== "Verify"; i++) await page.keyboard.press("Tab");
    expect(await focused()).toBe("Verify");
    await page.keyboard.press("Enter");
    await expect.poll(focused, { timeout: PATIENCE_MS }).toBe("Verify this yourself");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("subject");
    await page.keyboard.press("Space");
    const chooser = await choosing;
    const bundle = await (await page.request.get(`${url}/epochs/1/bundle`)).body();
    await chooser.setFiles({ name: "epoch-1.json", mimeType: "application/json", buffer: bundle });
    await page.getByText("Nothing is in doubt.").waitFor();

    // The colours: chosen by keyboard, and kept.
    await page.getByRole("button", { name: /Colours/ }).focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    expect(await page.getByRole("button", { name: /Colours: dark/ }).count()).toBe(1);
    const paper = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await paper();
    await page.reload();
    await page.locator("h1").waitFor();
    expect(await paper()).toBe(dark);
    expect(dark).toBe("rgb(23, 22, 18)");
    expect(faults).toEqual([]);
    await close();
  });

  it("come with a policy that lets nothing in, and are kept as long as they are good for", async () => {
    const page = await fetch(`${url}/`);
    const text = await page.text();
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(page.headers.get("content-security-policy")).toMatch(/default-src 'self'/);
    expect(text).toMatch(/Content-Security-Policy[^>]+default-src 'none'/s);
    const script = /src="\.\/(assets\/[^"]+)"/.exec(text)?.[1] ?? "";
    const asset = await fetch(`${url}/${script}`);
    expect([asset.status, asset.headers.get("cache-control")]).toEqual([
      200,
      "public, max-age=31536000, immutable",
    ]);
    for (const path of ["assets", "assets/", "..%2fpackage.json", "assets/..%2f..%2finputs.json"]) {
      expect([path, (await fetch(`${url}/${path}`)).status]).toEqual([path, 404]);
    }
    const config = (await (await fetch(`${url}/config.json`)).json()) as Record<string, unknown>;
    expect(config).toMatchObject({
      mode: "live",
      profile: "tiny",
      local: true,
      insecureKeys: true,
      rpc: "rpc",
    });
    expect((await fetch(`${url}/keys/tiny`)).status).toBe(200);
    expect((await fetch(`${url}/keys/default`)).status).toBe(404);
    expect((await fetch(`${url}/keys/other`)).status).toBe(400);
  });
});
