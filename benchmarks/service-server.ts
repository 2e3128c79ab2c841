// The service of a project as a process of its own, for the benchmark: `node service-server.ts FOLDER
// receipts|bare`. It says its address as a line of JSON; a line "sample" on standard input is answered with
// what the process holds, after a collection of garbage, so that growth means something.

import { readdirSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { createService, openProject, openSession, openUi } from "../pipeline/index.ts";

/** What a process holds. */
export type Sample = {
  readonly rssMib: number;
  readonly heapMib: number;
  /** Memory of buffers and native objects that the heap knows of. */
  readonly externalMib: number;
  readonly resources: number;
  readonly files: number;
  /** Paid answers since the process began. */
  readonly answered: number;
};

/** What the process says when it listens. */
export type Ready = { readonly url: string; readonly model: string };

const MIB = 2 ** 20;

async function main(folder: string, kind: string): Promise<void> {
  const ui = openUi(process.stderr, true);
  const project = openProject({ folder });
  const session = await openSession(project, ui);
  const settings = {
    ratePerAddress: 100_000_000,
    ratePerPayer: 100_000_000,
    // Nobody settles here: what proofs cost is measured elsewhere.
    sealedEpochs: 1_000_000,
    receipts: kind !== "bare",
  };
  const service = await createService({ project, session, feeUnits: 1, settings });
  const url = await service.listen({ host: "127.0.0.1", port: 0 });
  const say = (value: Ready | Sample): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const { metrics, model } = service.context;
  say({ url, model: model.id });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line !== "sample") break;
    globalThis.gc?.();
    const { rss, heapUsed, external } = process.memoryUsage();
    say({
      rssMib: rss / MIB,
      heapMib: heapUsed / MIB,
      externalMib: external / MIB,
      resources: process.getActiveResourcesInfo().length,
      files: readdirSync("/proc/self/fd").length,
      answered: Number(/^quittance_answers_total\{kind="paid"\} (\d+)/m.exec(await metrics.text())?.[1] ?? 0),
    });
  }
  await service.close();
  await session.close();
  await project.store.close();
  project.close();
}

if (import.meta.main) {
  const [folder = "", kind = "receipts"] = process.argv.slice(2);
  await main(folder, kind);
  process.exit(0);
}
