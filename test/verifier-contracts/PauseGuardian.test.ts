/**
 * PauseGuardian: stops what is new, for a while.
 *
 * pause: not the guardian / too soon after the last → refused; ends by itself
 * unpause: neither guardian nor owner / not paused → refused; does not shorten the wait
 * appoint: not the owner → refused
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read, send } from "../../pipeline/chain/client.ts";
import { deployContract } from "../../pipeline/chain/deploy.ts";
import { type Account, codecOf } from "../../pipeline/engine/ethers.ts";
import { claimOf, makeEpoch, makeModel, openWorld, proveAll, refused, settle, type World } from "./world.ts";

const DAY = 86_400;

describe("PauseGuardian", () => {
  let world: World;
  let address: string;
  let [owner, guardian, other] = [] as unknown as [Account, Account, Account];
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const tell = async (by: Account, method: string, args: readonly unknown[] = []) => {
    const codec = codecOf((await contractArtifacts()).PauseGuardian.abi);
    return send(world.chain, by, { to: address, data: codec.call(method, args) }, codec);
  };
  const ask = async (method: string) =>
    read(world.chain, { address, codec: codecOf((await contractArtifacts()).PauseGuardian.abi) }, method, []);

  beforeAll(async () => {
    world = await openWorld("guardian");
    [owner, guardian, other] = [
      world.people.operator,
      world.people.relayer,
      world.people.payers[0] as Account,
    ];
    const { PauseGuardian } = await contractArtifacts();
    const args = [owner.address, guardian.address];
    address = (await deployContract(world.chain, owner, PauseGuardian, args)).created;
  });
  afterAll(() => world.chain.close());

  it("pauses for three days, and not again for a week after", async () => {
    await no(() => tell(owner, "pause"), "PauseGuardianOnlyGuardian");
    await no(() => tell(guardian, "unpause"), "PauseGuardianNotPaused");
    await tell(guardian, "pause");
    expect(await ask("paused")).toBe(true);
    await no(() => tell(guardian, "pause"), "PauseGuardianCoolingDown");
    await world.chain.travel(3 * DAY);
    expect(await ask("paused")).toBe(false);
    await no(() => tell(guardian, "pause"), "PauseGuardianCoolingDown");
    await world.chain.travel(7 * DAY);
    await tell(guardian, "pause");
  });

  it("can be ended by guardian or owner, which does not shorten the wait", async () => {
    await no(() => tell(other, "unpause"), "PauseGuardianOnlyGuardianOrOwner");
    await tell(owner, "unpause");
    expect(await ask("paused")).toBe(false);
    await no(() => tell(guardian, "pause"), "PauseGuardianCoolingDown");
    await world.chain.travel(10 * DAY);
    await tell(guardian, "pause");
    await tell(guardian, "unpause");
  });

  it("is appointed and removed by the owner, who cannot pause itself", async () => {
    await no(() => tell(guardian, "appoint", [other.address]), "OwnableUnauthorizedAccount");
    await tell(owner, "appoint", [other.address]);
    await world.chain.travel(10 * DAY);
    await no(() => tell(guardian, "pause"), "PauseGuardianOnlyGuardian");
    await tell(other, "pause");
    await tell(owner, "appoint", [`0x${"0".repeat(40)}`]);
    await no(() => tell(other, "unpause"), "PauseGuardianOnlyGuardianOrOwner");
    await tell(owner, "unpause");
  });

  it("stops no proof, settlement, claim or withdrawal that is under way", async () => {
    const { contracts: c, people } = world;
    const model = await makeModel(world);
    const epoch = await makeEpoch(world, model, [100n]);
    await c.deposit(other, model.id, 5n);
    await c.requestWithdrawal(other, model.id, 5n);
    await world.chain.travel(6 * DAY);
    await c.pause(people.operator);
    expect(await c.paused()).toBe(true);
    await proveAll(world, model, epoch, [20n, 0n, 80n]);
    await settle(world, model, epoch.number, [20n, 0n, 80n]);
    await c.claim(people.relayer, await claimOf(world, model, model.accounts[0] as string));
    await world.chain.travel(2 * DAY);
    expect(await c.paused()).toBe(true);
    await c.withdraw(other, model.id);
  });
});
