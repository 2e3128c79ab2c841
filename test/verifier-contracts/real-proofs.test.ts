/**
 * The contracts with the real circuits of the tiny profile: compiled, keyed and proven by the prover.
 *
 * The other tests prove with a key whose secret is known. This one shows that what the prover makes is what
 * the contracts ask for (order of public inputs, words of keys and proofs, commitments), and that the
 * classical frauds fail on real proofs too.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type SampleEpoch,
  type SampleModel,
  sampleEpoch,
  sampleModel,
} from "../../benchmarks/sample-epoch.ts";
import { chainTime } from "../../pipeline/chain/client.ts";
import { openContracts } from "../../pipeline/chain/contracts.ts";
import { deployContracts, deployOptionsOf } from "../../pipeline/chain/deploy.ts";
import { circuitIdOf } from "../../pipeline/chain/ids.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import { type Account, accountOf, signTypedData } from "../../pipeline/engine/ethers.ts";
import { cacheFolder } from "../../pipeline/environment.ts";
import { settlePayouts } from "../../pipeline/influence/payouts.ts";
import { RECEIPT_TYPES, receiptDomain } from "../../pipeline/receipts.ts";
import {
  buildCircuit,
  CIRCUIT_NAMES,
  type Circuit,
  type CircuitInput,
  type CircuitName,
  emptyCommitQ,
  inclusionWitness,
  type Keys,
  loadProfile,
  makeLocalKeys,
  nullCommitG,
  proofWords,
  prove,
  publicSignals,
} from "../../prover/index.ts";
import { arithmetic, Q, R, rerandomise } from "./groth.ts";
import { randomFrom } from "./random.ts";
import {
  COIN,
  claimOf,
  commitModelOf,
  type Epoch,
  type Model,
  refused,
  sendProofs,
  settle,
  voucherFor,
  type World,
} from "./world.ts";

const profile = loadProfile("tiny");
const CONTRIBUTORS = 3;

describe("real proofs", () => {
  let world: World;
  let circuits: Record<CircuitName, Circuit>;
  let keys: Keys;
  let folder: string;
  let secret: SampleModel;
  let model: Model;
  const epochs: SampleEpoch[] = [];
  const commitments: Epoch[] = [];
  const proofs: Array<{ inference: bigint[][]; adjoint: bigint[]; weights: bigint[][] }> = [];

  const words = async (circuit: CircuitName, input: CircuitInput): Promise<bigint[]> => {
    const { wasmPath } = circuits[circuit];
    return proofWords((await prove({ zkeyPath: keys.zkeyPath(circuit), wasmPath, input })).proof);
  };
  /** Statements and proofs of epoch `number`, and its commitment on the chain. */
  const openEpoch = async (number: number, batches: number): Promise<void> => {
    const { contracts, people } = world;
    const contexts = [];
    for (let i = 0; i < batches; i++) contexts.push(await contracts.context(model.id, number, i));
    const epoch = sampleEpoch(profile, secret, contexts, `real/${number}`);
    const fees = epoch.inference.reduce((sum, { feeTotal }) => sum + feeTotal, 0n);
    const payer = people.payers[0] ?? people.operator;
    await contracts.deposit(payer, model.id, fees * model.statement.feeUnit);
    const voucher = await voucherFor(world, model, payer, fees * model.statement.feeUnit);
    const commitment = {
      receiptsRoots: epoch.inference.map(({ receiptsRoot }) => receiptsRoot),
      commitQ: epoch.inference.map(({ commitQ }) => commitQ),
      feeTotals: epoch.inference.map(({ feeTotal }) => feeTotal),
      commitY: epoch.adjoint.commitY,
      payers: [payer.address],
      feeUnits: [fees],
    };
    const { epoch: opened } = await contracts.commitEpoch(people.operator, model.id, commitment, [voucher]);
    commitments.push({ number, commitment });
    expect(opened).toBe(number);
    const made = {
      inference: [] as bigint[][],
      adjoint: await words("adjoint", epoch.adjoint.input),
      weights: [] as bigint[][],
    };
    for (const { input } of epoch.inference) made.inference.push(await words("inference", input));
    for (const { input } of epoch.weights) made.weights.push(await words("weights", input));
    epochs.push(epoch);
    proofs.push(made);
  };
  const at = <T>(list: readonly T[], index: number): T => {
    const item = list[index];
    if (item === undefined) throw new Error(`there is no item ${index}`);
    return item;
  };
  const inference = (index: number, proof: readonly bigint[], epoch = 1) =>
    sendProofs(world, model, at(commitments, epoch - 1), { inference: [{ batchIndex: index, proof }] });
  const weights = (index: number, proof: readonly bigint[], w = at(at(epochs, 0).weights, index).w) => {
    const group = { index, w, commitG: at(at(epochs, 0).weights, index).commitG };
    return sendProofs(world, model, at(commitments, 0), { weights: [{ ...group, proof }] });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-real-"));
    const build = (circuit: CircuitName) =>
      buildCircuit({ profile: "tiny", circuit, cacheDir: cacheFolder() });
    const built = [];
    for (const name of CIRCUIT_NAMES) built.push([name, await build(name)] as const);
    circuits = Object.fromEntries(built) as Record<CircuitName, Circuit>;
    keys = await makeLocalKeys({ circuits: built.map(([, circuit]) => circuit), dir: join(folder, "keys") });

    const random = randomFrom("real");
    const chain = await openLocalChain({ now: () => 1_800_000_000 });
    const account = () => accountOf(random.hex32());
    const people = { operator: account(), relayer: account(), payers: [account()] };
    for (const { address } of [people.operator, people.relayer, ...people.payers])
      await chain.fund(address, 100n * COIN);
    const [emptyQ, nullG] = [emptyCommitQ(profile), nullCommitG(profile)];
    const options = deployOptionsOf(profile, keys);
    const { deployment } = await deployContracts(chain, people.operator, options);
    const contracts = await openContracts(chain, deployment);
    const contributors = Array.from({ length: CONTRIBUTORS }, account);
    const unused = undefined as never;
    world = {
      chain,
      contracts,
      random,
      curve: await arithmetic(),
      keys: unused,
      emptyQ,
      nullG,
      people,
      contributors,
      group: profile.contributors,
      models: new Map(),
    };
    await contracts.erc20Transfer(
      people.operator,
      deployment.token,
      (people.payers[0] as Account).address,
      10n ** 24n,
    );

    secret = sampleModel(profile, CONTRIBUTORS, "real");
    const { datanetId } = await contracts.createDatanet(people.operator, random.hex32());
    const members = [];
    for (const contributor of contributors) {
      await chain.fund(contributor.address, COIN);
      const batch = { datanet: datanetId, root: random.field(), count: 4, contributor: contributor.address };
      const { batchId } = await contracts.contribute(contributor, { ...batch, signature: "0x" });
      members.push({ account: contributor.address, batches: [batchId] });
    }
    model = await commitModelOf(world, datanetId, members, 1000n, {
      commitW: secret.commitW,
      commitA: secret.commitA,
      lambda: Number(secret.lambda),
      commitG: secret.commitG,
    });
    await openEpoch(1, 2);
  });
  afterAll(async () => {
    await world.chain.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("have their public inputs in the order of the prover's statements", async () => {
    const { receiptsRoot, commitQ, feeTotal } = at(at(epochs, 0).inference, 1);
    const commitQIn = at(at(epochs, 0).inference, 0).commitQ;
    const context = await world.contracts.context(model.id, 1, 1);
    const statement = {
      context,
      commitW: secret.commitW,
      commitQIn,
      commitQOut: commitQ,
      receiptsRoot,
      feeTotal,
    };
    const publics = publicSignals({ circuit: "inference", ...statement }, profile);
    const proof = at(at(proofs, 0).inference, 1);
    await world.contracts.verify(circuitIdOf("tiny", "inference"), proof, publics);
    const wrapped = publics.map((x, i) => (i === 5 ? x + R : x));
    const check = () => world.contracts.verify(circuitIdOf("tiny", "inference"), proof, wrapped);
    await refused(world, check, "VerifierPublicNotCanonical");
  });

  it("need keys that say what they are: ceremony keys are deployed with their transcript's hash", async () => {
    const transcript = {
      ptau: { sha256: "00", bytes: 1 },
      contributions: {},
      beacon: { hex: "00", iterationsExp: 10 },
    };
    const manifest = { ...keys.manifest, kind: "ceremony" as const, insecure: false, transcript };
    const options = deployOptionsOf(profile, { ...keys, manifest });
    expect(deployOptionsOf(profile, keys).keys).toMatchObject({ local: true });
    expect(options.keys.local).toBe(false);
    const { deployment } = await deployContracts(world.chain, world.people.operator, options);
    const contracts = await openContracts(world.chain, deployment);
    expect(await contracts.keysAreLocal()).toBe(false);
    expect(await contracts.transcript()).toBe(options.keys.transcriptHash);
  });

  it("are refused when tampered with, for another place, or not canonical; and nothing moves", async () => {
    const [first, second] = [at(at(proofs, 0).inference, 0), at(at(proofs, 0).inference, 1)];
    await refused(world, () => inference(0, second), "VerifierInvalidBatch");
    await refused(world, () => inference(1, first), "VerifierInvalidBatch");
    await refused(world, () => inference(0, at(proofs, 0).adjoint), "VerifierInvalidBatch");
    for (const i of first.keys()) {
      const by = (n: bigint) => first.map((word, j) => (i === j ? word + n : word));
      await refused(world, () => inference(0, by(1n)), "VerifierProofNotOnCurve");
      await refused(world, () => inference(0, by(Q)), "VerifierProofNotCanonical");
    }
    const group = at(at(epochs, 0).weights, 0);
    const proof = at(at(proofs, 0).weights, 0);
    for (const [i, w] of group.w.entries()) {
      await refused(world, () => weights(0, proof, group.w.with(i, w + 1n)), "VerifierInvalidBatch");
      await refused(world, () => weights(0, proof, group.w.with(i, w + R)), "EpochsWeightTooLarge");
    }
  });

  it("count once, and settle to the payouts that TypeScript computes", async () => {
    const { contracts, people } = world;
    for (const [i, proof] of at(proofs, 0).inference.entries()) await inference(i, proof);
    await sendProofs(world, model, at(commitments, 0), { adjoint: at(proofs, 0).adjoint });
    for (const [i, proof] of at(proofs, 0).weights.entries()) await weights(i, proof);
    const again = at(at(proofs, 0).inference, 0);
    for (const s of [1n, -1n, 424_242n]) {
      const other = s === 1n ? again : rerandomise(world.curve, again, s);
      await refused(world, () => inference(0, other), "EpochsAlreadyProven");
    }
    const { w } = at(epochs, 0);
    const settled = await settle(world, model, 1, w);
    const expected = settlePayouts(w, settled.poolWei);
    expect(settled.payoutsWei).toEqual(expected.payouts);
    expect(settled.carriedOutWei).toBe(expected.dust);
    expect(w.some((weight) => weight > 0n)).toBe(true);
    for (const account of model.accounts) {
      const claim = await claimOf(world, model, account);
      if (claim.cumulative > 0n) await contracts.claim(people.relayer, claim);
      await refused(world, () => contracts.claim(people.relayer, claim), "VaultNothingOwed");
    }
  });

  it("answer a payer who says that its receipt was left out, and no other receipt", async () => {
    const { contracts, people, chain } = world;
    const { operator } = people;
    const payer = at(people.payers, 0);
    const { commitment } = at(commitments, 0);
    const { leaves } = at(at(epochs, 0).inference, 1);
    const context = await contracts.context(model.id, 1, 1);
    const show = (place: number) =>
      words("inclusion", inclusionWitness({ profile, context, leaves, place }).input);
    const dueBy = (await chainTime(chain)) + 86_400;
    const receiptOf = (leaf: bigint) => ({
      ...{
        modelId: model.id,
        unproven: true,
        epoch: 1,
        requestId: world.random.hex32(),
        payer: payer.address,
      },
      ...{ feeUnits: 3, leaf, dueBy },
    });
    const sign = (receipt: ReturnType<typeof receiptOf>) =>
      signTypedData(
        operator.privateKey,
        receiptDomain(chain.chainId, contracts.deployment.epochs),
        RECEIPT_TYPES,
        receipt,
      );
    await contracts.postBond(operator, model.id, 10n ** 9n);
    const [kept, dropped] = [receiptOf(at(leaves, 1)), receiptOf(world.random.field())];
    const honest = await contracts.challengeOmission(payer, kept, await sign(kept));
    const lie = await contracts.challengeOmission(payer, dropped, await sign(dropped));
    const proof = await show(1);
    const answer = (dispute: bigint, given: readonly bigint[]) =>
      contracts.answerOmission(people.relayer, dispute, commitment, 1, given);
    await refused(world, () => answer(lie.dispute, proof), "VerifierInvalidProof");
    const other = await show(0);
    await refused(world, () => answer(honest.dispute, other), "VerifierInvalidProof");
    await answer(honest.dispute, rerandomise(world.curve, proof, 5n));
    await chain.travel(4 * 86_400);
    await contracts.resolveOmission(people.relayer, lie.dispute);
    const { collectableAward, deployment } = contracts;
    expect(await collectableAward(deployment.token, operator.address)).toBe(100_000n);
    expect(await collectableAward(deployment.token, payer.address)).toBe(100_000n + 3_000n + 500_000n);
  });

  it("of one epoch are refused in the next, whose own pass, negated or not", async () => {
    await openEpoch(2, 1);
    await refused(world, () => inference(0, at(at(proofs, 0).inference, 0), 2), "VerifierInvalidBatch");
    await inference(0, rerandomise(world.curve, at(at(proofs, 1).inference, 0), -1n), 2);
    const own = at(proofs, 1).adjoint;
    await refused(
      world,
      () => sendProofs(world, model, at(commitments, 1), { adjoint: at(proofs, 0).adjoint }),
      "VerifierInvalidBatch",
    );
    await sendProofs(world, model, at(commitments, 1), { adjoint: own });
    expect((await world.contracts.epoch(model.id, 2)).remaining).toBe(2n);
  });
});
