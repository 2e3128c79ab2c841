// A real Chromium, driven by playwright-core, and pages that remember everything that went wrong in them.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

/** Debian's build runs as root only without its sandbox; it must not ask anybody for anything by itself. */
const FLAGS = [
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long anything in a page may take, for `expect.poll` too. */
export const PATIENCE_MS = 120_000;

/** How long a project may take to be trained, asked and settled before the first test. */
export const SETUP_MS = 900_000;

/** Why tests in a browser cannot run here, or undefined. Under QUITTANCE_NO_SKIP=1 that is an error. */
export function noChromium(): string | undefined {
  if (existsSync(EXECUTABLE)) return undefined;
  const reason = `needs ${EXECUTABLE}, Debian's package "chromium": apt-get install chromium`;
  if (process.env["QUITTANCE_NO_SKIP"] === "1") throw new Error(`Tests in a browser: ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return reason;
}

/** Starts the browser; the caller closes it. */
export function startChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });
}

/** A page and what happened in it. */
export type Watched = {
  readonly page: Page;
  /** Errors on the console, exceptions, refusals by the policy, requests that failed or left this machine. */
  readonly faults: readonly string[];
  /** Every request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
};

/** Opens a page in a context of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 900 }, ...options });
  // On a busy machine everything takes long; a timeout here catches what never comes.
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  context.on("request", (request) => {
    requests.push(request.url());
    if (!/^(?:https?:\/\/127\.0\.0\.1:|blob:|data:)/.test(request.url()))
      faults.push(`asked another host: ${request.url()}`);
  });
  context.on("requestfailed", (request) => faults.push(`failed: ${request.url()}`));
  context.on("response", (response) => {
    if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
  });
  page.on("pageerror", (error) => faults.push(`exception: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(`console: ${message.text()}`);
  });
  return { page, faults, requests, close: () => context.close() };
}
