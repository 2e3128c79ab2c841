// Earnings paid elsewhere at their owner's word: by its own transaction, by an order that somebody else hands
// in, and by a contract wallet's signature. Epochs are settled with keys whose secret is known, so that the
// money is there at once; everything about the claims is the tool's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../../pipeline/chain/artifacts.ts";
import { send } from "../../../pipeline/chain/client.ts";
import { signBatch } from "../../../pipeline/chain/contracts.ts";
import { deployContract } from "../../../pipeline/chain/deploy.ts";
import { writeDeploymentFile } from "../../../pipeline/deploy/file.ts";
import {
  type Account,
  accountOf,
  checksumAddress,
  codecOf,
  signTypedData,
} from "../../../pipeline/engine/ethers.ts";
import * as W from "../../verifier-contracts/world.ts";
import { type Node, startNode } from "../chain/server.ts";
import { inProcess, type Ran, refused, told } from "./fixtures.ts";

const folder = mkdtempSync(join(tmpdir(), "quittance-claim-"));
const [deployment, order, signed] = ["deployment.json", "order.json", "wallet.sig"].map((name) =>
  join(folder, name),
) as [string, string, string];
const DAY = 86_400;

let node: Node;
let world: W.World;
let model: W.Model;
let wallet = "";
const [ann, bob] = [0, 1].map((i) => () => world.contributors[i] as Account) as [
  () => Account,
  () => Account,
];
const relayer = (): Account => world.people.relayer;
const somewhere = (): string => accountOf(world.random.hex32()).address;
const held = (account: string): Promise<bigint> => world.contracts.tokenBalance(account);

/** `quittance claim` at a desk, with one key in the environment. */
const claim = (by: Account | undefined, ...args: string[]): Promise<Ran> =>
  inProcess(
    ["claim", ...args, "--deployment", deployment, "--chain", node.url, "--json"],
    by === undefined ? {} : { QUITTANCE_CONTRIBUTOR_KEY: by.privateKey },
  );
const ofModel = (by: Account | undefined, ...args: string[]) => claim(by, ...args, "--model", model.id);
/** 700 of the smallest unit: 70 to Ann, 140 to Bob, 490 to the wallet. */
async function settleEpoch(): Promise<void> {
  const [epoch, w] = [await W.makeEpoch(world, model, [100n]), [10n, 20n, 70n]];
  await W.proveAll(world, model, epoch, w);
  await W.settle(world, model, epoch.number, w);
}

beforeAll(async () => {
  node = await startNode();
  world = await W.openWorld("claim elsewhere", 2, { chain: node.chain });
  const { contracts, people, random } = world;
  const { TestWallet } = await contractArtifacts();
  wallet = checksumAddress(
    (await deployContract(node.chain, relayer(), TestWallet, [relayer().address])).created,
  );
  const { datanetId } = await contracts.createDatanet(people.operator, random.hex32());
  const members: { account: string; batches: bigint[] }[] = [];
  for (const { address, privateKey } of world.contributors) {
    const batch = { datanet: datanetId, root: random.field(), count: 4, contributor: address };
    const signature = await signBatch({ address, privateKey }, contracts.deployment, batch);
    const { batchId } = await contracts.contribute(relayer(), { ...batch, signature });
    members.push({ account: address, batches: [batchId] });
  }
  const { datanets } = contracts.deployment;
  const data = codecOf(TestWallet.abi).call("contribute", [datanets, datanetId, random.field(), 4]);
  await send(node.chain, relayer(), { to: wallet, data });
  members.push({ account: wallet, batches: [await contracts.batchCount()] });
  model = await W.commitModelOf(world, datanetId, members);
  const { chainId, profile: _profile, block: _block, ...addresses } = contracts.deployment;
  writeDeploymentFile(deployment, {
    ...{ format: "quittance-deployment/1", chainId, profile: "tiny", deployer: people.operator.address },
    ...{ contracts: addresses, keys: { kind: "local", vkeyHashes: {} }, plan: "", transactions: [] },
  });
  await settleEpoch();
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

describe("claim --to", () => {
  it("pays where the owner says, and nobody else's word counts", async () => {
    const to = somewhere();
    await refused(/Session\.NoKey.*QUITTANCE_CONTRIBUTOR_KEY/s, ofModel(undefined, "--to", to));
    await refused(/Claim\.NotAContributor/, ofModel(relayer(), "--to", to));
    await refused(/Claim\.WrongOwner/, ofModel(bob(), "--to", to, "--account", ann().address));
    const orderOfAnother = ["--to", to, "--account", ann().address, "--out", order];
    await refused(/Claim\.WrongOwner/, ofModel(bob(), ...orderOfAnother));
    await refused(/address of zeros/, ofModel(ann(), "--to", `0x${"0".repeat(40)}`));
    await refused(/no address/, ofModel(ann(), "--to", "bob"));
    await refused(/say where the money goes/, ofModel(ann(), "--out", order));
    await refused(/belongs to an order/, ofModel(ann(), "--signature", signed));
    await refused(/leave the others out/, claim(ann(), "--order", order, "--to", to));
    await node.chain.fund(ann().address, 10n ** 18n);
    expect(await told(ofModel(ann(), "--to", to))).toEqual({ account: ann().address, to, paidWei: "70" });
    expect([await held(to), await held(ann().address)]).toEqual([70n, 0n]);
    await refused(/Claim\.NothingOwed/, ofModel(ann(), "--to", to));
  });

  it("lets anybody hand in an order that cost its owner nothing, once and as it is", async () => {
    const to = somewhere();
    const made = await told(ofModel(bob(), "--to", to, "--out", order));
    expect(made).toMatchObject({ account: bob().address, to, owed: "140", signed: true });
    const text = readFileSync(order, "utf8");
    const handIn = () => claim(relayer(), "--order", order);
    writeFileSync(order, text.replace(to, relayer().address));
    await refused(/Claim\.OrderUnsigned.*not of 0x/s, handIn());
    writeFileSync(order, text.replace('"chainId": 31337', '"chainId": 1'));
    await refused(/Claim\.OrderFile.*it is for vault.* on chain 1/s, handIn());
    writeFileSync(order, text.replace("quittance-claim/1", "quittance-voucher/1"));
    await refused(/Claim\.OrderFile.*format/s, handIn());
    writeFileSync(order, "{");
    await refused(/Claim\.OrderFile/, handIn());
    writeFileSync(order, text);
    await refused(/Session\.NoKey/, claim(undefined, "--order", order));
    expect(await told(handIn())).toEqual({ account: bob().address, to, paidWei: "140" });
    expect([await held(to), await held(bob().address)]).toEqual([140n, 0n]);
    await refused(/Claim\.NothingOwed/, handIn());
  });

  it("takes a contract wallet's signature from a file, or its owner's key where its code does", async () => {
    const to = somewhere();
    const wanted = ["--to", to, "--account", wallet];
    // Nobody's key: the order waits, with what the wallet is to sign.
    expect(await told(ofModel(undefined, ...wanted, "--out", order))).toMatchObject({ signed: false });
    await refused(/Claim\.OrderUnsigned.*waits for the signature/s, claim(bob(), "--order", order));
    type Typed = Parameters<typeof signTypedData>;
    const { typedData } = JSON.parse(readFileSync(order, "utf8")) as {
      typedData: { domain: Typed[1]; types: Record<string, never>; message: Typed[3] };
    };
    const { EIP712Domain: _, ...types } = typedData.types;
    const sign = (by: Account) => signTypedData(by.privateKey, typedData.domain, types, typedData.message);
    const handIn = () => claim(relayer(), "--order", order, "--signature", signed);
    writeFileSync(signed, "no signature");
    await refused(/Claim\.OrderFile.*no signature in hex/s, handIn());
    writeFileSync(signed, await sign(bob()));
    await refused(/Claim\.OrderUnsigned/, handIn());
    writeFileSync(signed, `${await sign(relayer())}\n`);
    expect(await told(handIn())).toEqual({ account: wallet, to, paidWei: "490" });
    expect(await held(to)).toBe(490n);
    await settleEpoch();
    await refused(/Claim\.OrderUnsigned/, ofModel(bob(), ...wanted));
    expect(await told(ofModel(relayer(), ...wanted))).toMatchObject({ paidWei: "490" });
    expect(await held(to)).toBe(980n);
  });

  it("says when an order is worth nothing any more", async () => {
    const to = somewhere();
    const handIn = () => claim(relayer(), "--order", order);
    await told(ofModel(bob(), "--to", to, "--out", order));
    await settleEpoch();
    await refused(/Claim\.OrderStale/, handIn());
    await told(ofModel(bob(), "--to", to, "--out", order, "--days", "1"));
    await node.chain.travel(2 * DAY);
    await refused(/Claim\.OrderExpired/, handIn());
    await told(ofModel(bob(), "--to", to, "--out", order));
    expect(await told(handIn())).toMatchObject({ paidWei: "280" });
  });

  it("leaves claims without it as they were", async () => {
    const paid = await told<{ account: string; paidWei: string }[]>(ofModel(relayer()));
    expect(paid.map(({ account, paidWei }) => [account, paidWei])).toEqual([
      [ann().address, "140"],
      [wallet, "490"],
    ]);
  });
});
