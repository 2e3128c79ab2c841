// A report of the size and shape of the demonstration's, with invented figures that hang together: payouts
// follow from the weights by the contract's own rule, and the books add up. Tests change one thing and look
// what the page says.

import type {
  ContributorFacts,
  ProofFacts,
  ReceiptFacts,
  ReportData,
} from "../../../pipeline/report/data.ts";

const FEE_UNIT_WEI = 1_000_000_000_000n;
const SAMPLES = [231, 178, 142, 121, 96, 77, 58, 44, 31, 22, 15, 9] as const;
const INFLUENCE = [
  301.5, 263.18, -41.7, 190.02, 131.9, 88.41, 61.3, -9.84, 44.07, 12.51, 16.2, 3.004,
] as const;
const NAMES = [
  "Amara",
  "Bashir",
  "Chidi",
  "Dorotea",
  "Eluned",
  "Farid",
  "Gudrun",
  "Hanneke",
  "Ines",
  "Joost",
  "Kaveh",
  "Linnea",
] as const;
const RANDOM_LABELS = new Set(["Chidi", "Hanneke"]);

/** A stand-in for a hash: hexadecimal, of the right length, different for every name. */
export function fakeHex(name: string, bytes = 32): string {
  let state = 2_166_136_261;
  let out = "";
  for (let i = 0; out.length < bytes * 2; i++) {
    for (const character of `${name}${i}`) {
      state = Math.imul(state ^ character.charCodeAt(0), 16_777_619) >>> 0;
    }
    out += state.toString(16).padStart(8, "0");
  }
  return `0x${out.slice(0, bytes * 2)}`;
}

const field = (name: string): string => BigInt(fakeHex(name, 31)).toString();

function contributors(poolWei: bigint): readonly ContributorFacts[] {
  const weights = INFLUENCE.map((influence) => BigInt(Math.max(0, Math.round(influence * 2 ** 40))));
  const sum = weights.reduce((total, weight) => total + weight, 0n);
  return NAMES.map((name, index) => {
    const payoutWei = ((poolWei * (weights[index] ?? 0n)) / sum).toString();
    const samples = SAMPLES[index] ?? 0;
    return {
      name,
      address: fakeHex(name, 20),
      samples,
      batches: Math.ceil(samples / 100),
      labelsAtRandom: RANDOM_LABELS.has(name),
      influence: INFLUENCE[index] ?? 0,
      weight: (weights[index] ?? 0n).toString(),
      payoutWei,
      claimedWei: payoutWei,
    };
  });
}

/** A disc that is brighter where the receipt's answer is greater: enough to see that pictures differ. */
function picture(answer: number): string {
  const pixels = new Uint8Array(28 * 28);
  for (let y = 0; y < 28; y++) {
    for (let x = 0; x < 28; x++) {
      const distance = Math.hypot(x - 13.5, y - 13.5);
      pixels[y * 28 + x] = distance < 10 && distance > answer ? 255 - answer * 10 : 0;
    }
  }
  return Buffer.from(pixels).toString("base64");
}

function receipts(): readonly ReceiptFacts[] {
  return Array.from({ length: 45 }, (_, index) => {
    const trueLabel = (index * 7) % 10;
    return {
      number: index + 1,
      requestId: fakeHex(`request ${index}`),
      payer: fakeHex(`payer ${index % 3}`, 20),
      answer: index % 14 === 5 ? (trueLabel + 4) % 10 : trueLabel,
      trueLabel,
      feeUnits: 100 + (index % 5) * 25,
      batch: 1,
      leaf: field(`leaf ${index}`),
      signature: fakeHex(`signature ${index}`, 65),
      picture: { width: 28, height: 28, pixels: picture(trueLabel) },
    };
  });
}

function proofs(): readonly ProofFacts[] {
  const proof = (
    circuit: "inference" | "adjoint" | "weights",
    index: number,
    rows: number,
    seconds: number,
    signals: readonly string[],
  ): ProofFacts => ({
    circuit,
    index,
    rows,
    seconds,
    publicSignals: signals.map((name) => ({ name, value: field(`${circuit} ${index} ${name}`) })),
    circuitHash: fakeHex(`${circuit} source`).slice(2),
    vkeyHash: fakeHex(`${circuit} key`).slice(2),
    verifyGas: 268_000 + signals.length * 6_800,
    txHash: fakeHex(`${circuit} ${index} transaction`),
  });
  const weightSignals = ["commitY", ...[1, 2, 3, 4, 5, 6].flatMap((slot) => [`commitG${slot}`, `w${slot}`])];
  return [
    proof("inference", 1, 126_881, 21.42, [
      "context",
      "commitW",
      "commitQIn",
      "commitQOut",
      "receiptsRoot",
      "feeTotal",
    ]),
    proof("adjoint", 1, 84_377, 14.07, ["commitA", "commitQ", "commitY", "lambda"]),
    proof("weights", 1, 96_144, 16.3, weightSignals),
    proof("weights", 2, 96_144, 15.88, weightSignals),
  ];
}

/** A fresh report; 45 receipts, 4 proofs, 12 contributors of whom two labelled at random. */
export function reportFixture(): ReportData {
  const slips = receipts();
  const fees = slips.reduce((sum, receipt) => sum + BigInt(receipt.feeUnits), 0n) * FEE_UNIT_WEI;
  const earnings = fees - (fees * 200n) / 10_000n - (fees * 1_000n) / 10_000n;
  const people = contributors(earnings);
  const payouts = people.reduce((sum, person) => sum + BigInt(person.payoutWei), 0n);
  const deposits = 10n ** 16n;
  return {
    title: "Handwritten digits, epoch 1",
    demonstration: true,
    run: {
      when: "2031-03-02T14:05:09.000Z",
      machine: "Some Processor at 2.60 GHz, 2 cores, 7.8 GiB, Debian GNU/Linux 12, Node 24.21.0",
      commit: "3f2a9c17d0b4",
      profile: "default",
      keys: "local",
      chain: {
        name: "local chain in this process",
        chainId: 31_337,
        coin: "QUIT",
        contracts: ["Groth16Verifier", "Datanets", "Models", "Epochs"].map((name) => ({
          name,
          address: fakeHex(name, 20),
        })),
      },
      steps: [
        { title: "Compile circuits", seconds: 41.3 },
        { title: "Make local keys", seconds: 87.6 },
        { title: "Record contributions", seconds: 3.1 },
        { title: "Fit the model", seconds: 4.44 },
        { title: "Answer questions", seconds: 1.2 },
        { title: "Prove the epoch", seconds: 68.02 },
        { title: "Settle and claim", seconds: 2.91 },
      ],
    },
    datanet: {
      id: "1",
      name: "Handwritten digits",
      source: "10,000 digits of MNIST, as the mnist package ships them",
    },
    model: {
      id: fakeHex("model"),
      operator: fakeHex("operator", 20),
      backboneHash: fakeHex("backbone").slice(2),
      features: 32,
      classes: 10,
      samples: 1_024,
      lambda: 4_000_000,
      commitW: field("W"),
      commitA: field("A"),
      accuracy: 0.9085,
      testSamples: 2_000,
      weightErrorBound: 0.000_031,
      trainingProven: false,
      txHash: fakeHex("model transaction"),
    },
    epoch: {
      number: 1,
      feeUnitWei: FEE_UNIT_WEI.toString(),
      carryInWei: "0",
      poolWei: fees.toString(),
      shares: [
        { who: "protocol", bps: 200, wei: ((fees * 200n) / 10_000n).toString() },
        { who: "developer", bps: 1_000, wei: ((fees * 1_000n) / 10_000n).toString() },
        { who: "validators", bps: 0, wei: "0" },
      ],
      earningsWei: earnings.toString(),
      carryOutWei: (earnings - payouts).toString(),
      payoutL1Error: 2.9e-6,
      settleTxHash: fakeHex("settle"),
    },
    contributors: people,
    receipts: slips,
    proofs: proofs(),
    gas: [
      { call: "Datanets.contribute", calls: 16, totalGas: 1_891_204 },
      { call: "Models.commit", calls: 1, totalGas: 1_204_551 },
      { call: "Epochs.commitEpoch", calls: 1, totalGas: 402_118 },
      { call: "Epochs.proveInference", calls: 1, totalGas: 341_900 },
      { call: "Epochs.settle", calls: 1, totalGas: 612_442 },
      { call: "Epochs.claim", calls: 12, totalGas: 731_009 },
    ],
    balance: {
      depositsWei: deposits.toString(),
      claimsWei: payouts.toString(),
      refundsWei: "1000000000000000",
      owedWei: "0",
      unspentWei: (deposits - fees - 10n ** 15n).toString(),
      poolsWei: "0",
      carryWei: (earnings - payouts).toString(),
      sharedWei: (fees - earnings).toString(),
      // The operator has collected its share, the treasury has not.
      uncollectedWei: ((fees * 200n) / 10_000n).toString(),
      contractBalanceWei: (deposits - payouts - 10n ** 15n - (fees * 1_000n) / 10_000n).toString(),
    },
  };
}
