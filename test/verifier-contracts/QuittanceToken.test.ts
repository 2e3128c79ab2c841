/**
 * QuittanceToken: one billion, once; permits, authorisations, votes by time.
 *
 * constructor: mints the cap to the holder; there is no other way to make or unmake any
 * permit: by the owner's signature, once, until the deadline
 * transferWithAuthorization: by anybody, in its time, once; receiveWithAuthorization: by the recipient alone
 * cancelAuthorization: by the authorizer's signature, before it is used
 * votes: none until delegated; checkpoints by timestamp
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { contractArtifacts } from "../../pipeline/chain/artifacts.ts";
import { read, send } from "../../pipeline/chain/client.ts";
import { signAuthorisation, signCancellation, signPermit, tokenDomain } from "../../pipeline/chain/token.ts";
import { type Account, codecOf } from "../../pipeline/engine/ethers.ts";
import { COIN, openWorld, refused, type World } from "./world.ts";

const CAP = 1_000_000_000n * COIN;
const FOREVER = (1n << 256n) - 1n;

describe("QuittanceToken", () => {
  let world: World;
  let [owner, other, relayer] = [] as unknown as [Account, Account, Account];
  const c = () => world.contracts;
  const no = (work: () => Promise<unknown>, reason: string) => refused(world, work, reason);
  const domain = () => tokenDomain(c().deployment.chainId, c().deployment.token);
  const codec = async () => codecOf((await contractArtifacts()).QuittanceToken.abi);
  const tell = async (by: Account, method: string, args: readonly unknown[]) => {
    const face = await codec();
    return send(world.chain, by, { to: c().deployment.token, data: face.call(method, args) }, face);
  };
  const ask = async (method: string, ...args: readonly unknown[]) =>
    read(world.chain, { address: c().deployment.token, codec: await codec() }, method, args);

  beforeAll(async () => {
    world = await openWorld("token", 3, { endowed: false });
    [owner, other, relayer] = [
      world.people.operator,
      world.people.payers[0] as Account,
      world.people.relayer,
    ];
  });
  afterAll(() => world.chain.close());

  it("is a billion, minted once: nothing in it can make or destroy any", async () => {
    expect([await ask("totalSupply"), await ask("CAP"), await ask("decimals")]).toEqual([CAP, CAP, 18n]);
    expect(await c().tokenBalance(owner.address)).toBe(CAP);
    const abi = JSON.parse((await contractArtifacts()).QuittanceToken.abi) as Array<{
      type: string;
      name: string;
      stateMutability: string;
    }>;
    const writes = abi.filter(({ type, stateMutability: m }) => type === "function" && m === "nonpayable");
    expect([...new Set(writes.map(({ name }) => name))].sort()).toEqual([
      "approve",
      "cancelAuthorization",
      "delegate",
      "delegateBySig",
      "permit",
      "receiveWithAuthorization",
      "transfer",
      "transferFrom",
      "transferWithAuthorization",
    ]);
  });

  it("is allowed by a permit, once and in time", async () => {
    const permit = { spender: relayer.address, value: 5n, nonce: 0n, deadline: FOREVER };
    const send = async (over: Partial<typeof permit>, by = owner) => {
      const p = { ...permit, ...over };
      const { v, r, s } = await signPermit(by, domain(), p);
      return tell(relayer, "permit", [owner.address, p.spender, p.value, p.deadline, v, r, s]);
    };
    await no(() => send({ deadline: 1n }), "ERC2612ExpiredSignature");
    await no(() => send({}, other), "ERC2612InvalidSigner");
    await no(() => send({ nonce: 1n }), "ERC2612InvalidSigner");
    await send({});
    expect(await ask("nonces", owner.address)).toBe(1n);
    await no(() => send({}), "ERC2612InvalidSigner");
    await tell(relayer, "transferFrom", [owner.address, other.address, 5n]);
    expect(await c().tokenBalance(other.address)).toBe(5n);
    await no(
      () => tell(relayer, "transferFrom", [owner.address, other.address, 1n]),
      "ERC20InsufficientAllowance",
    );
  });

  describe("moves by authorisation", () => {
    const authorised = async (
      kind: "transfer" | "receive",
      sender: Account,
      over: object = {},
      by = owner,
      nonce = world.random.hex32(),
    ) => {
      const a = { to: other.address, value: 7n, validAfter: 0n, validBefore: FOREVER, nonce, ...over };
      const { v, r, s } = await signAuthorisation(by, domain(), kind, a);
      const args = [owner.address, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s];
      const method = kind === "transfer" ? "transferWithAuthorization" : "receiveWithAuthorization";
      const again = () => tell(sender, method, args);
      return { again, nonce: a.nonce, receipt: await again() };
    };

    it("sent by anybody, once, in its time, as it was signed", async () => {
      const before = await c().tokenBalance(other.address);
      const { again, nonce } = await authorised("transfer", relayer);
      expect(await c().tokenBalance(other.address)).toBe(before + 7n);
      expect(await ask("authorizationState", owner.address, nonce)).toBe(true);
      await no(again, "ERC3009UsedAuthorization");
      // Any order: the nonces are no numbers in a row.
      await authorised("transfer", relayer);
      await no(() => authorised("transfer", relayer, { validBefore: 1n }), "ERC3009InvalidAuthorizationTime");
      const later = BigInt(2_000_000_000);
      await no(
        () => authorised("transfer", relayer, { validAfter: later }),
        "ERC3009InvalidAuthorizationTime",
      );
      await no(() => authorised("transfer", relayer, {}, other), "ERC3009InvalidSignature");
      await no(() => authorised("transfer", relayer, { value: CAP + 1n }), "ERC20InsufficientBalance");
    });

    it("sent by the recipient alone, where it says so", async () => {
      await no(() => authorised("receive", relayer), "ERC20InvalidReceiver");
      const before = await c().tokenBalance(other.address);
      await authorised("receive", other);
      expect(await c().tokenBalance(other.address)).toBe(before + 7n);
    });

    it("unless it was cancelled", async () => {
      const nonce = world.random.hex32();
      const cancel = async (by: Account) => {
        const { v, r, s } = await signCancellation(by, domain(), nonce);
        return tell(relayer, "cancelAuthorization", [owner.address, nonce, v, r, s]);
      };
      await no(() => cancel(other), "ERC3009InvalidSignature");
      await cancel(owner);
      await no(() => authorised("transfer", relayer, {}, owner, nonce), "ERC3009UsedAuthorization");
      await no(() => cancel(owner), "ERC3009UsedAuthorization");
    });
  });

  it("votes only where it is delegated, and remembers by time", async () => {
    expect(await ask("CLOCK_MODE")).toBe("mode=timestamp");
    expect(await c().votesOf(owner.address)).toBe(0n);
    await c().delegateVotes(owner, owner.address);
    const balance = await c().tokenBalance(owner.address);
    expect(await c().votesOf(owner.address)).toBe(balance);
    const then = (await ask("clock")) as bigint;
    await world.chain.travel(100);
    await c().transferToken(owner, other.address, 1000n);
    expect(await ask("getPastVotes", owner.address, then)).toBe(balance);
    expect(await c().votesOf(owner.address)).toBe(balance - 1000n);
    expect(await c().votesOf(other.address)).toBe(0n);
    await no(() => ask("getPastVotes", owner.address, 9_999_999_999n), "ERC5805FutureLookup");
  });
});
