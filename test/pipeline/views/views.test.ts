import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { readBundle } from "../../../pipeline/bundle.ts";
import { send } from "../../../pipeline/chain/client.ts";
import { signWithdrawal } from "../../../pipeline/chain/contracts.ts";
import { openUi } from "../../../pipeline/cli/ui.ts";
import type { ModelState } from "../../../pipeline/commit.ts";
import { forgetContributors } from "../../../pipeline/forget.ts";
import { answerQueries } from "../../../pipeline/infer.ts";
import { openProject, type Project } from "../../../pipeline/project.ts";
import { readReceipts, receiptsFolder } from "../../../pipeline/receipt-store.ts";
import { openSession, type Session } from "../../../pipeline/session.ts";
import { settleEpoch } from "../../../pipeline/settle.ts";
import {
  contributorSchema,
  contributorSummarySchema,
  datanetSchema,
  epochSchema,
  modelSchema,
  modelSummarySchema,
} from "../../../pipeline/views/schemas.ts";
import { buildViews, type OpenViews, openViews } from "../../../pipeline/views/views.ts";
import { makeShop } from "./shop.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-views-"));
const ui = openUi(process.stderr, true);
let project: Project;
let session: Session;
let views: OpenViews;
let model: ModelState;

beforeAll(async () => {
  project = openProject({ folder: makeShop(folder) });
  session = await openSession(project, ui);
  views = openViews(project, session, { feeUnits: 12 });
  model = project.readState<ModelState>("model") as ModelState;
});
afterAll(async () => {
  await session?.close();
  await project?.store.close();
  project?.close();
  rmSync(folder, { recursive: true, force: true });
});

const sum = (amounts: readonly string[]): bigint => amounts.reduce((all, one) => all + BigInt(one), 0n);

/** Every name and every value that a JSON holds. */
function leavesOf(json: unknown, name = ""): [name: string, value: string][] {
  if (Array.isArray(json)) return json.flatMap((one) => leavesOf(one, name));
  if (typeof json !== "object" || json === null) return [[name, String(json)]];
  return Object.entries(json).flatMap(
    ([key, value]) => [[key, ""], ...leavesOf(value, key)] as [string, string][],
  );
}

describe("views of a project", () => {
  it("have the documented shapes and not a field more", async () => {
    const all = await buildViews(project, session);
    expect(all.epochs.map(({ state, answers }) => [state, answers.length])).toEqual([
      ["settled", 8],
      ["open", 3],
    ]);
    z.array(datanetSchema).length(1).parse(all.datanets);
    z.array(modelSummarySchema).length(1).parse(all.models);
    z.array(modelSchema).length(1).parse(all.modelViews);
    z.array(epochSchema).length(2).parse(all.epochs);
    z.array(contributorSummarySchema).length(5).parse(all.contributorSummaries);
    z.array(contributorSchema).length(5).parse(all.contributors);
    expect(datanetSchema.safeParse({ ...all.datanets[0], salt: "1" }).success).toBe(false);
  });

  it("hold nothing private", async () => {
    const leaves = leavesOf(JSON.parse(JSON.stringify(await buildViews(project, session))));
    const values = new Set(leaves.map(([, value]) => value));
    const receipts = [1, 2].flatMap((epoch) => readReceipts(receiptsFolder(project.folder, model.id, epoch)));
    expect(receipts.length).toBe(11);
    for (const { opening, leaf } of receipts) {
      expect(values.has(String(leaf))).toBe(true);
      expect(values.has(String(opening.salt))).toBe(false);
      expect(values.has(String(opening.digest))).toBe(false);
    }
    const salts = [model.saltW, model.saltA, model.saltR, ...model.contributors.map((c) => c.saltG)];
    for (const secret of [...salts, ...model.w, ...model.contributors.flatMap((c) => c.gradient)])
      if (secret > 100_000n) expect(values.has(String(secret))).toBe(false);
    expect(values.has(readFileSync(project.path("secrets.json"), "utf8"))).toBe(false);
    const names = new Set(leaves.map(([name]) => name));
    for (const name of ["features", "salt", "opening", "answer", "klass", "label", "content", "digest"]) {
      // The model's own number of features and kind of contents are public.
      if (name === "features" || name === "content") continue;
      expect([name, names.has(name)]).toEqual([name, false]);
    }
  });

  it("agree with the bundle and the contracts, to the last unit", async () => {
    const bundle = readBundle(project.path("out", "epoch-1.json"));
    const epoch = await views.epoch(model.id.toUpperCase().replace("0X", "0x"), 1);
    expect(
      epoch?.answers.map(({ leaf, dueBy, feeUnits, requestId }) => [leaf, dueBy, feeUnits, requestId]),
    ).toEqual(
      bundle.inference.flatMap(({ receipts }) =>
        receipts.map((r) => [r.leaf, r.dueBy, r.feeUnits, r.requestId]),
      ),
    );
    expect(epoch?.contributors.map(({ payoutWei }) => payoutWei)).toEqual(bundle.settlement.payoutsWei);
    const { previousWei: _p, payoutsWei: _q, split, sharesWei, ...same } = bundle.settlement;
    expect(epoch?.settlement).toMatchObject(same);
    expect(epoch?.settlement?.shares.map(({ who, bps, wei }) => [who, bps, wei])).toEqual([
      ["protocol", split.protocolBps, sharesWei.protocol],
      ["developer", split.developerBps, sharesWei.developer],
      ["validators", split.validatorsBps, sharesWei.validators],
    ]);
    expect(epoch?.proofs.map(({ circuit, posted }) => [circuit, posted])).toEqual([
      ...bundle.inference.map(() => ["inference", true]),
      ["adjoint", true],
      ...bundle.weights.map(() => ["weights", true]),
    ]);
    for (const { seconds } of epoch?.proofs ?? []) expect(seconds).toBeGreaterThan(0);
    expect(epoch?.transactions.map(({ what }) => what)).toEqual([
      "commit epoch",
      "prove epoch (7 proofs)",
      "settle",
    ]);
    const gas = new Map(session.transactions().map((t) => [t.hash, t.gas]));
    for (const { hash, gas: shown } of epoch?.transactions ?? []) expect(shown).toBe(gas.get(hash));
    const own = await views.model(model.id);
    const { books } = own as NonNullable<typeof own>;
    const { depositedWei, ...parts } = books;
    expect(sum(Object.values(parts))).toBe(BigInt(depositedWei));
    expect(sum(own?.contributors.map(({ earnedWei }) => earnedWei) ?? [])).toBe(BigInt(books.owedWei));
    expect(own?.contributors.map(({ samples }) => samples)).toEqual([10, 20, 10, 10, 20]);
  });

  it("show influence with its sign once it is settled, and none before", async () => {
    const { scaleBits, adjointBits } = session.profile;
    const settled = await views.epoch(model.id, 1);
    for (const { influence = Number.NaN, weight } of settled?.contributors ?? []) {
      const proven = Number(BigInt(weight)) / 2 ** (scaleBits + adjointBits);
      expect(Math.max(0, influence)).toBe(proven);
    }
    expect(settled?.words).toMatchObject({
      influence: "proven",
      answers: "proven",
      completeness: "attested",
    });
    const open = await views.epoch(model.id, 2);
    expect([open?.contributors, open?.words.influence, open?.bundle]).toEqual([[], "open", false]);
    expect(open?.words.answers).toBe("attested");
    // The date that the operator signed, for as long as the epoch is not on chain.
    const dates = readReceipts(receiptsFolder(project.folder, model.id, 2)).map(({ dueBy }) => dueBy);
    expect([open?.dueBy, open?.words.due]).toEqual([Math.min(...dates), "attested"]);
    const [summary] = await views.models();
    expect(summary?.epochs.map(({ dueBy }) => dueBy)).toEqual([undefined, Math.min(...dates)]);
    expect(settled).not.toHaveProperty("dueBy");
    expect(await views.epoch(model.id, 3)).toBeUndefined();
    expect(await views.epoch(model.id, 0)).toBeUndefined();
    expect(await views.epoch(`0x${"1".repeat(64)}`, 1)).toBeUndefined();
  });

  it("call answers proven only if they are those that the chain holds the roots of", async () => {
    expect((await views.epoch(model.id, 1))?.words).toMatchObject({ answers: "proven", fees: "proven" });
    const held = receiptsFolder(project.folder, model.id, 1);
    renameSync(held, `${held}.away`);
    try {
      // As in a folder that was restored from an old backup: nothing is shown as proven that was not.
      const poorer = openViews(project, session);
      expect((await poorer.epoch(model.id, 1))?.words).toMatchObject({ answers: "open", fees: "open" });
    } finally {
      renameSync(`${held}.away`, held);
    }
  });

  it("ask for no log while nothing has happened, and once for all of them when something has", async () => {
    await views.revision();
    const asked = vi.spyOn(session.chain.provider, "request");
    const logs = (): number => asked.mock.calls.filter(([{ method }]) => method === "eth_getLogs").length;
    const lookAround = async (open: OpenViews): Promise<void> => {
      await Promise.all([open.models(), open.datanets(), open.contributors(), open.epoch(model.id, 1)]);
    };
    try {
      await lookAround(views);
      await lookAround(openViews(project, session));
      expect(logs()).toBe(0);
      await session.chain.travel(1);
      await lookAround(views);
      await lookAround(openViews(project, session));
      expect(logs()).toBe(1);
    } finally {
      asked.mockRestore();
    }
  });

  it("tell a payer all that it needs to pay", async () => {
    const [{ price } = { price: undefined }] = await views.models();
    expect(price).toMatchObject({
      chainId: 31_337,
      feeUnits: 12,
      feeUnitWei: String(model.feeUnitWei),
      vault: session.deployment.vault.toLowerCase(),
      operator: session.operator.address.toLowerCase(),
      token: { address: model.token.toLowerCase(), symbol: "QUIT", decimals: 18 },
    });
    expect(price?.domain.verifyingContract).toBe(price?.vault);
  });

  it("give a contributor a transaction that anybody can send, and that pays exactly what is owed", async () => {
    const account = (model.contributors[1] as ModelState["contributors"][number]).account;
    const before = await views.contributor(account.toLowerCase());
    const [first] = before?.models ?? [];
    expect(BigInt(first?.owedWei ?? 0)).toBeGreaterThan(0n);
    const revision = await views.revision();
    expect(await views.revision()).toBe(revision);
    const held = await session.contracts.erc20Balance(model.token, account);
    const stranger = await session.wallet("payer/stranger");
    if (first?.claim === undefined) throw new Error("something is owed, so there is a claim");
    const { to, data, chainId } = first.claim;
    expect(chainId).toBe(session.chain.chainId);
    await send(session.chain, stranger, { to, data });
    const got = (await session.contracts.erc20Balance(model.token, account)) - held;
    expect(got).toBe(BigInt(first?.owedWei ?? 0));
    expect(await views.revision()).not.toBe(revision);
    const after = await views.contributor(account);
    expect(after?.models[0]).toMatchObject({ owedWei: "0", claimedWei: first?.owedWei });
    expect(after?.models[0]?.claim).toBeUndefined();
    expect(after?.models[0]?.claims.map(({ wei }) => wei)).toEqual([first?.owedWei]);
    const summary = (await views.contributors()).find(({ address }) => address === account.toLowerCase());
    expect(summary?.totals[0]).toMatchObject({ owedWei: "0", earnedWei: first?.earnedWei });
    await expect(send(session.chain, stranger, { to, data })).rejects.toThrow(/refused/);
    expect(await views.contributor(`0x${"12".repeat(20)}`)).toBeUndefined();
  });

  it("show a batch that was taken back, and a model that forgot somebody with its lineage", async () => {
    const [leaving] = model.contributors;
    const batch = leaving?.batches[0]?.id ?? 0n;
    const wallet = await session.wallet(`contributor/${leaving?.name}`);
    const signature = await signWithdrawal(wallet, session.deployment, batch);
    await session.contracts.withdrawBatch(session.operator, batch, signature);
    const [datanet] = await views.datanets();
    const shown = datanet?.contributors.find(({ name }) => name === leaving?.name);
    expect(shown?.batches.map(({ withdrawnAt }) => withdrawnAt !== undefined)).toEqual([true, false]);
    expect([shown?.samples, datanet?.samples]).toEqual([5, 65]);

    await settleEpoch({ project, session, ui });
    const child = await forgetContributors({ project, session, ui, forget: [leaving?.name ?? ""] });
    const [current, parent] = await views.models();
    expect([current?.id, current?.parent, current?.current]).toEqual([child.id, model.id, true]);
    expect([parent?.id, parent?.current]).toEqual([model.id, false]);
    expect((await views.model(model.id))?.lineage.children.map(({ id }) => id)).toEqual([child.id]);
    expect((await views.model(child.id))?.lineage.ancestors).toEqual([
      { id: model.id, samples: 70, contributors: 5 },
    ]);
    // Its first epoch is not its parent's, whose bundle has the same name.
    expect(await views.bundle(model.id, 1)).toBe(project.path("out", "epoch-1.json"));
    expect(await views.bundle(undefined, 1)).toBeUndefined();
    const content = new Uint8Array(784).fill(7);
    await answerQueries({ project, session, ui, queries: [{ content, payer: "alice", feeUnits: 5 }] });
    expect((await views.epoch(child.id, 1))?.answers.map(({ feeUnits }) => feeUnits)).toEqual([5]);
  });
});
