// Gas of the economy at its real sizes: settling with 12, 64 and 512 contributors, claiming first and later,
// vouchers, a vote, and all that 1,000 answers an epoch take together, divided by 1,000.
//
// Two epochs are run for each size. The first writes to storage that was empty; the second is what every
// later epoch costs, and figures without another word are of it. Keys, wallets and numbers come from a seed,
// so that the same contracts give the same figures: a snapshot can be compared.

import { type Account, type Contracts, earningsProof, type Receipt, signVoucher } from "../pipeline/index.ts";
import { openEpoch, openScene, proofsOf, type Scene, type SceneEpoch } from "./economy-scene.ts";
import type { Figure } from "./types.ts";

/** Of the amortised figure: answers an epoch, and payers that they are for. */
const ANSWERS = 1_000;
const PAYERS = 16;
/** Proofs in a transaction: far below the limit of 2^24 gas, and enough to share what a batch costs once. */
const PROOFS = 40;
const DAY = 86_400;

type Note = (name: string, gas: bigint) => void;

/**
 * Measures the economy for each number of contributors. Figures without a number of contributors are of the
 * one that is `main`, which has a whole epoch of 1,000 answers.
 */
export async function economyGas(sizes: readonly number[], main: number): Promise<Figure[]> {
  const figures: Figure[] = [];
  const note: Note = (name, gas) => figures.push({ name: `${name}.gas`, value: Number(gas), unit: "gas" });
  for (const size of sizes) {
    const scene = await openScene(size, size === main ? PAYERS : 1);
    try {
      if (size === main) await wholeEconomy(scene, note);
      else
        for (const which of [".first", ""])
          note(`settle.c${size}${which}`, (await runEpoch(scene, 45)).settle);
      // A claim's proof grows with the tree.
      if (size !== main) note(`claim.c${size}.first`, (await claim(scene, size - 1)).gasUsed);
    } finally {
      await scene.chain.close();
    }
  }
  return figures;
}

async function wholeEconomy(scene: Scene, note: Note): Promise<void> {
  const size = scene.accounts.length;
  for (const [name, { gasUsed }] of scene.notes) note(name, gasUsed);
  note("redeem.first", (await redeem(scene)).gasUsed);
  for (const which of ["first", "later"]) {
    const run = await runEpoch(scene, ANSWERS);
    const suffix = which === "first" ? ".first" : "";
    note(`settle.c${size}${suffix}`, run.settle);
    note(`answer.amortised${ANSWERS}${suffix}`, run.whole / BigInt(ANSWERS));
    note(`commit.p${PAYERS}.${which}`, run.commit);
    note(`prove.n${run.proofs}.${which}`, run.prove);
    note(`deposit.${which}`, run.deposit);
    note(`claim.${which}`, (await claim(scene, 5)).gasUsed);
  }
  note("redeem.later", (await redeem(scene)).gasUsed);
  await votes(scene.contracts, scene.operator, scene, note);
}

type Run = {
  readonly deposit: bigint;
  readonly commit: bigint;
  readonly prove: bigint;
  readonly proofs: number;
  readonly settle: bigint;
  /** All that the operator sends for the epoch. */
  readonly whole: bigint;
};

async function runEpoch(scene: Scene, answers: number): Promise<Run> {
  const { contracts, operator, model, accounts } = scene;
  const { epoch, deposit, commit } = await openEpoch(scene, answers);
  const [prove, proofs] = await proveEpoch(scene, epoch);
  const { cumulative } = await contracts.earnings(model.id, accounts);
  const settled = await contracts.settle(operator, model.id, epoch.number, accounts, epoch.w, cumulative);
  const whole = commit.gasUsed + prove + settled.gasUsed;
  const sums = { deposit: deposit.gasUsed, commit: commit.gasUsed, settle: settled.gasUsed };
  return { ...sums, prove, proofs, whole };
}

async function proveEpoch(scene: Scene, epoch: SceneEpoch): Promise<readonly [gas: bigint, proofs: number]> {
  const proofs = await proofsOf(scene, epoch);
  const parts = [
    ...proofs.inference.map((one) => ({ inference: [one], weights: [] })),
    ...proofs.weights.map((one) => ({ inference: [], weights: [one] })),
  ];
  let gas = 0n;
  for (let first = 0; first < parts.length; first += PROOFS) {
    const part = parts.slice(first, first + PROOFS);
    const sent = await scene.contracts.proveEpoch(
      scene.operator,
      scene.model.id,
      epoch.number,
      epoch.commitment,
      {
        inference: part.flatMap((p) => p.inference),
        weights: part.flatMap((p) => p.weights),
        ...(first === 0 ? { adjoint: proofs.adjoint } : {}),
      },
    );
    gas += sent.gasUsed;
  }
  return [gas, parts.length + 1];
}

async function claim({ contracts, operator, model, accounts }: Scene, place: number): Promise<Receipt> {
  const earnings = await contracts.earnings(model.id, accounts);
  return await contracts.claim(operator, {
    model: model.id,
    ...earningsProof(earnings, accounts[place] as string),
  });
}

/** One voucher alone, for a deposit that no voucher covers yet. */
async function redeem({ contracts, operator, model, payers }: Scene): Promise<Receipt> {
  const payer = payers[0] as Account;
  await contracts.deposit(payer, model.id, 1_000n);
  const { deposited } = await contracts.channel(model.id, payer.address);
  const terms = { operator: operator.address, model: model.id, expiry: 10n ** 11n, cumulative: deposited };
  return await contracts.redeem(operator, [await signVoucher(payer, contracts.deployment, terms)]);
}

/** Delegating, proposing and voting; the proposal does nothing. */
async function votes(contracts: Contracts, holder: Account, { chain }: Scene, note: Note): Promise<void> {
  note("delegate", (await contracts.delegateVotes(holder, holder.address)).gasUsed);
  await chain.travel(10);
  const { proposalId, gasUsed } = await contracts.propose(holder, {
    targets: [contracts.deployment.governor],
    values: [0n],
    calldatas: ["0x"],
    description: "measured",
  });
  note("propose", gasUsed);
  await chain.travel(2 * DAY);
  note("vote", (await contracts.castVote(holder, proposalId, 1)).gasUsed);
}
