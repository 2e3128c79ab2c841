// Pictures of the pages that need a service: npx node test/explorer/screenshots-live.ts DIGITS TEXTS. Both
// are projects, the first of pictures (the demonstration's, say) and the second of texts.
import { join } from "node:path";
import process from "node:process";
import type { Page } from "playwright-core";
import { ROOT } from "../../pipeline/environment.ts";
import { receiptsFolder } from "../../pipeline/receipt-store.ts";
import type { ModelSummary } from "../../pipeline/views/types.ts";
import { noChromium, openPage, startChromium } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";

const QUESTIONS = ["I moved house, how do I change my address?", "The ATM swallowed my card, what now?"];

async function asked(page: Page, { url }: Served): Promise<void> {
  await page.goto(`${url}/#/ask`);
  await page.getByRole("button", { name: /throw-away/ }).click();
  for (const [index, question] of QUESTIONS.entries()) {
    await page.getByLabel("Your question").fill(question);
    await page.keyboard.press("Enter");
    await page.locator(".credited").nth(index).waitFor();
  }
  await page.locator(".receipt-slip summary").last().click();
  await page.evaluate(() => scrollTo(0, 0));
}

async function explained(page: Page, served: Served, project: string): Promise<void> {
  const [model] = await served.get<ModelSummary[]>("models");
  await page.goto(`${served.url}/#/explain`);
  const file = join(receiptsFolder(project, model?.id ?? "", 1), "000000.json");
  await page.setInputFiles("input[type=file]", file);
  const heading = page.getByRole("heading", { name: /^Answer: / });
  await heading.waitFor();
  await heading.evaluate((element) => {
    element.scrollIntoView();
    scrollBy(0, -28);
  });
}

const reason = noChromium();
const [digits, texts] = process.argv.slice(2);
if (reason !== undefined || digits === undefined || texts === undefined)
  throw new Error(reason ?? "Name a project of pictures and one of texts.");
const browser = await startChromium();
const shots = [
  { name: "explorer-explain", project: digits, height: 1_620, show: explained },
  { name: "explorer-ask", project: texts, height: 1_345, show: asked },
] as const;
try {
  for (const { name, project, height, show } of shots) {
    const served = await serve(project);
    const viewport = { width: 1_180, height };
    const { page, close } = await openPage(browser, {
      viewport,
      colorScheme: "light",
      reducedMotion: "reduce",
    });
    page.setDefaultTimeout(120_000);
    try {
      await show(page, served, project);
      const path = join(ROOT, "docs", `${name}.png`);
      await page.screenshot({ path });
      console.log(path);
    } finally {
      await close();
      await served.stop();
    }
  }
} finally {
  await browser.close();
}
