/**
 * Datanets, beyond contributing: terms, admission, versions, consent taken back. Contributing itself is in
 * Datanets.test.ts.
 *
 * constructor: batches of 0 or more than 2^16 − 1 records → refused
 * initialize: not the deployer / again / zero → refused
 * createDatanet: no token / too many / one twice / no contract → refused
 * transferDatanet: unknown / not the owner → refused; acceptDatanet: not the one it was offered to → refused
 * allowContributor: not the owner / no allowlist → refused
 * allowToken: not the owner / no contract / too many over its life → refused; stops and allows again
 * contribute: by policy; what was contributed stays when the list changes
 * withdrawBatch: unknown / neither sent nor signed / again → refused; marks and keeps everything else
 * publish: not the owner / nothing new → refused; a version never changes
 * decide: not validation / decided → refused
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { signBatch, signWithdrawal } from "../../pipeline/chain/contracts.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { withdrawalDigest } from "../../pipeline/chain/ids.ts";
import { BATCH_STATUS, DATANET_POLICY } from "../../pipeline/chain/types.ts";
import { type Account, abiEncode, keccak256 } from "../../pipeline/engine/ethers.ts";
import { newBatch, newDatanet, openValidators, runRound, type Validators } from "./validators.ts";
import { COIN, refused } from "./world.ts";

describe("Datanets, their terms", () => {
  let world: Validators;
  let owner: Account;
  let other: Account;
  let author: Account;
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const plain = (terms = {}) => newDatanet(world, { validated: false, ...terms });
  const contribute = (datanet: bigint, by: Account) => newBatch(world, datanet, by);
  const deploy = async (args: readonly unknown[]) =>
    deployContract(world.chain, owner, (await contractArtifacts()).Datanets, args);

  beforeAll(async () => {
    world = await openValidators("datanets");
    [owner, other] = [world.people.operator, world.people.relayer];
    author = world.contributors[0] as Account;
  });
  afterAll(() => world.chain.close());

  it("are created for batches that fit 16 bits, and told of validation once, by their deployer", async () => {
    for (const records of [0, 65_536]) await no(() => deploy([records]), "DatanetsWrongProfile");
    const { created } = await deploy([65_535]);
    const tell = (by: Account, to: string) => world.tell(by, "Datanets", created, "initialize", [to]);
    await no(() => tell(other, other.address), "DatanetsOnlyDeployer");
    await no(() => tell(owner, `0x${"0".repeat(40)}`), "DatanetsAlreadyInitialized");
    await tell(owner, other.address);
    await no(() => tell(owner, other.address), "DatanetsAlreadyInitialized");
  });

  it("are kept as a hash, with the tokens that models may be paid in", async () => {
    const { token } = c().deployment;
    const terms = { metadataURI: "ipfs://x", licence: "CC-BY-4.0", tokens: [token, world.money] };
    const metadataHash = world.random.hex32();
    const { datanetId } = await c().createDatanet(owner, metadataHash, { ...terms, policy: "owner" });
    const kept = await c().datanet(datanetId);
    expect(kept).toMatchObject({ owner: owner.address, validated: false, versions: 0n, accepted: 0n });
    expect(DATANET_POLICY[Number(kept.policy)]).toBe("owner");
    const type = "tuple(string,bytes32,string,uint8,bool,address[])";
    const encoded = abiEncode([type], [["ipfs://x", metadataHash, "CC-BY-4.0", 2, false, terms.tokens]]);
    expect(kept.termsHash).toBe(keccak256(encoded));
    expect(await c().isDatanetToken(datanetId, world.money)).toBe(true);
    expect(await c().isDatanetToken(datanetId, world.fees)).toBe(false);
    expect((await c().datanetTokens(datanetId)).length).toBe(2);
  });

  it("name at least one token and at most eight, each once, each a contract", async () => {
    const { token } = c().deployment;
    await no(() => plain({ tokens: [] }), "DatanetsWrongTokenCount");
    await no(() => plain({ tokens: [token, token] }), "DatanetsDuplicateToken");
    await no(() => plain({ tokens: [other.address] }), "DatanetsNotAToken");
    await no(() => plain({ tokens: new Array(9).fill(token) }), "DatanetsWrongTokenCount");
    const eight = Object.values(c().deployment)
      .filter((value): value is string => typeof value === "string" && value.startsWith("0x"))
      .slice(0, 8);
    const full = await plain({ tokens: eight });
    await no(() => c().allowToken(owner, full, world.money, true), "DatanetsWrongTokenCount");
    await no(() => c().allowToken(other, full, token, false), "DatanetsNotOwner");
    await no(() => c().allowToken(owner, 999n, token, false), "DatanetsUnknownDatanet");
    await c().allowToken(owner, full, token, false);
    expect(await c().isDatanetToken(full, token)).toBe(false);
    // It keeps its place, so that allowing it again is no ninth.
    await c().allowToken(owner, full, token, true);
    await c().allowToken(owner, full, token, true);
    expect(await c().isDatanetToken(full, token)).toBe(true);
    expect((await c().datanetTokens(full)).length).toBe(8);
    const few = await plain();
    await no(() => c().allowToken(owner, few, other.address, true), "DatanetsNotAToken");
  });

  it("go to another owner only if that one accepts", async () => {
    const id = await plain();
    await no(() => c().transferDatanet(other, id, other.address), "DatanetsNotOwner");
    await no(() => c().transferDatanet(owner, 999n, other.address), "DatanetsUnknownDatanet");
    await no(() => c().acceptDatanet(other, id), "DatanetsNotPendingOwner");
    await c().transferDatanet(owner, id, other.address);
    await c().transferDatanet(owner, id, author.address);
    await no(() => c().acceptDatanet(other, id), "DatanetsNotPendingOwner");
    await c().transferDatanet(owner, id, other.address);
    await c().acceptDatanet(other, id);
    expect(await c().datanet(id)).toMatchObject({
      owner: other.address,
      pendingOwner: `0x${"0".repeat(40)}`,
    });
    await no(() => c().acceptDatanet(other, id), "DatanetsNotPendingOwner");
    await no(() => c().publishDatanet(owner, id), "DatanetsNotOwner");
  });

  it("say who may contribute, and what was contributed stays", async () => {
    const [open, listed, owned] = [
      await plain(),
      await plain({ policy: "allowlist" }),
      await plain({ policy: "owner" }),
    ];
    await contribute(open, author);
    await no(() => c().allowContributor(owner, open, author.address, true), "DatanetsNoAllowlist");
    await no(() => contribute(listed, author), "DatanetsNotAdmitted");
    await no(() => c().allowContributor(other, listed, author.address, true), "DatanetsNotOwner");
    await c().allowContributor(owner, listed, author.address, true);
    const kept = await contribute(listed, author);
    await c().allowContributor(owner, listed, author.address, false);
    expect(await c().isContributor(listed, author.address)).toBe(false);
    await no(() => contribute(listed, author), "DatanetsNotAdmitted");
    expect(BATCH_STATUS[Number((await c().batch(kept)).status)]).toBe("accepted");
    await no(() => contribute(owned, author), "DatanetsNotAdmitted");
    await contribute(owned, owner);
    await no(() => c().isContributor(999n, owner.address), "DatanetsUnknownDatanet");
  });

  it("publish what was accepted as versions, which never change", async () => {
    const id = await newDatanet(world);
    await no(() => c().publishDatanet(owner, id), "DatanetsNothingNew");
    const [a, b, late] = [
      await contribute(id, author),
      await contribute(id, author),
      await contribute(id, author),
    ];
    await no(() => c().publishDatanet(owner, id), "DatanetsNothingNew");
    const accept = { verdict: 1, weight: 1000n * COIN } as const;
    // The order of acceptance, not that of contribution.
    await runRound(world, b, [accept]);
    await runRound(world, a, [accept]);
    const first = await c().publishDatanet(owner, id);
    expect(first.version).toBe(1);
    const version = await c().datanetVersion(id, 1);
    let head = `0x${"0".repeat(64)}`;
    for (const batch of [b, a]) {
      const { root, count, contributor } = await c().batch(batch);
      head = keccak256(
        abiEncode(
          ["bytes32", "uint256", "uint256", "uint16", "address"],
          [head, batch, root, count, contributor],
        ),
      );
    }
    expect(version).toMatchObject({ accepted: 2n, head });
    expect([(await c().batch(b)).position, (await c().batch(a)).position]).toEqual([1n, 2n]);
    await no(() => c().publishDatanet(owner, id), "DatanetsNothingNew");
    await runRound(world, late, [accept]);
    expect((await c().publishDatanet(owner, id)).version).toBe(2);
    expect(await c().datanetVersion(id, 1)).toEqual(version);
    for (const number of [0, 3]) await no(() => c().datanetVersion(id, number), "DatanetsUnknownVersion");
    await no(() => c().publishDatanet(other, id), "DatanetsNotOwner");
  });

  describe("consent", () => {
    it("is taken back by its contributor or with its signature, once, and leaves a tombstone", async () => {
      const id = await contribute(await plain(), author);
      const { chainId, datanets } = c().deployment;
      const message = { batch: id, contributor: author.address };
      expect(await c().withdrawalDigest(id, author.address)).toBe(
        withdrawalDigest(chainId, datanets, message),
      );
      const batch = { datanet: 1n, root: 1n, count: 1 };
      for (const signature of [
        "0x",
        await signWithdrawal(other, c().deployment, id),
        await signWithdrawal(author, c().deployment, id + 1n),
        await signWithdrawal(author, { ...c().deployment, chainId: 1 }, id),
        await signBatch(author, c().deployment, batch),
      ])
        await no(() => c().withdrawBatch(other, id, signature), "DatanetsWrongSignature");
      const before = await c().batch(id);
      const signature = await signWithdrawal(author, c().deployment, id);
      await c().withdrawBatch(other, id, signature);
      const after = await c().batch(id);
      expect(after.withdrawnAt).toBeGreaterThan(0n);
      expect({ ...after, withdrawnAt: 0n }).toEqual(before);
      await no(() => c().withdrawBatch(other, id, signature), "DatanetsAlreadyWithdrawn");
      await no(() => c().withdrawBatch(other, 9999n, signature), "DatanetsUnknownBatch");
      // The root stays taken: the same batch cannot come back under another's name.
      const again = { datanet: after.datanet, root: after.root, count: Number(after.count) };
      const copied = { ...again, contributor: other.address, signature: "0x" };
      await no(() => c().contribute(other, copied), "DatanetsDuplicateRoot");
      const own = await contribute(await plain(), owner);
      await c().withdrawBatch(owner, own);
    });
  });

  it("are decided on by validation alone", async () => {
    const id = await contribute(await newDatanet(world), author);
    const decide = (by: Account, accepted: boolean) =>
      world.tell(by, "Datanets", c().deployment.datanets, "decide", [id, accepted]);
    for (const by of [owner, other, author]) await no(() => decide(by, true), "DatanetsOnlyValidation");
    // A second set whose "validation" is an account: what validation itself could ask for, and not get.
    const { created } = await deploy([5]);
    const tell = (by: Account, method: string, args: readonly unknown[]) =>
      world.tell(by, "Datanets", created, method, args);
    await tell(owner, "initialize", [owner.address]);
    await tell(owner, "createDatanet", [["", world.random.hex32(), "", 0, true, [world.money]]]);
    for (const root of [5n, 6n]) await tell(owner, "contribute", [1n, root, 1, owner.address, "0x"]);
    await tell(owner, "decide", [1n, true]);
    await no(() => tell(owner, "decide", [1n, true]), "DatanetsAlreadyDecided");
    await tell(owner, "decide", [1n, false]);
    await no(() => tell(owner, "decide", [1n, true]), "DatanetsAlreadyDecided");
    await no(() => tell(owner, "decide", [1n, false]), "DatanetsAlreadyDecided");
    await tell(owner, "decide", [2n, false]);
    await no(() => tell(owner, "decide", [2n, true]), "DatanetsAlreadyDecided");
    await no(() => tell(owner, "decide", [3n, true]), "DatanetsUnknownBatch");
  });
});
