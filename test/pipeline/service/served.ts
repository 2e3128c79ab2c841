// A small project with payers who have deposits, and the service of it as an operator starts it: a process of
// its own, on a port of its own, that can be killed and started again.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openNodeAgent } from "../../../pipeline/agent/node.ts";
import type { Agent, AgentOptions } from "../../../pipeline/agent/types.ts";
import { readKeyFile } from "../../../pipeline/cli/key-file.ts";
import { openUi } from "../../../pipeline/cli/ui.ts";
import { currentModel } from "../../../pipeline/commit.ts";
import { loadCorpus } from "../../../pipeline/corpus/folder.ts";
import type { Account } from "../../../pipeline/engine/ethers.ts";
import { openProject } from "../../../pipeline/project.ts";
import { openSession } from "../../../pipeline/session.ts";
import { digitFolder, quittance } from "../cli/fixtures.ts";
import { type Env, type Run, start, stop } from "../jobs/fixtures.ts";

/** Price of an answer: 100 fee units of 10^12 each. */
export const PRICE = 10n ** 14n;

/** A trained project, its questions, and payers by name. */
export type Shop = {
  readonly folder: string;
  readonly project: string;
  /** A folder of digits; its test part are questions. */
  readonly data: string;
  readonly questions: readonly Uint8Array[];
  readonly payers: Readonly<Record<string, Account>>;
  /** Opens an agent of a payer; its books and receipts lie in the folder of this name. */
  agent(url: string, payer: string, more?: Partial<AgentOptions> & { folder?: string }): Promise<Agent>;
  remove(): void;
};

/** Runs the tool and throws what it said if it failed. */
export function must(args: readonly string[], env: Env = {}): string {
  const { code, err, out } = quittance(args, env);
  if (code !== 0) throw new Error(`quittance ${args.join(" ")}: ${err}${out}`);
  return out;
}

/** Trains a project of three classes and gives each payer a deposit, in prices of an answer. */
export async function makeShop(deposits: Readonly<Record<string, number>>): Promise<Shop> {
  const folder = mkdtempSync(join(tmpdir(), "quittance-served-"));
  const project = join(folder, "shop");
  const data = digitFolder(join(folder, "digits"), 40, 60);
  must(["train", "--profile", "tiny", "--project", project, "--data", data]);
  const payers = await openAccounts(project, deposits);
  // One more by the tool, as a payer would.
  must([
    "deposit",
    "--project",
    project,
    "--payer",
    "zoe",
    "--amount",
    "1",
    "--key-out",
    join(folder, "zoe.key"),
  ]);
  payers["zoe"] = readKeyFile(join(folder, "zoe.key"));
  const questions = loadCorpus(data, { part: "test", unlabelled: true }).samples.map(
    ({ content }) => content,
  );
  return {
    ...{ folder, project, data, questions, payers },
    agent(url, payer, { folder: books = payer, ...more } = {}) {
      const account = payers[payer];
      if (account === undefined) throw new Error(`no payer ${payer}`);
      return openNodeAgent({
        url,
        account,
        budget: 10n ** 18n,
        folder: join(folder, "agents", books),
        ...more,
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function openAccounts(folder: string, deposits: Readonly<Record<string, number>>) {
  const project = openProject({ folder });
  const session = await openSession(project, openUi(process.stderr, true));
  const payers: Record<string, Account> = {};
  for (const [name, answers] of Object.entries(deposits)) {
    const wallet = await session.wallet(`payer/${name}`);
    await session.endow(wallet, PRICE * BigInt(answers));
    await session.contracts.deposit(wallet, currentModel(project).id, PRICE * BigInt(answers));
    payers[name] = wallet;
  }
  await session.close();
  await project.store.close();
  project.close();
  return payers;
}

/** A running service. */
export type Served = { readonly url: string; readonly run: Run };

/** A port that nobody uses right now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Starts the service and waits until it listens. Rejects with what it said when it ends before. */
export async function serve(
  { project }: Pick<Shop, "project">,
  { port = 0, args = [], env = {} }: { port?: number; args?: readonly string[]; env?: Env } = {},
): Promise<Served> {
  const run = start(["serve", "--project", project, "--port", String(port), ...args], {
    QUITTANCE_LOG: "warn",
    ...env,
  });
  await run.says(/on http:\/\/127\.0\.0\.1:\d+/);
  const url = /on (http:\/\/127\.0\.0\.1:\d+)/.exec(run.said())?.[1] as string;
  return { url, run };
}

/** Ends a service as an operator does, and returns its exit code. */
export const end = ({ run }: Served): Promise<number | null> => stop(run);
