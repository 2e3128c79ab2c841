// New verifying keys by vote: what is refused before anybody pays, what voters read from the chain, and that
// a decision reaches new models alone. Contracts and pairings are real; the keys' secret is known (groth.ts).
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { openContracts } from "../../pipeline/chain/contracts.ts";
import { deployContract, deployContracts, deployOptionsOf } from "../../pipeline/chain/deploy.ts";
import { openScratchChain } from "../../pipeline/chain/local.ts";
import { keyHashesOf, type VerifierKeys } from "../../pipeline/chain/verifier.ts";
import { writeDeploymentFile } from "../../pipeline/deploy/file.ts";
import type { Desk } from "../../pipeline/desk.ts";
import { accountOf, checksumAddress, codecOf } from "../../pipeline/engine/ethers.ts";
import { keysFolder } from "../../pipeline/environment.ts";
import { keysInForce } from "../../pipeline/session.ts";
import { readyCircuits, readyKeys } from "../../pipeline/setup.ts";
import { proposedText } from "../../pipeline/vote-keys.ts";
import { castVote, execute, proposals, propose, queue } from "../../pipeline/votes.ts";
import { loadProfile, verifyingKeysDocument } from "../../prover/index.ts";
import {
  COIN,
  deployOptions,
  inferencePublics,
  makeEpoch,
  makeKeys,
  makeModel,
  openWorld,
  proveAll,
  refused,
  sendProofs,
  settle,
  type World,
} from "../verifier-contracts/world.ts";
import { startNode } from "./chain/server.ts";
import { inProcess } from "./cli/fixtures.ts";

let world: World;
const deskOf = ({ chain, contracts, people }: World): Desk => ({
  ...{ chain, contracts, deployment: contracts.deployment, operator: people.operator },
  wallet: async () => people.operator,
  endow: async () => {},
  record: () => {},
});
const wordsOf = (keys: World["keys"]): VerifierKeys => deployOptions(keys, world.emptyQ, world.nullG).keys;

beforeAll(async () => {
  world = await openWorld("vote-keys");
});
afterAll(async () => {
  await world.chain.close();
});

describe("new verifying keys by vote", () => {
  it("reach new models alone: an epoch of before ends under the keys that it began with", async () => {
    const { contracts: c, people } = world;
    const session = deskOf(world);
    const old = await makeModel(world);
    const epoch = await makeEpoch(world, old, [100n]);
    const { keys } = await makeKeys(world.random);
    const wanted = wordsOf(keys);
    const by = { session, proposer: people.operator, description: "Stronger keys" };
    // The current keys may be retired by the same decision: the new ones come first.
    const changes = [
      { kind: "retire", version: 1 },
      { kind: "keys", keys: wanted },
    ] as const;
    const { id, description } = await propose({ ...by, changes });
    const hashes = keyHashesOf(wanted);
    for (const [name, hash] of Object.entries(hashes)) expect(description).toContain(`${name} ${hash}`);
    const [shown] = await proposals(session);
    expect(shown?.keys).toMatchObject([{ local: true, sameCode: true, keyHashes: hashes }]);
    const text = shown?.keys.map((one) => proposedText(one, wanted)).join("") ?? "";
    expect(text).toMatch(/INSECURE local keys.*the keys that you gave$/s);
    expect(text).not.toContain("NOT");
    expect(shown?.keys.map((one) => proposedText(one, wordsOf(world.keys))).join("")).toContain("NOT");
    await castVote({ session, voter: people.operator, id, support: 1, travel: true });
    await queue({ session, sender: people.relayer, id, travel: true });
    expect(await c.verifierVersion()).toBe(1);
    await execute({ session, sender: people.relayer, id, travel: true });
    expect(await c.verifierVersion()).toBe(2);

    expect((await c.model(old.id)).verifierVersion).toBe(1n);
    const publics = await inferencePublics(world, old, epoch, 0);
    const forged = { inference: [{ batchIndex: 0, proof: keys.inference.prove(publics) }] };
    await refused(world, () => sendProofs(world, old, epoch, forged), "VerifierInvalidBatch");
    await proveAll(world, old, epoch, [20n, 0n, 80n]);
    await settle(world, old, 1, [20n, 0n, 80n]);
    const young = await makeModel(world);
    expect((await c.model(young.id)).verifierVersion).toBe(2n);
    const next = await makeEpoch(world, young, [100n]);
    await proveAll({ ...world, keys }, young, next, [20n, 0n, 80n]);
    await settle(world, young, 1, [20n, 0n, 80n]);
  });

  it("cost nothing where the registry would refuse them", async () => {
    const { chain, contracts: c, people, random } = world;
    const by = { session: deskOf(world), proposer: people.operator, description: "" };
    const nonce = async () =>
      await chain.provider.request({
        method: "eth_getTransactionCount",
        params: [people.operator.address, "latest"],
      });
    const before = await nonce();
    const given = (keys: VerifierKeys, proposer = people.operator) =>
      propose({ ...by, proposer, changes: [{ kind: "keys", keys }] });
    const { keys } = await makeKeys(random);
    const inForce = await c.verifierAt(2);
    const [known] = (await proposals(by.session)).flatMap((one) => one.keys);
    expect(known?.address).toBe(inForce);
    const { keys: wider } = await makeKeys(random, 3);
    await expect(given(wordsOf(wider))).rejects.toThrow(/"contributors" has 8 public inputs, .* 6/);
    const { transcriptHash: _, ...local } = wordsOf(keys);
    await expect(given({ ...local, local: false })).rejects.toThrow("VerifierWrongTranscript");
    await expect(given(local, accountOf(random.hex32()))).rejects.toThrow(/speaks for 0 votes/);
    expect(await nonce()).toBe(before);
    // Local keys never follow a ceremony's.
    const ceremony = { ...local, local: false, transcriptHash: random.hex32() };
    const { id } = await given(ceremony);
    const again = { session: by.session, sender: people.operator, id, travel: true };
    await castVote({ session: by.session, voter: people.operator, id, support: 1, travel: true });
    await queue(again);
    await execute(again);
    await expect(given(local)).rejects.toThrow(/local, and those in force are of a ceremony/);
    await expect(given(ceremony)).rejects.toThrow("in force already");
  });

  it("are shown for what they are, whatever a proposal's words are", async () => {
    const { chain, contracts: c, people } = world;
    const session = deskOf(world);
    const { VerifierRegistry, TestToken } = await contractArtifacts();
    const add = codecOf(VerifierRegistry.abi);
    const token = checksumAddress((await deployContract(chain, people.operator, TestToken, [])).created);
    const offer = async (address: string) => {
      const call = {
        targets: [c.deployment.registry],
        values: [0n],
        calldatas: [add.call("add", [address])],
      };
      return await c.propose(people.operator, { ...call, description: `Trust ${address}` });
    };
    await offer(token);
    await offer(people.relayer.address);
    // Answers every question with 1, so that it seems to hold keys.
    const other = { abi: "[]", bytecode: "0x6760015f5260205ff35f5260086018f3" };
    const disguised = checksumAddress((await deployContract(chain, people.operator, other, [])).created);
    await offer(disguised);
    const shown = (await proposals(session)).flatMap((one) => one.keys);
    const found = shown.find(({ address }) => address === disguised);
    expect(found).toMatchObject({ sameCode: false, keyHashes: { samples: `0x${"0".repeat(63)}1` } });
    expect(proposedText(found as never, wordsOf(world.keys))).toMatch(
      /OTHER CODE.*NOT the keys that you gave/s,
    );
    for (const address of [token, people.relayer.address]) {
      const one = shown.find((known) => known.address === address);
      expect(one).toEqual({ address, sameCode: false });
      expect(proposedText(one as never)).toContain("IS NO VERIFIER");
    }
  });

  it("are refused on a chain that is not local, if they are local ones", async () => {
    const { people, random } = world;
    const chain = await openScratchChain(5);
    try {
      await chain.fund(people.operator.address, 1_000n * COIN);
      const options = deployOptions(world.keys, world.emptyQ, world.nullG);
      await expect(deployContracts(chain, people.operator, options)).rejects.toThrow(
        "VerifierLocalKeysOnPublicChain",
      );
      const ceremony = { ...options.keys, local: false, transcriptHash: random.hex32() };
      const { deployment } = await deployContracts(chain, people.operator, { ...options, keys: ceremony });
      const contracts = await openContracts(chain, deployment);
      const session = deskOf({ ...world, chain, contracts });
      const keys = wordsOf((await makeKeys(random)).keys);
      const by = { session, proposer: people.operator, description: "" };
      const proposing = propose({ ...by, changes: [{ kind: "keys", keys }] });
      await expect(proposing).rejects.toThrow("VerifierLocalKeysOnPublicChain");
    } finally {
      await chain.close();
    }
  });

  it("come from a folder of keys or an exported file, on the command line", async () => {
    const keys = await readyKeys("tiny", await readyCircuits("tiny"));
    const folder = mkdtempSync(join(tmpdir(), "quittance-keys-"));
    const node = await startNode();
    const { operator } = world.people;
    try {
      await node.chain.fund(operator.address, 1_000n * COIN);
      // Other keys are in force, so that these are something new.
      const wanted = deployOptionsOf(loadProfile("tiny"), keys);
      const words = { ...wanted.keys.words, samples: swapped(wanted.keys.words.samples) };
      const deployed = { ...wanted, keys: { local: true, words } };
      const { deployment } = await deployContracts(node.chain, operator, deployed);
      const contracts = await openContracts(node.chain, deployment);
      const at = { chain: node.chain, contracts, deployment, keys };
      expect(await keysInForce(at)).toBe(false);
      const { chainId, profile: _profile, block: _block, ...places } = deployment;
      const file = join(folder, "deployment.json");
      writeDeploymentFile(file, {
        ...{ format: "quittance-deployment/1", chainId, profile: "tiny", deployer: operator.address },
        ...{ contracts: places, keys: { kind: "local", vkeyHashes: {} }, plan: "", transactions: [] },
      });
      const run = (...more: string[]) =>
        inProcess(["vote", ...more, "--deployment", file, "--chain", node.url], {
          QUITTANCE_VOTER_KEY: operator.privateKey,
        });
      const exported = join(folder, "tiny.json");
      writeFileSync(exported, JSON.stringify(verifyingKeysDocument(keys)));
      const ids: string[] = [];
      for (const path of [keysFolder("tiny"), exported]) {
        const { out, code } = await run("propose", "--keys", path, "--description", `From ${ids.length}`);
        expect(code, out).toBe(0);
        for (const hash of Object.values(keyHashesOf(wanted.keys))) expect(out).toContain(hash);
        ids.push(/Proposal (\d+)/.exec(out)?.[1] ?? "");
      }
      expect((await run("propose", "--keys", join(folder, "none"))).err).toMatch(/Vote\.KeysPath/);
      const shown = await run("show", "--keys", exported);
      expect(shown.out).toMatch(/code as that of the first keys \(reproducible\); the keys that you gave/);
      expect(shown.out).not.toMatch(/NOT/);
      const id = ids[0] ?? "";
      for (const step of ["cast", "queue", "execute"]) {
        await node.chain.travel((step === "queue" ? 6 : 3) * 86_400);
        const { code, err } = await run(step, id);
        expect(code, err).toBe(0);
      }
      expect(await keysInForce(at)).toBe(true);
      expect((await run("propose", "--keys", exported)).err).toMatch(/Vote\.NewKeys.*in force already/s);
    } finally {
      await node.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

/** Another key of the same circuit: two points of it have changed places. */
function swapped(words: readonly bigint[]): bigint[] {
  const points = words.slice(14);
  return [...words.slice(0, 14), ...points.slice(2, 4), ...points.slice(0, 2), ...points.slice(4)];
}
