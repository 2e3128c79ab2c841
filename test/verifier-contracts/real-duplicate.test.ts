/**
 * A challenge with the real circuit: two records of one content, in batches that were contributed and
 * accepted, shown by a proof of the tiny profile's `duplicate` circuit.
 *
 * The other circuits' keys are those whose secret is known, because nothing here asks for their proofs; the
 * verifier takes a key of another setup, singly.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { type Contracts, openContracts, signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContracts } from "../../pipeline/chain/deploy.ts";
import { openLocalChain } from "../../pipeline/chain/local.ts";
import { type Account, accountOf } from "../../pipeline/engine/ethers.ts";
import { cacheFolder } from "../../pipeline/environment.ts";
import {
  batchRoot,
  buildCircuit,
  type DataRecord,
  duplicateWitness,
  findDuplicate,
  loadProfile,
  proofWords,
  prove,
  recordLeaf,
  type VerifyingKey,
  verifyingKeyWords,
  writeLocalKeys,
} from "../../prover/index.ts";
import { sampleRecord, randomFrom as widths } from "../circuits/cases.ts";
import { arithmetic, rerandomise } from "./groth.ts";
import { randomFrom } from "./random.ts";
import { HOUR, PARAMETERS } from "./validators.ts";
import { COIN, deployOptions, makeKeys } from "./world.ts";

const profile = loadProfile("tiny");

describe("a real proof of a duplicate", () => {
  let chain: Chain;
  let contracts: Contracts;
  let folder: string;
  let wasmPath: string;
  const random = randomFrom("real duplicate");
  const [operator, validator, challenger, author, thief] = Array.from({ length: 5 }, () =>
    accountOf(random.hex32()),
  ) as [Account, Account, Account, Account, Account];
  const numbers = widths(7n);
  const record = (over: Partial<DataRecord> = {}): DataRecord => ({
    ...sampleRecord(numbers, profile),
    ...over,
  });
  const leavesOf = (records: readonly DataRecord[]) => records.map((each) => recordLeaf(each, profile));

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "quittance-duplicate-"));
    const circuit = await buildCircuit({ profile: "tiny", circuit: "duplicate", cacheDir: cacheFolder() });
    wasmPath = circuit.wasmPath;
    await writeLocalKeys({ subjects: [circuit], folder });
    const vkey = JSON.parse(await readFile(join(folder, "duplicate.vkey.json"), "utf8")) as VerifyingKey;
    const { keys } = await makeKeys(random);
    const duplicate = { ...keys.duplicate, words: verifyingKeyWords(vkey) };
    chain = await openLocalChain({ now: () => 1_800_000_000 });
    for (const { address } of [operator, validator, challenger, thief]) await chain.fund(address, 10n * COIN);
    const options = deployOptions({ ...keys, duplicate }, random.field(), random.field());
    const { deployment } = await deployContracts(chain, operator, { ...options, validation: PARAMETERS });
    contracts = await openContracts(chain, deployment);
    await contracts.transferToken(operator, validator.address, 10_000n * COIN);
    await contracts.approveToken(validator, deployment.validation, 10_000n * COIN);
    await contracts.stake(validator, 10_000n * COIN);
  });
  afterAll(async () => {
    await chain.close();
    await rm(folder, { recursive: true, force: true });
  });

  const acceptedBatch = async (datanet: bigint, records: readonly DataRecord[]): Promise<bigint> => {
    const batch = { datanet, root: batchRoot(leavesOf(records), profile), count: records.length };
    const signature = await signBatch(author, contracts.deployment, batch);
    const signed = { ...batch, contributor: author.address, signature };
    const { batchId } = await contracts.contribute(operator, signed);
    const { round } = await contracts.openRound(operator, batchId);
    const vote = { batch: batchId, round, validator: validator.address, verdict: 1, reason: 0 };
    const hidden = { ...vote, salt: random.hex32() };
    await contracts.commitVerdict(validator, batchId, await contracts.commitmentOf(hidden), 1000n * COIN);
    await chain.travel(HOUR);
    await contracts.revealVerdict(validator, hidden);
    await contracts.closeRound(validator, batchId);
    return batchId;
  };

  it("rejects the batch, costs the validator, and pays the challenger that it names", async () => {
    const { datanetId } = await contracts.createDatanet(operator, random.hex32(), { validated: true });
    const first = [record(), record(), record()];
    const second = [record(), record({ digest: (first[2] as DataRecord).digest }), record()];
    const [earlier, later] = [await acceptedBatch(datanetId, first), await acceptedBatch(datanetId, second)];
    const found = findDuplicate(second, first);
    expect(found).toEqual({ earlier: 2, later: 1 });
    if (found === undefined) return;
    const { input } = duplicateWitness({
      profile,
      earlier: { leaves: leavesOf(first), place: found.earlier, record: first[found.earlier] as DataRecord },
      later: { leaves: leavesOf(second), place: found.later, record: second[found.later] as DataRecord },
      challenger: BigInt(challenger.address),
    });
    const { proof } = await prove({ zkeyPath: join(folder, "duplicate.zkey"), wasmPath, input });
    const words = proofWords(proof);
    const send = (over: object) =>
      contracts.proveDuplicate(thief, later, {
        earlier,
        challenger: challenger.address,
        proof: words,
        ...over,
      });
    // Copied from a pending transaction, in any form, it is of no use to another.
    const again = rerandomise(await arithmetic(), words, 5n);
    for (const stolen of [words, again])
      await expect(send({ challenger: thief.address, proof: stolen })).rejects.toMatchObject({
        reason: "VerifierInvalidProof",
      });
    await expect(send({ earlier: later })).rejects.toMatchObject({ reason: "VerifierInvalidProof" });
    await send({});
    expect((await contracts.batch(later)).status).toBe(3n);
    expect(await contracts.rewardOf(challenger.address)).toBe(250n * COIN);
    // The same fact in other bytes is no second challenge.
    await expect(send({ proof: again })).rejects.toMatchObject({ reason: "ValidationAlreadyRejected" });
    await contracts.settleVote(thief, later, 1, validator.address);
    expect((await contracts.stakeOf(validator.address)).free).toBe(8_500n * COIN);
  });
});
