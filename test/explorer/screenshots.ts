// `npm run screenshots`: the pictures of the explorer in docs/, from the static export of a project in a real
// Chromium. The demonstration's project unless another is named: npm run demo && npm run screenshots.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ROOT } from "../../pipeline/environment.ts";
import { quittance } from "../pipeline/cli/fixtures.ts";
import { noChromium, openPage, startChromium } from "./chromium.ts";
import { serveFolder } from "./server.ts";

type Shot = {
  readonly name: string;
  /** Address behind the hash; `MODEL` stands for the id of the first model. */
  readonly path: string;
  readonly look: BrowserContextOptions;
  /** What has to be there first. */
  readonly ready: (page: Page) => Promise<void>;
};

const WIDE = { viewport: { width: 1_180, height: 860 } };
const TALL = { viewport: { width: 1_180, height: 1_060 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

const drawn = (page: Page): Promise<void> => page.locator(".chart").first().waitFor();
const verified = (page: Page): Promise<void> => page.getByText("Nothing is in doubt.").waitFor();

const SHOTS: readonly Shot[] = [
  { name: "explorer", path: "/", look: { ...WIDE, colorScheme: "light" }, ready: drawn },
  { name: "explorer-model", path: "/models/MODEL", look: { ...TALL, colorScheme: "light" }, ready: drawn },
  {
    name: "explorer-epoch",
    path: "/models/MODEL/epochs/1",
    look: { ...TALL, colorScheme: "dark" },
    ready: drawn,
  },
  {
    name: "explorer-verify",
    path: "/verify?model=MODEL&epoch=1",
    look: { viewport: { width: 1_180, height: 1_250 }, colorScheme: "light" },
    ready: verified,
  },
  {
    name: "explorer-phone",
    path: "/verify?model=MODEL&epoch=1",
    look: { ...PHONE, colorScheme: "dark" },
    ready: async (page) => {
      await verified(page);
      await page.locator(".run").evaluate((run) => run.scrollIntoView());
    },
  },
];

async function take(browser: Browser, url: string, model: string, shot: Shot): Promise<string> {
  const { page, faults, close } = await openPage(browser, { ...shot.look, reducedMotion: "reduce" });
  try {
    await page.goto(`${url}#${shot.path.replace("MODEL", model)}`);
    await shot.ready(page);
    const path = join(ROOT, "docs", `${shot.name}.png`);
    await page.screenshot({ path });
    if (faults.length > 0) throw new Error(`${shot.name}: ${faults.join("; ")}`);
    return path;
  } finally {
    await close();
  }
}

const reason = noChromium();
if (reason !== undefined) throw new Error(`Screenshots: ${reason}`);
const project = process.argv[2] ?? join(ROOT, "out", "demo");
const folder = mkdtempSync(join(tmpdir(), "quittance-screenshots-"));
const run = quittance(["export", "--json", "--project", project, "--out", join(folder, "site")]);
if (run.code !== 0) throw new Error(`${run.err}${run.out}`);
const server = await serveFolder(join(folder, "site"));
const browser = await startChromium();
try {
  const models = (await (await fetch(`${server.url}data/models.json`)).json()) as { readonly id: string }[];
  for (const shot of SHOTS) console.log(await take(browser, server.url, models[0]?.id ?? "", shot));
} finally {
  await browser.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}
