/** Datanets: a batch is recorded once, and only with its contributor's consent. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { send } from "../../pipeline/chain/client.ts";
import { signBatch } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { type BatchMessage, batchDigest } from "../../pipeline/chain/ids.ts";
import { type Account, codecOf } from "../../pipeline/engine/ethers.ts";
import { R } from "./groth.ts";
import { openWorld, refused, type World } from "./world.ts";

const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

describe("Datanets", () => {
  let world: World;
  let datanet: bigint;
  let author: Account;

  beforeAll(async () => {
    world = await openWorld("datanets");
    author = world.contributors[0] as Account;
    datanet = (await world.contracts.createDatanet(world.people.operator, world.random.hex32())).datanetId;
  });
  afterAll(() => world.chain.close());

  const fresh = (over: Partial<BatchMessage> = {}): BatchMessage => ({
    datanet,
    contributor: author.address,
    root: world.random.field(),
    count: 3,
    ...over,
  });
  const contribute = async (
    batch: BatchMessage,
    signature: string,
    sender = world.people.relayer,
  ): Promise<bigint> => (await world.contracts.contribute(sender, { ...batch, signature })).batchId;
  const sign = (batch: BatchMessage, by = author): Promise<string> =>
    signBatch(by, world.contracts.deployment, batch);

  it("numbers datanets and batches from 1 and finds a batch by its root", async () => {
    expect(datanet).toBe(1n);
    const batch = fresh();
    const id = await contribute(batch, await sign(batch));
    expect(id).toBe(1n);
    expect(await world.contracts.batch(id)).toMatchObject({ ...batch, count: 3n, position: 1n });
    expect(await world.contracts.batchOf(datanet, batch.root)).toBe(id);
    expect(await world.contracts.batchOf(datanet, batch.root + 1n)).toBe(0n);
    expect(await world.contracts.batchCount()).toBe(1n);
  });

  it("signs the same digest in TypeScript and in Solidity", async () => {
    const batch = fresh();
    const { chainId, datanets } = world.contracts.deployment;
    expect(await world.contracts.batchDigest(batch)).toBe(batchDigest(chainId, datanets, batch));
  });

  it("needs no signature from a contributor who sends it itself", async () => {
    const own = fresh({ contributor: world.people.relayer.address });
    expect(await contribute(own, "0x")).toBe(2n);
  });

  it("refuses a batch that its contributor neither sent nor signed", async () => {
    const batch = fresh();
    const good = await sign(batch);
    const wrong = [
      "0x",
      `${good.slice(0, -2)}00`,
      await sign(batch, world.contributors[1]),
      await sign({ ...batch, count: 4 }),
      await sign({ ...batch, root: batch.root + 1n }),
      await sign({ ...batch, datanet: 2n }),
      await signBatch(author, { chainId: 1, datanets: world.contracts.deployment.datanets }, batch),
      await signBatch(author, { chainId: 31_337, datanets: world.contracts.deployment.models }, batch),
    ];
    for (const signature of wrong)
      await refused(world, () => contribute(batch, signature), "DatanetsWrongSignature");
    const nobody = fresh({ contributor: `0x${"0".repeat(40)}` });
    await refused(world, () => contribute(nobody, good), "DatanetsWrongSignature");
    await contribute(batch, good);
  });

  it("refuses the other form of a signature, (r, n − s)", async () => {
    const batch = fresh();
    const good = await sign(batch);
    const s = CURVE_ORDER - BigInt(`0x${good.slice(66, 130)}`);
    const v = good.endsWith("1b") ? "1c" : "1b";
    const other = `${good.slice(0, 66)}${s.toString(16).padStart(64, "0")}${v}`;
    await refused(world, () => contribute(batch, other), "DatanetsWrongSignature");
  });

  it("records a root once in a datanet, whoever brings it again", async () => {
    const batch = fresh();
    const signature = await sign(batch);
    await contribute(batch, signature);
    await refused(world, () => contribute(batch, signature), "DatanetsDuplicateRoot");
    const copy = { ...batch, contributor: world.people.relayer.address };
    await refused(world, () => contribute(copy, "0x"), "DatanetsDuplicateRoot");
    const second = (await world.contracts.createDatanet(world.people.operator, world.random.hex32()))
      .datanetId;
    const elsewhere = { ...batch, datanet: second };
    await contribute(elsewhere, await sign(elsewhere));
  });

  it("refuses unknown datanets, wrong counts and roots that are no field elements", async () => {
    const cases: Array<[Partial<BatchMessage>, string]> = [
      [{ datanet: 0n }, "DatanetsUnknownDatanet"],
      [{ datanet: 99n }, "DatanetsUnknownDatanet"],
      [{ count: 0 }, "DatanetsWrongCount"],
      [{ count: 6 }, "DatanetsWrongCount"],
      [{ root: 0n }, "DatanetsNotAFieldElement"],
      [{ root: R }, "DatanetsNotAFieldElement"],
      [{ root: R + 5n }, "DatanetsNotAFieldElement"],
    ];
    for (const [over, reason] of cases) {
      const batch = fresh(over);
      await refused(world, async () => contribute(batch, await sign(batch)), reason);
    }
    await refused(world, () => world.contracts.batch(99n), "DatanetsUnknownBatch");
  });

  it("takes a contract wallet's word through ERC-1271, or by its own transaction", async () => {
    const { TestWallet } = await contractArtifacts();
    const owner = world.contributors[2] as Account;
    const { created: contributor } = await deployContract(world.chain, world.people.relayer, TestWallet, [
      owner.address,
    ]);
    const batch = fresh({ contributor });
    const digestSigner = async (by: Account): Promise<string> => {
      const { signTypedData } = await import("../../pipeline/engine/ethers.ts");
      const { BATCH_TYPES, quittanceDomain } = await import("../../pipeline/chain/ids.ts");
      const { chainId, datanets } = world.contracts.deployment;
      return await signTypedData(by.privateKey, quittanceDomain(chainId, datanets), BATCH_TYPES, batch);
    };
    await refused(world, async () => contribute(batch, await digestSigner(author)), "DatanetsWrongSignature");
    const id = await contribute(batch, await digestSigner(owner));
    expect((await world.contracts.batch(id)).contributor.toLowerCase()).toBe(contributor.toLowerCase());

    const codec = codecOf(TestWallet.abi);
    const own = fresh({ contributor });
    const data = codec.call("contribute", [
      world.contracts.deployment.datanets,
      own.datanet,
      own.root,
      own.count,
    ]);
    await send(world.chain, world.people.relayer, { to: contributor, data });
    expect(await world.contracts.batchOf(datanet, own.root)).not.toBe(0n);
  });
});
