/** The vault: what is owed is paid once, to its owner, and a payer can always leave. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { balanceOf, read, send } from "../../pipeline/chain/client.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import {
  type Account,
  type Codec,
  codecOf,
  keccakText,
  quantity,
  signTransaction,
} from "../../pipeline/engine/ethers.ts";
import * as W from "./world.ts";

const DAY = 86_400;
const ACCEPT = 0;
const REFUSE = 1;
const REENTER = 2;
const BURN_GAS = 3;

describe("claims", () => {
  let world: W.World;
  let model: W.Model;
  let wallet: string;
  let codec: Codec;

  beforeAll(async () => {
    world = await W.openWorld("claims", 2);
    const { TestWallet } = await contractArtifacts();
    codec = codecOf(TestWallet.abi);
    // The third contributor is a contract wallet.
    wallet = (await deployContract(world.chain, relayer(), TestWallet, [relayer().address])).created;
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    const { datanetId } = await world.contracts.createDatanet(relayer(), world.random.hex32());
    const members = [];
    for (const account of world.contributors) {
      members.push({ account: account.address, batches: [await contributeAs(datanetId, account)] });
    }
    await tell(
      codec.call("contribute", [world.contracts.deployment.datanets, datanetId, world.random.field(), 4]),
    );
    members.push({ account: wallet, batches: [await world.contracts.batchCount()] });
    model = await W.commitModelOf(world, datanetId, members, 1000n);
    const epoch = await W.makeEpoch(world, model, [100n]);
    await W.proveAll(world, model, epoch, [20n, 0n, 80n]);
    await world.contracts.settle(relayer(), model.id, epoch.number, model.accounts, [20n, 0n, 80n]);
    await mood(ACCEPT);
  });

  const relayer = (): Account => world.people.relayer;
  const tell = (data: string) => send(world.chain, relayer(), { to: wallet, data });
  const mood = (value: number) =>
    tell(codec.call("setMood", [value, world.contracts.deployment.vault, model.id]));
  const address = (i: number): string => model.accounts[i] as string;
  const contributeAs = async (datanet: bigint, account: Account): Promise<bigint> => {
    const { signBatch } = await import("../../pipeline/chain/contracts.ts");
    const batch = { datanet, root: world.random.field(), count: 4, contributor: account.address };
    const signature = await signBatch(account, world.contracts.deployment, batch);
    return (await world.contracts.contribute(relayer(), { ...batch, signature })).batchId;
  };

  it("pays the owner everything once, whoever asks", async () => {
    const before = await balanceOf(world.chain, address(0));
    const { amountWei } = await world.contracts.claim(relayer(), model.id, address(0));
    expect(amountWei).toBe(20_000n);
    expect(await balanceOf(world.chain, address(0))).toBe(before + 20_000n);
    await W.refused(world, () => world.contracts.claim(relayer(), model.id, address(0)), "VaultNothingOwed");
    expect(await world.contracts.earned(model.id, address(0))).toBe(20_000n);
    expect(await world.contracts.claimed(model.id, address(0))).toBe(20_000n);
  });

  it("refuses who is owed nothing: no weight, no contributor, another model", async () => {
    const other = await W.makeModel(world, world.contributors);
    await W.refused(world, () => world.contracts.claim(relayer(), model.id, address(1)), "VaultNothingOwed");
    await W.refused(
      world,
      () => world.contracts.claim(relayer(), model.id, relayer().address),
      "VaultNothingOwed",
    );
    await W.refused(world, () => world.contracts.claim(relayer(), other.id, address(0)), "VaultNothingOwed");
  });

  it("refuses more than is owed, and pays parts to the owner", async () => {
    const owner = world.contributors[0] as Account;
    await world.chain.fund(owner.address, W.COIN);
    const error = await W.refused(
      world,
      () => world.contracts.claimAmount(owner, model.id, 20_001n),
      "VaultMoreThanOwed",
    );
    expect(error.args).toEqual([20_000n, 20_001n]);
    await W.refused(
      world,
      () => world.contracts.claimAmount(owner, model.id, (1n << 128n) + 5n),
      "VaultMoreThanOwed",
    );
    await W.refused(world, () => world.contracts.claimAmount(owner, model.id, 0n), "VaultNothingOwed");
    await W.refused(world, () => world.contracts.claimAmount(relayer(), model.id, 1n), "VaultNothingOwed");
    await world.contracts.claimAmount(owner, model.id, 15_000n);
    await W.refused(world, () => world.contracts.claimAmount(owner, model.id, 5_001n), "VaultMoreThanOwed");
    expect((await world.contracts.claim(relayer(), model.id, owner.address)).amountWei).toBe(5_000n);
    await W.balanced(world);
  });

  it("keeps what a refusing recipient is owed, and pays the others beside it", async () => {
    await mood(REFUSE);
    await W.refused(world, () => world.contracts.claim(relayer(), model.id, wallet), "VaultPaymentRefused");
    const receipt = await world.contracts.claimMany(relayer(), model.id, [wallet, ...model.accounts]);
    expect(receipt.logs.filter(({ name }) => name === "Claimed").map(({ args }) => args.amount)).toEqual([
      20_000n,
    ]);
    expect(receipt.logs.filter(({ name }) => name === "PaymentRefused")).toHaveLength(2);
    expect(await world.contracts.owed(model.id, wallet)).toBe(80_000n);
    await W.balanced(world);
    await mood(ACCEPT);
    expect((await world.contracts.claim(relayer(), model.id, wallet)).amountWei).toBe(80_000n);
    expect(await world.contracts.owed(model.id, wallet)).toBe(0n);
    await W.balanced(world);
  });

  it("pays once even if the recipient asks again from within the payment", async () => {
    await mood(REENTER);
    const before = await balanceOf(world.chain, wallet);
    await world.contracts.claim(relayer(), model.id, wallet);
    const target = { address: wallet, codec };
    expect(await read(world.chain, target, "reentered", [])).toBe(false);
    const guard = keccakText("ReentrancyGuardReentrantCall()").slice(0, 10);
    expect(await read(world.chain, target, "refusal", [])).toBe(guard);
    expect(await balanceOf(world.chain, wallet)).toBe(before + 80_000n);
    await W.balanced(world);
  });

  it("loses nothing to a recipient that burns all its gas", async () => {
    await mood(BURN_GAS);
    const before = await W.balanced(world);
    const data = await vaultCall("claim", [model.id, wallet]);
    expect(await forced(world, relayer(), world.contracts.deployment.vault, data)).toBe(0n);
    expect(await W.balanced(world)).toEqual(before);
    await world.contracts.claim(relayer(), model.id, address(0));
  });

  it("loses nothing when a refused claim is mined anyway", async () => {
    await world.contracts.claim(relayer(), model.id, address(0));
    const before = await W.balanced(world);
    const data = await vaultCall("claim", [model.id, address(0)]);
    expect(await forced(world, relayer(), world.contracts.deployment.vault, data)).toBe(0n);
    expect(await W.balanced(world)).toEqual(before);
  });

  it("lets only Epochs move pools, and takes no coins that belong to nobody", async () => {
    const { vault } = world.contracts.deployment;
    const { Vault } = await contractArtifacts();
    const errors = codecOf(Vault.abi);
    for (const method of ["charge", "distribute", "release"]) {
      const data = await vaultCall(method, [model.id, [relayer().address], [1n]]);
      await W.refused(
        world,
        () => send(world.chain, world.people.operator, { to: vault, data }, errors),
        "VaultOnlyEpochs",
      );
    }
    await W.refused(
      world,
      () => send(world.chain, relayer(), { to: vault, data: "0x", valueWei: 5n }, errors),
      "refused",
    );
    const nothing = world.random.hex32();
    await W.refused(world, () => world.contracts.deposit(relayer(), nothing, 5n), "VaultUnknownModel");
    await W.refused(world, () => world.contracts.deposit(relayer(), model.id, 0n), "VaultNothingDeposited");
  });
});

describe("withdrawals", () => {
  let world: W.World;
  let model: W.Model;
  let payer: Account;

  beforeAll(async () => {
    world = await W.openWorld("withdrawals");
    payer = world.people.payers[0] as Account;
  });
  afterAll(() => world.chain.close());
  beforeEach(async () => {
    model = await W.makeModel(world, world.contributors, 1n);
    await world.contracts.deposit(payer, model.id, 1000n);
  });

  const alone = (fees: bigint): W.Epoch["commitment"] => ({
    ...W.makeCommitment(world, [fees]),
    payers: [payer.address],
    feeUnits: [fees],
  });
  const commit = (commitment: W.Epoch["commitment"]) =>
    world.contracts.commitEpoch(world.people.operator, model.id, commitment);

  it("pay after the delay, and what was not asked for stays", async () => {
    await W.refused(world, () => world.contracts.withdraw(payer, model.id), "VaultNothingToWithdraw");
    await world.contracts.requestWithdrawal(payer, model.id, 600n);
    await W.refused(world, () => world.contracts.withdraw(payer, model.id), "VaultWithdrawalNotReady");
    expect(await world.contracts.chargeable(model.id, payer.address)).toBe(1000n);
    await world.chain.travel(DAY);
    expect(await world.contracts.chargeable(model.id, payer.address)).toBe(400n);
    const before = await balanceOf(world.chain, payer.address);
    const { feeWei } = await world.contracts.withdraw(payer, model.id);
    expect(await balanceOf(world.chain, payer.address)).toBe(before + 600n - feeWei);
    expect(await world.contracts.unspent(model.id, payer.address)).toBe(400n);
    await W.refused(world, () => world.contracts.withdraw(payer, model.id), "VaultNothingToWithdraw");
    expect(await world.contracts.withdrawal(model.id, payer.address)).toEqual({ amount: 0n, readyAt: 0n });
    await W.balanced(world);
  });

  it("leave the operator time to charge what was served, and none after", async () => {
    await world.contracts.requestWithdrawal(payer, model.id, 1000n);
    await commit(alone(300n));
    await world.chain.travel(DAY);
    await world.contracts.withdraw(payer, model.id);
    expect(await world.contracts.unspent(model.id, payer.address)).toBe(0n);
    await W.balanced(world);
  });

  it("cannot be locked in by an operator who charges again and again and never proves", async () => {
    await world.contracts.requestWithdrawal(payer, model.id, 1000n);
    const first = alone(1000n);
    const { epoch } = await commit(first);
    await world.chain.travel(8 * DAY);
    await world.contracts.expire(payer, model.id, epoch, first);
    // The money is back, and its request is ripe: out of reach for a second charge.
    expect(await world.contracts.unspent(model.id, payer.address)).toBe(1000n);
    await W.refused(world, () => commit(alone(1n)), "VaultInsufficientDeposit");
    await world.contracts.withdraw(payer, model.id);
    await W.balanced(world);
  });

  it("can be taken back, and a new request starts the clock again", async () => {
    await world.contracts.requestWithdrawal(payer, model.id, 1000n);
    await world.chain.travel(DAY);
    await world.contracts.requestWithdrawal(payer, model.id, 0n);
    expect(await world.contracts.chargeable(model.id, payer.address)).toBe(1000n);
    await W.refused(world, () => world.contracts.withdraw(payer, model.id), "VaultNothingToWithdraw");
    await world.contracts.requestWithdrawal(payer, model.id, 10n);
    await W.refused(world, () => world.contracts.withdraw(payer, model.id), "VaultWithdrawalNotReady");
  });
});

async function vaultCall(method: string, args: readonly unknown[]): Promise<string> {
  return codecOf((await contractArtifacts()).Vault.abi).call(method, args);
}

/** Sends a transaction without asking first whether it would be refused. Returns its status. */
async function forced(world: W.World, account: Account, to: string, data: string): Promise<bigint> {
  const { request } = world.chain.provider;
  const nonce = Number(
    await request({ method: "eth_getTransactionCount", params: [account.address, "latest"] }),
  );
  const fees = { maxFeePerGas: 10n ** 10n, maxPriorityFeePerGas: 1n };
  const transaction = {
    chainId: world.chain.chainId,
    nonce,
    gasLimit: 1_000_000n,
    ...fees,
    to,
    valueWei: 0n,
    data,
  };
  const { raw, hash } = await signTransaction(account, transaction);
  await request({ method: "eth_sendRawTransaction", params: [raw] });
  const receipt = (await request({ method: "eth_getTransactionReceipt", params: [hash] })) as {
    status: string;
  };
  expect(quantity(BigInt(receipt.status))).toMatch(/^0x[01]$/);
  return BigInt(receipt.status);
}
