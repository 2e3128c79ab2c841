// The chat over a model of texts, in a real Chromium against `quittance serve`: play money and a wallet of
// the reader's own, receipts that the page checks, shares that are the service's own, and what goes wrong.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountOf } from "../../pipeline/engine/ethers.ts";
import type { ExplanationView, ModelSummary } from "../../pipeline/views/types.ts";
import { quittance } from "../pipeline/cli/fixtures.ts";
import { temporary } from "../pipeline/service/fixtures.ts";
import { CLASSES, ticketCsv, tickets } from "../pipeline/text/texts.ts";
import { axeFindings } from "./axe.ts";
import { noChromium, openPage, startChromium } from "./chromium.ts";
import { type Served, serve } from "./serve.ts";
import { injectWallet, type Mood } from "./wallet.ts";

const reason = noChromium();
type Bought = { readonly key: string; readonly requestId: string; readonly answerName: string };

describe.skipIf(reason !== undefined)(reason ?? "a chat over a model of texts", () => {
  const { folder, remove } = temporary("ask");
  const desk = join(folder, "desk");
  const at = (name: string): string => join(folder, name);
  const [asked] = tickets("explorer/asked", 1);
  let served: Served;
  let browser: Browser;
  let price: ModelSummary["price"];
  let cost: bigint;
  beforeAll(async () => {
    writeFileSync(at("public.csv"), ticketCsv(tickets("cli/public", 200)));
    writeFileSync(at("tickets.csv"), ticketCsv(tickets("cli/contributed", 20), ["ada", "bo", "ada", "cy"]));
    const data = ["--data", at("tickets.csv"), "--public", at("public.csv")];
    const run = quittance(["train", "--profile", "tiny-codes", "--project", desk, ...data]);
    expect(run.code, run.err).toBe(0);
    served = await serve(desk, "--fee", "9");
    const [model] = await served.get<ModelSummary[]>("models");
    price = (model as ModelSummary).price;
    cost = BigInt(price.feeUnits ?? 0) * BigInt(price.feeUnitWei);
    browser = await startChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await served?.stop();
    remove();
  });

  const ask = async (page: Page, text: string): Promise<void> => {
    await page.getByLabel("Your question").fill(text);
    await page.keyboard.press("Enter");
  };
  const bought = (page: Page): Promise<readonly Bought[]> =>
    page.evaluate(() => JSON.parse(localStorage.getItem("quittance-purchases") ?? "[]") as Bought[]);

  it("answers for play money, shows who is credited, and keeps the receipt", async () => {
    const { page, faults, close } = await openPage(browser);
    await page.goto(`${served.url}/#/ask`);
    await page.getByText(/play money that the operator gives to whoever asks/).waitFor();
    await page.getByRole("button", { name: /throw-away wallet with play money/ }).click();
    await page.getByLabel("Your question").waitFor();
    await ask(page, asked?.text ?? "");
    await page.getByText("What taught this answer").waitFor();
    const answer = await page.locator(".answer-name strong").textContent();
    expect(CLASSES.map((name) => name.replaceAll("_", " "))).toContain(answer);

    // What is shown is what the service tells the holder of the key, and nobody else.
    const [purchase] = await bought(page);
    const path = `${served.url}/receipts/${purchase?.requestId}/explanation`;
    expect((await fetch(path)).status).toBe(401);
    const told = (await (
      await fetch(path, { headers: { authorization: `Receipt ${purchase?.key}` } })
    ).json()) as ExplanationView;
    expect(told.answerName.replaceAll("_", " ")).toBe(answer);
    const helped = told.contributors.filter(({ share }) => share > 0);
    const shown = await page.locator(".credited li").allTextContents();
    expect(shown).toEqual(
      helped.slice(0, 4).map(({ name, share }) => `${name}${(share * 100).toFixed(1)} %`),
    );
    const { target, score } = told;
    const said = target === 0 ? score.toFixed(2) : `${(score / target).toFixed(2)}, where training aims at 1`;
    await page.getByText(`Score ${said}.`).waitFor();
    expect(await page.locator(".answered .mark").allTextContents()).toEqual(
      expect.arrayContaining(["attested", "reproducible"]),
    );

    // A second answer: the shares of both together, and the deposit is less by two prices.
    await ask(page, "the fee is too high");
    await expect.poll(() => page.getByText("What taught this answer").count(), { timeout: 60_000 }).toBe(2);
    expect((await bought(page)).length).toBe(2);
    const left = await page
      .getByText(/Left of the deposit:/)
      .locator(".amount")
      .last()
      .getAttribute("title");
    expect(left).toBe(`${Number(18n * cost) / 1e18} ${price.token.symbol}`);
    await page
      .getByText(/^Receipt · paid/)
      .first()
      .click();
    await page.getByText("Signed by the operator").first().waitFor();
    expect(await axeFindings(page)).toEqual([]);

    // The same payer goes on after a reload, with the same books and the same deposit.
    await page.reload();
    await page.getByRole("button", { name: /throw-away/ }).click();
    await ask(page, "where is the refund");
    await page.getByText("What taught this answer").waitFor();
    const again = await page
      .getByText(/Left of the deposit:/)
      .locator(".amount")
      .last()
      .getAttribute("title");
    expect(again).toBe(`${Number(17n * cost) / 1e18} ${price.token.symbol}`);
    await page.getByText("What taught this answer").click();
    await page.getByRole("heading", { name: /^Answer: / }).waitFor();
    expect(await page.locator(".content-text").first().textContent()).toBe("where is the refund");
    expect(await page.locator(".sample").count()).toBeGreaterThan(3);
    expect(await axeFindings(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("takes a wallet's deposit and signatures, and asks for nothing more", async () => {
    const { page, faults, close } = await openPage(browser);
    const wallet = accountOf(`0x${"9".repeat(64)}`);
    await served.fund(wallet.address, 20n * cost);
    const mood: Mood = { asked: [] };
    await injectWallet(page, served.chain, wallet, mood);
    await page.goto(`${served.url}/#/ask`);
    await page.getByRole("button", { name: "Pay with Test wallet" }).click();
    await page.getByLabel("Your question").waitFor();
    expect(await served.balance(price.token.address, wallet.address)).toBe(0n);
    await ask(page, "my card is lost");
    await page.getByText("What taught this answer").waitFor();
    await ask(page, "my password is not taken");
    await expect.poll(() => page.getByText("What taught this answer").count(), { timeout: 60_000 }).toBe(2);
    const did = mood.asked.filter((method) => /send|sign/i.test(method));
    expect(did.filter((method) => method === "eth_sendTransaction").length).toBe(2);
    expect(did.filter((method) => method === "eth_signTypedData_v4").length).toBe(2);
    expect(faults).toEqual([]);

    // It refuses to sign: nothing is answered, and the next question works.
    Object.assign(mood, { refuse: ["eth_signTypedData_v4"] });
    await ask(page, "why this fee");
    await page.getByRole("alert").getByText("You refused it in the wallet. Nothing was sent.").waitFor();
    Object.assign(mood, { refuse: [] });
    await ask(page, "my transfer was declined");
    await expect.poll(() => page.getByText("What taught this answer").count(), { timeout: 60_000 }).toBe(3);
    expect(faults).toEqual([]);
    await close();

    // The same wallet in another browser, whose books know nothing of these purchases.
    const elsewhere = await openPage(browser);
    await injectWallet(elsewhere.page, served.chain, wallet, { asked: [] });
    await elsewhere.page.goto(`${served.url}/#/ask`);
    await elsewhere.page.getByRole("button", { name: "Pay with Test wallet" }).click();
    await ask(elsewhere.page, "my refund has not come");
    await elsewhere.page
      .getByRole("alert")
      .getByText(/these books count/)
      .waitFor();
    await elsewhere.page.getByRole("button", { name: /This payer bought elsewhere too/ }).click();
    await elsewhere.page.getByText("What taught this answer").waitFor();
    // The voucher that fell short was refused, which a browser writes down; nothing else was.
    expect([...elsewhere.faults].sort()).toEqual([
      `402: ${served.url}/infer`,
      expect.stringMatching(/^console: .*status of 402/),
    ]);
    await elsewhere.close();
  });

  it("explains by the key alone, and offers answers of this browser", async () => {
    const { page, faults, close } = await openPage(browser);
    await page.goto(`${served.url}/#/ask`);
    await page.getByRole("button", { name: /throw-away/ }).click();
    await ask(page, "the login page hangs");
    await page.getByText("What taught this answer").waitFor();
    const [purchase] = await bought(page);
    await page.goto(`${served.url}/#/explain`);
    await page.getByText("Answers that were bought in this browser").waitFor();
    await page.getByLabel(/Receipt .* or key/).fill(purchase?.key ?? "");
    await page.getByRole("button", { name: "Explain", exact: true }).first().click();
    await page.getByRole("heading", { name: `Answer: ${purchase?.answerName}` }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
