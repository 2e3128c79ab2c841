/** Gathers what the report shows from a project, its chain and a settled epoch. */
import { type CircuitName, type Profile, publicNames, publicSignals } from "../prover/index.ts";
import type { Claimed } from "./claim.ts";
import type { Ui } from "./cli/ui.ts";
import type { ModelState } from "./commit.ts";
import type { DemoSplit } from "./corpus/demo.ts";
import { ROOT } from "./environment.ts";
import { explainReceipts } from "./explain.ts";
import type { Project } from "./project.ts";
import type { GasFacts, ProofFacts, ReportData } from "./report/data.ts";
import { describeCommit, describeMachine, machineLine } from "./report/machine.ts";
import { explainedFacts } from "./report-explained.ts";
import type { Session, Transaction } from "./session.ts";
import type { SettledEpoch } from "./settle.ts";

const SHOWN_CONTRACTS = [
  ...(["verifier", "registry", "datanets", "validation", "models", "training", "epochs", "vault"] as const),
  ...(["disputes", "schedule", "token", "governor", "timelock"] as const),
] as const;

/** Builds the report of a demonstration. */
export async function reportData(of: {
  readonly project: Project;
  readonly session: Session;
  readonly model: ModelState;
  readonly settled: SettledEpoch;
  readonly claims: readonly Claimed[];
  readonly split: DemoSplit;
  readonly ui: Ui;
  readonly payoutL1Error: number;
  /** Receipts (from 0) whose answers are explained. */
  readonly explain?: readonly number[];
}): Promise<ReportData> {
  const { session, model, settled, split, ui } = of;
  const { deployment, profile, contracts } = session;
  const scale = 2 ** (profile.scaleBits + profile.adjointBits);
  const transactions = session.transactions();
  const books = await contracts.accounting(model.id);
  const { sharesWei, split: feeSplit } = settled.bundle.settlement;
  const claimed = await Promise.all(model.contributors.map((c) => contracts.claimed(model.id, c.account)));
  const hashOf = (what: string): string => transactions.find((t) => t.what === what)?.hash ?? "";
  const chosen = (of.explain ?? []).flatMap((index) => settled.receipts[index] ?? []);
  const explanations =
    chosen.length === 0 ? [] : await explainReceipts({ project: of.project, profile, receipts: chosen });
  return {
    explanations: explanations.map(explainedFacts),
    title: `Handwritten digits, epoch ${settled.epoch}`,
    demonstration: true,
    run: {
      when: new Date().toISOString(),
      machine: machineLine(describeMachine()),
      commit: describeCommit(ROOT),
      profile: profile.name,
      keys: session.keys.manifest.kind,
      chain: {
        name: session.chain.kind === "local" ? "local chain in this process" : "JSON-RPC chain",
        chainId: session.chain.chainId,
        coin: await contracts.erc20Symbol(model.token),
        contracts: SHOWN_CONTRACTS.map((name) => ({ name, address: deployment[name] })),
      },
      steps: ui.seconds,
    },
    datanet: {
      id: String(model.datanet),
      name: model.corpus,
      source: "10,000 digits of MNIST, as the mnist package ships them",
    },
    model: {
      id: model.id,
      operator: session.operator.address,
      backboneHash: model.backbone,
      features: profile.d,
      classes: profile.classes,
      samples: model.samples,
      lambda: model.lambda,
      commitW: String(model.commitW),
      commitA: String(model.commitA),
      ...(model.accuracy === undefined ? {} : { accuracy: model.accuracy }),
      ...(model.tested === undefined ? {} : { testSamples: model.tested }),
      weightErrorBound: weightError(model, profile),
      trainingProven: await contracts.trainingProven(model.id),
      txHash: hashOf("commit model"),
    },
    epoch: {
      number: settled.epoch,
      feeUnitWei: String(model.feeUnitWei),
      carryInWei: settled.bundle.settlement.carryInWei,
      poolWei: settled.bundle.settlement.poolWei,
      shares: (["protocol", "developer", "validators"] as const).map((who) => ({
        who,
        bps: feeSplit[`${who}Bps`],
        wei: sharesWei[who],
      })),
      earningsWei: settled.bundle.settlement.earningsWei,
      carryOutWei: settled.bundle.settlement.carryOutWei,
      payoutL1Error: of.payoutL1Error,
      settleTxHash: hashOf("settle"),
    },
    contributors: model.contributors.map((c, index) => ({
      name: c.name,
      address: c.account,
      samples: c.samples,
      batches: c.batches.length,
      labelsAtRandom: split.contributors.some((d) => d.name === c.name && d.labelsAtRandom),
      influence: Number(settled.payouts[index]?.influence ?? 0n) / scale,
      weight: String(settled.payouts[index]?.weight ?? 0n),
      payoutWei: String(settled.payouts[index]?.payoutWei ?? 0n),
      claimedWei: String(claimed[index] ?? 0n),
    })),
    receipts: settled.receipts.map((receipt, index) => {
      const query = split.queries[index];
      return {
        number: index + 1,
        requestId: receipt.requestId,
        payer: receipt.payer,
        answer: receipt.opening.answer,
        feeUnits: receipt.feeUnits,
        batch: Math.floor(index / profile.queries) + 1,
        leaf: String(receipt.leaf),
        signature: receipt.signature,
        ...(query === undefined
          ? {}
          : {
              trueLabel: query.label,
              picture: { width: 28, height: 28, pixels: Buffer.from(query.content).toString("base64") },
            }),
      };
    }),
    proofs: proofFacts(session, settled, transactions),
    gas: gasFacts(transactions),
    balance: {
      depositsWei: String(books.deposited),
      claimsWei: String(books.claimed),
      refundsWei: String(books.withdrawn),
      owedWei: String(books.owed),
      unspentWei: String(books.unspent),
      poolsWei: String(books.pool),
      carryWei: String(books.carry),
      sharedWei: String(books.shared),
      uncollectedWei: String(await contracts.uncollectedShares(model.token)),
      contractBalanceWei: String(await contracts.erc20Balance(model.token, deployment.vault)),
    },
  };
}

function proofFacts(
  session: Session,
  settled: SettledEpoch,
  transactions: readonly Transaction[],
): ProofFacts[] {
  const counts = new Map<string, number>();
  return [...(settled.training?.proofs ?? []), ...settled.proofs].map(({ label, statement, seconds }) => {
    const { circuit } = statement;
    const index = (counts.get(circuit) ?? 0) + 1;
    counts.set(circuit, index);
    const names = publicNames(circuit, session.profile);
    const posted = transactions.findLast((t) =>
      t.what.startsWith(isEpoch(circuit) ? "prove epoch" : "prove training"),
    );
    const together = Number(/\((\d+) proofs\)/.exec(posted?.what ?? "")?.[1] ?? 1);
    return {
      circuit,
      index,
      rows: session.circuits[circuit].rows,
      seconds,
      publicSignals: publicSignals(statement, session.profile).map((value, i) => ({
        name: names[i] ?? String(i),
        value: String(value),
      })),
      circuitHash: session.circuits[circuit].hash,
      vkeyHash: session.keys.manifest.circuits[circuit].vkeyHash,
      verifyGas: Math.round((posted?.gas ?? 0) / together),
      txHash: posted?.hash ?? "",
    };
  });
}

/**
 * ‖R_W‖ / (λ·2^S), Frobenius norm: how far any weight can be from the exact optimum, in units of the weights.
 */
function weightError(model: ModelState, profile: Profile): number {
  const squares = model.residual.reduce((sum, r) => sum + Number(r) ** 2, 0);
  return Math.sqrt(squares) / (model.lambda * 2 ** profile.scaleBits);
}

function isEpoch(circuit: CircuitName): boolean {
  return circuit === "inference" || circuit === "adjoint" || circuit === "weights";
}

/** Transactions by kind: the first words of their names, without the person or number that they concern. */
function gasFacts(transactions: readonly Transaction[]): GasFacts[] {
  const kinds = new Map<string, { calls: number; totalGas: number }>();
  for (const { what, gas } of transactions) {
    const kind =
      /^(contribute|claim|deposit)\b/.exec(what)?.[1] ?? what.replace(/ (\d+|\(\d+ proofs\))$/, "");
    const entry = kinds.get(kind) ?? { calls: 0, totalGas: 0 };
    kinds.set(kind, { calls: entry.calls + 1, totalGas: entry.totalGas + gas });
  }
  return [...kinds].map(([call, entry]) => ({ call, ...entry }));
}
