/**
 * What the economy costs at the default profile's sizes: 6 contributors a weights proof, 45 queries an
 * inference proof. Proofs come from keys whose secret is known (groth.ts): gas depends on sizes, never on who
 * made a proof.
 *
 * Payments are in a plain ERC-20. A token that counts votes with every transfer, as ours does, adds what that
 * costs, about 6,000 gas a claim.
 *
 * The aims stand here as limits. `console.log` shows the figures; a document takes them from the benchmark.
 */
import { describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { send } from "../../pipeline/chain/client.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { type Account, accountOf, codecOf } from "../../pipeline/engine/ethers.ts";
import { signVoucher } from "../../pipeline/payments/vouchers.ts";
import * as W from "./world.ts";

const GROUP = 6;
const QUERIES = 45;
const FEES = { protocolBps: 200, developerBps: 1_000, validatorsBps: 0 };
/** Gas that a transaction may use at most (EIP-7825). */
const TRANSACTION_GAS = 1n << 24n;
/** Proofs in a transaction: far below the limit, and enough to share what a batch costs once. */
const PROOFS = 40;

type Run = { readonly settle: bigint; readonly whole: bigint };

describe("gas", () => {
  /** One epoch of 1,000 answers for 16 payers: every transaction that it takes, settlement last. */
  async function runEpoch(world: W.World, model: W.Model, payers: readonly Account[]): Promise<Run> {
    const { contracts, people, random } = world;
    const batches = Math.ceil(1000 / QUERIES);
    const each = 20n;
    const total = 1000n * each;
    const share = total / BigInt(payers.length);
    const units = payers.map((_, i) => (i === 0 ? total - share * BigInt(payers.length - 1) : share));
    const commitment = {
      ...W.makeCommitment(world, new Array<bigint>(batches).fill(0n)),
      feeTotals: Array.from({ length: batches }, (_, i) =>
        i < batches - 1 ? BigInt(QUERIES) * each : total - BigInt(batches - 1) * BigInt(QUERIES) * each,
      ),
      payers: payers.map(({ address }) => address),
      feeUnits: units,
    };
    const vouchers = [];
    for (const [i, payer] of payers.entries()) {
      const amount = (units[i] as bigint) * model.statement.feeUnit;
      await contracts.deposit(payer, model.id, amount);
      const { charged } = await contracts.channel(model.id, payer.address);
      const terms = { operator: people.operator.address, model: model.id, expiry: 10n ** 11n };
      const cumulative = charged + amount;
      vouchers.push(await signVoucher(payer, contracts.deployment, { ...terms, cumulative }));
    }
    const opened = await contracts.commitEpoch(people.operator, model.id, commitment, vouchers);
    let whole = opened.gasUsed;
    const epoch = { number: opened.epoch, commitment };
    const w = model.accounts.map(() => random.field() % (1n << 111n));
    const proofs = await W.allProofs(world, model, epoch, w);
    const parts = [
      ...proofs.inference.map((one) => ({ inference: [one], weights: [] })),
      ...proofs.weights.map((one) => ({ inference: [], weights: [one] })),
    ];
    for (let first = 0; first < parts.length; first += PROOFS) {
      const part = parts.slice(first, first + PROOFS);
      const adjoint = first === 0 ? { adjoint: proofs.adjoint } : {};
      const sent = { inference: part.flatMap((p) => p.inference), weights: part.flatMap((p) => p.weights) };
      whole += (await W.sendProofs(world, model, epoch, { ...sent, ...adjoint })).gasUsed;
    }
    const settled = await W.settle(world, model, epoch.number, w);
    expect((await contracts.epoch(model.id, epoch.number)).status).toBe(2n);
    return { settle: settled.gasUsed, whole: whole + settled.gasUsed };
  }

  async function open(contributors: number, payerCount: number) {
    const world = await W.openWorld(`gas-${contributors}`, contributors, {
      ...{ group: GROUP, queries: QUERIES, fees: FEES },
    });
    const { TestToken } = await contractArtifacts();
    const codec = codecOf(TestToken.abi);
    const token = (await deployContract(world.chain, world.people.operator, TestToken, [])).created;
    const payers = Array.from({ length: payerCount }, () => accountOf(world.random.hex32()));
    for (const { address } of payers) {
      await world.chain.fund(address, W.COIN);
      const data = codec.call("mint", [address, W.COIN]);
      await send(world.chain, world.people.operator, { to: token, data });
    }
    return { world, payers, model: await W.makeModel(world, world.contributors, 10n ** 9n, token) };
  }

  it("keeps its aims at 64 contributors: settling, claiming, and each of 1,000 answers", {
    timeout: 300_000,
  }, async () => {
    const { world, payers, model } = await open(64, 16);
    try {
      const first = await runEpoch(world, model, payers);
      const { relayer } = world.people;
      const claim = async (i: number): Promise<bigint> =>
        (await world.contracts.claim(relayer, await W.claimOf(world, model, model.accounts[i] as string)))
          .gasUsed;
      const firstClaim = await claim(5);
      const later = await runEpoch(world, model, payers);
      const laterClaim = await claim(5);
      const answer = later.whole / 1000n;
      console.log("gas", {
        "settle.c64.first": first.settle,
        "settle.c64": later.settle,
        "claim.first": firstClaim,
        "claim.later": laterClaim,
        "answer.amortised1000.first": first.whole / 1000n,
        "answer.amortised1000": answer,
      });
      expect(later.settle).toBeLessThanOrEqual(600_000n);
      expect(laterClaim).toBeLessThanOrEqual(61_000n);
      expect(answer).toBeLessThanOrEqual(5_000n);
      expect(first.whole / 1000n).toBeLessThanOrEqual(5_000n);
      await W.balanced(world);
    } finally {
      await world.chain.close();
    }
  });

  it("settles 512 contributors in one transaction", { timeout: 580_000 }, async () => {
    const { world, payers, model } = await open(512, 1);
    try {
      const first = await runEpoch(world, model, payers);
      const later = await runEpoch(world, model, payers);
      console.log("gas", { "settle.c512.first": first.settle, "settle.c512": later.settle });
      expect(later.settle).toBeLessThan(TRANSACTION_GAS);
      const last = await W.claimOf(world, model, model.accounts[511] as string);
      expect(last.proof).toHaveLength(9);
      await world.contracts.claim(world.people.relayer, last);
      await W.balanced(world);
    } finally {
      await world.chain.close();
    }
  });
});
