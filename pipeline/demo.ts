/**
 * `quittance demo`: the whole job on real digits, with nothing mocked. Twelve contributors of very unequal
 * size, two of whom label at random, train a model; three payers ask 45 questions; the epoch is proven at the
 * default profile's full size, settled by the contracts and paid out; the last line checks that the balances
 * add up to the wei.
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { loadKeys, type ProfileName } from "../prover/index.ts";
import { withoutLeftOut } from "./admit.ts";
import { addsUp } from "./chain/types.ts";
import { claimOwed } from "./claim.ts";
import { type Coin, coins, table, type Ui } from "./cli/ui.ts";
import type { ModelState } from "./commit.ts";
import { DEMO_CONTRIBUTORS, type DemoSplit, demoSplit, questionsFile } from "./corpus/demo.ts";
import { keysFolder } from "./environment.ts";
import { answerQueries } from "./infer.ts";
import { payoutError } from "./payout-error.ts";
import { openProject } from "./project.ts";
import { shareBackbone } from "./project-backbone.ts";
import { renderReport } from "./report/render.ts";
import { reportData } from "./report-data.ts";
import { coinOf, openSession, type Session } from "./session.ts";
import { type SettledEpoch, settleEpoch } from "./settle.ts";
import { STANDARD_SEED } from "./standard-backbone.ts";
import { writeFileAtomic } from "./store.ts";
import { trainModel } from "./train.ts";
import { payValidators } from "./validate.ts";
import { verifyBundle } from "./verify.ts";

/** Who pays, in turn, and how many fee units for an answer. */
const PAYERS = [
  { label: "Harbour Clinic", feeUnits: 120 },
  { label: "Otto's Archive", feeUnits: 100 },
  { label: "Post Office 7", feeUnits: 80 },
] as const;

/** Who judges the batches, with stake. */
const VALIDATORS = ["Notary Vale", "Archive Guild", "Dr. Okafor"] as const;
/** What a fee unit costs: a thousandth of a token. */
const FEE_UNIT = "1000000000000000";
/** What the operator stands for its receipts with, in the token's smallest unit: 1,000 tokens. */
const BOND = 1_000n * 10n ** 18n;

/** Digits that are left as a file, for whoever wants to ask more. */
const MORE_QUESTIONS = 20;

/** What the demonstration found. */
export type DemoResult = {
  readonly report: string;
  readonly bundle: string;
  readonly accuracy: number;
  readonly tested: number;
  readonly payoutL1Error: number;
  readonly mislabelledShare: number;
  readonly balanced: boolean;
  readonly seconds: number;
  /** The most memory that this process, its proving threads included, ever held. */
  readonly peakMib: number;
  readonly lastLine: string;
};

export type DemoOptions = {
  readonly folder: string;
  readonly out: string;
  /** Continue what an earlier, interrupted run left in the folder. */
  readonly keep: boolean;
  /** `tiny` takes only the digits that its few outputs can tell apart; for tests. */
  readonly profile?: ProfileName;
  readonly ui: Ui;
};

/**
 * Runs the demonstration. Throws {@link NotADemoError} if the folder holds something else, {@link
 * DemoUnbalancedError}.
 */
export async function runDemo({
  folder,
  out,
  keep,
  ui,
  profile = "default",
}: DemoOptions): Promise<DemoResult> {
  const start = performance.now();
  if (existsSync(folder) && !keep) {
    if (!existsSync(join(folder, "quittance.json"))) throw new NotADemoError(folder);
    rmSync(folder, { recursive: true });
  }
  const project = openProject({
    folder,
    create: { profile, feeUnitWei: FEE_UNIT },
    seed: STANDARD_SEED,
    notice: (text) => ui.line(text),
  });
  try {
    ui.heading("Ready");
    const session = await openSession(project, ui);
    try {
      const split = await ui.step("Deal 10,000 handwritten digits", async () =>
        fitting(demoSplit(STANDARD_SEED), session.profile.classes),
      );
      ui.heading("Contributed data becomes a committed model");
      const corpus = {
        name: "handwritten digits (mnist package)",
        shape: split.shape,
        classes: split.classes,
        samples: split.contributed,
      };
      const validators = await Promise.all(VALIDATORS.map((label) => session.wallet(`validator/${label}`)));
      const model = await trainModel({ project, session, corpus, ui, validators, test: split.test });
      const accuracy = model.accuracy ?? 0;
      ui.line(
        `  Model ${model.id.slice(0, 18)}… answers ${(accuracy * 100).toFixed(1)} % of ${model.tested} digits that nobody contributed.`,
      );
      ui.line("  Its weights are committed now, and proven to come from the signed batches further down.");

      ui.heading("Paid answers, each with a voucher and a signed receipt");
      await ui.step("The operator stands for its receipts with a bond", () => standFor(session, model));
      const answers =
        keep && project.listState(`epochs/${model.id.slice(2, 18)}`).length > 0
          ? []
          : await answerQueries({ project, session, queries: demoQueries(split), ui });
      if (answers.length > 0) ui.line(`  ${answers.length} receipts; the first: ${answers[0]?.path}`);

      ui.heading("Training and epoch are proven, posted and settled");
      const settled = await settleEpoch({ project, session, ui });
      const claims = await claimOwed({ project, session, ui });
      const batches = model.contributors.flatMap((contributor) => contributor.batches.map(({ id }) => id));
      const { datanet, token } = model;
      await payValidators({ session, ui, datanet, token, validators, batches });
      const keys = await loadKeys(keysFolder(session.profile.name));
      const checks = await ui.step("Verify the bundle offline", () => verifyBundle(settled.bundle, keys));

      mkdirSync(out, { recursive: true });
      const bundle = join(out, `epoch-${settled.epoch}.json`);
      cpSync(settled.bundlePath, bundle);
      const backbone = shareBackbone(project, model.backbone, out);
      const questions = join(out, "questions.jsonl");
      writeFileAtomic(questions, questionsFile(split.test.slice(0, MORE_QUESTIONS)));
      const payoutL1Error = await payoutError({
        project,
        model,
        samples: withoutLeftOut(project, split.contributed),
        settled,
        profile: session.profile,
      });
      const report = join(out, "report.html");
      const data = await reportData({
        project,
        session,
        model,
        settled,
        claims,
        split,
        ui,
        payoutL1Error,
        explain: answersToExplain(settled, split),
      });
      writeFileAtomic(report, renderReport(data));

      ui.heading("Who was paid");
      ui.line(payoutTable(settled, model, session, await coinOf(session, model.token)));
      const mislabelledShare = shareOfMislabelled(settled);
      ui.line(
        `  The two contributors who labelled at random hold ${mislabelledSamples(model)} of ${model.samples} samples and get ${(mislabelledShare * 100).toFixed(2)} % of the money.`,
      );
      ui.line(
        `  Payouts differ from float64 ones by ${payoutL1Error.toExponential(1)} (L1, as shares of the pool).`,
      );
      ui.line();
      ui.line(`  Report   ${report}`);
      ui.line(`  Bundle   ${bundle}   (check it: npx quittance verify ${bundle})`);
      ui.line(`  Backbone ${backbone}   (whoever holds a content recomputes its features with it)`);
      ui.line(`  More     ${questions}   (digits to ask it: npx quittance serve --project ${folder})`);
      const doubts = checks.filter((check) => !check.ok);
      if (doubts.length > 0)
        throw new DemoUnbalancedError(
          `the bundle does not verify: ${doubts.map((d) => d.detail).join("; ")}`,
        );
      const lastLine = await balanceLine(session, model);
      return {
        report,
        bundle,
        accuracy,
        tested: model.tested ?? 0,
        payoutL1Error,
        mislabelledShare,
        balanced: true,
        seconds: (performance.now() - start) / 1_000,
        peakMib: Math.round(process.resourceUsage().maxRSS / 1_024),
        lastLine,
      };
    } finally {
      await session.close();
    }
  } finally {
    await project.store.close();
    project.close();
  }
}

/**
 * The part of the split that a smaller profile can take: digits that its outputs tell apart, and a fifth of
 * what was contributed; all of it at the default profile.
 */
function fitting(split: DemoSplit, m: number): DemoSplit {
  if (split.classes <= m) return split;
  const fits = (samples: DemoSplit["test"]): DemoSplit["test"] => samples.filter(({ label }) => label < m);
  return {
    ...split,
    classes: m,
    contributed: fits(split.contributed).filter((_, index) => index % 5 === 0),
    test: fits(split.test),
    queries: fits(split.queries),
  };
}

/** The first answer that is right and the first that is wrong: those are the ones that people ask about. */
function answersToExplain(settled: SettledEpoch, split: DemoSplit): number[] {
  const right = (index: number): boolean =>
    settled.receipts[index]?.opening.answer === split.queries[index]?.label;
  const indices = settled.receipts.map((_, index) => index);
  const chosen = [indices.find(right), indices.find((index) => !right(index))];
  return chosen.filter((index) => index !== undefined);
}

function demoQueries(split: DemoSplit): Parameters<typeof answerQueries>[0]["queries"] {
  return split.queries.map((sample, index) => {
    const payer = PAYERS[index % PAYERS.length] ?? PAYERS[0];
    return { content: sample.content, payer: payer.label, feeUnits: payer.feeUnits };
  });
}

function payoutTable(settled: SettledEpoch, model: ModelState, session: Session, coin: Coin): string {
  const scale = 2 ** (session.profile.scaleBits + session.profile.adjointBits);
  const total = settled.payouts.reduce((sum, payout) => sum + payout.weight, 0n);
  const rows = settled.payouts.map((payout, index) => [
    payout.name,
    String(model.contributors[index]?.samples ?? 0),
    (Number(payout.influence) / scale).toFixed(1),
    `${total === 0n ? "0.00" : ((Number(payout.weight) / Number(total)) * 100).toFixed(2)} %`,
    coins(payout.payoutWei, coin),
    isMislabelled(payout.name) ? "labelled at random" : "",
  ]);
  return table(["contributor", "samples", "influence", "share", "paid", ""], rows);
}

function isMislabelled(name: string): boolean {
  return DEMO_CONTRIBUTORS.some((contributor) => contributor.name === name && contributor.labelsAtRandom);
}

function shareOfMislabelled(settled: SettledEpoch): number {
  const all = settled.payouts.reduce((sum, payout) => sum + payout.payoutWei, 0n);
  const theirs = settled.payouts
    .filter(({ name }) => isMislabelled(name))
    .reduce((sum, payout) => sum + payout.payoutWei, 0n);
  return all === 0n ? 0 : Number(theirs) / Number(all);
}

function mislabelledSamples(model: ModelState): number {
  return model.contributors
    .filter(({ name }) => isMislabelled(name))
    .reduce((sum, { samples }) => sum + samples, 0);
}

/** The last line: every coin that came in, by what it is now, and what the contract really holds. */
async function balanceLine({ contracts, deployment }: Session, model: ModelState): Promise<string> {
  const books = await contracts.accounting(model.id);
  const held = await contracts.erc20Balance(model.token, deployment.vault);
  const waiting = await contracts.uncollectedShares(model.token);
  const inside = books.unspent + books.pool + books.carry + books.owed;
  if (!addsUp(books) || held !== inside + waiting) {
    throw new DemoUnbalancedError(
      `deposits ${books.deposited}, claims ${books.claimed}, refunds ${books.withdrawn}, shares ${books.shared}, inside ${inside}, held ${held} units`,
    );
  }
  return `  Balances add up to the wei: ${books.deposited} deposited = ${books.claimed} claimed + ${books.shared} to treasury, operator and validators + ${books.withdrawn} refunded + ${books.owed} still owed + ${books.unspent} unspent + ${books.pool + books.carry} carried over; the vault holds ${held}, ${waiting} of it shares that nobody has collected.`;
}

/** Posts the operator's bond, once. */
async function standFor(session: Session, model: ModelState): Promise<void> {
  if ((await session.contracts.freeBond(model.id)) > 0n) return;
  session.record("post bond", await session.contracts.postBond(session.operator, model.id, BOND));
}

/** The folder is not a demonstration's. */
export class NotADemoError extends Error {
  override readonly name = "Demo.NotAProject";
  constructor(folder: string) {
    super(
      `${folder} exists and is not a project of this program, so it is left alone. Choose another folder with --project.`,
    );
  }
}

/** The books do not balance, or the bundle does not verify: never expected, always fatal. */
export class DemoUnbalancedError extends Error {
  override readonly name = "Demo.Unbalanced";
  constructor(reason: string) {
    super(`Something does not add up: ${reason}. Keep the project folder and report it.`);
  }
}
