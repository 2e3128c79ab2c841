/**
 * Accounts that delegate to code (EIP-7702), by a real authorisation in a transaction of its own kind.
 *
 * Whoever sends that transaction pays for it; the account only signs. Its code is then `0xef0100` and the
 * address, and calls of the account run what stands there.
 */
import { Wallet } from "ethers";
import type { Chain } from "../../pipeline/chain/chain.ts";
import { gasPrice } from "../../pipeline/chain/client.ts";
import type { Account } from "../../pipeline/engine/ethers.ts";

/** Delegating to it takes a delegation back. */
export const NOBODY = `0x${"0".repeat(40)}`;

/** Lets `account` delegate to the code at `to`; throws unless the chain says that it does. */
export async function delegate(chain: Chain, sender: Account, account: Account, to: string): Promise<void> {
  const { request } = chain.provider;
  const nonceOf = async ({ address }: Account): Promise<number> =>
    Number(await request({ method: "eth_getTransactionCount", params: [address, "latest"] }));
  const { chainId } = chain;
  const authorised = await new Wallet(account.privateKey).authorize({
    address: to,
    chainId,
    nonce: await nonceOf(account),
  });
  const raw = await new Wallet(sender.privateKey).signTransaction({
    type: 4,
    chainId,
    nonce: await nonceOf(sender),
    to: sender.address,
    gasLimit: 200_000n,
    ...(await gasPrice(chain)),
    authorizationList: [authorised],
  });
  await request({ method: "eth_sendRawTransaction", params: [raw] });
  const code = await request({ method: "eth_getCode", params: [account.address, "latest"] });
  const expected = to === NOBODY ? "0x" : `0xef0100${to.slice(2).toLowerCase()}`;
  if (code !== expected) throw new Error(`${account.address} has code ${String(code)}, expected ${expected}`);
}
