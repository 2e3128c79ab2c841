/**
 * Whether a payer agreed to a voucher, by the rule of the contracts (`Signatures.isSignedBy`): its key first,
 * the code at its address only where the key did not.
 *
 * The two are not worth the same. A signature that recovers to the payer stays good whatever code the account
 * delegates to later (EIP-7702). What code accepts (ERC-1271) it accepts now, and may deny when the epoch
 * redeems; {@link voucherProblems} says what an operator makes of that.
 */
import type { Chain } from "../chain/chain.ts";
import { codecOf, type Hex, sameAddress } from "../engine/ethers.ts";
import { type Consent, type SignedVoucher, type VaultAt, voucherDigest } from "./vouchers.ts";

const ERC1271 = codecOf(
  '[{"type":"function","name":"isValidSignature","stateMutability":"view","inputs":[{"name":"hash","type":"bytes32"},{"name":"signature","type":"bytes"}],"outputs":[{"name":"","type":"bytes4"}]}]',
);
/** The whole word: bytes after the first four make it a no for the contracts. */
const ERC1271_YES = `0x1626ba7e${"0".repeat(56)}`;

/**
 * Who agreed to a voucher; undefined where neither the payer's key nor its code did.
 *
 * @param signer whose key signed it, as `voucherSigner` says
 * @param hasCode whether code stands at the payer's address
 */
export async function voucherConsent(of: {
  readonly chain: Chain;
  readonly at: VaultAt;
  readonly voucher: SignedVoucher;
  readonly signer: string | undefined;
  readonly hasCode: boolean;
}): Promise<Consent | undefined> {
  const { chain, at, voucher, signer, hasCode } = of;
  const { payer: account, signature } = voucher;
  return await consentOf({ chain, account, digest: voucherDigest(at, voucher), signature, signer, hasCode });
}

/** The same of any signature over a digest in an account's name. */
export async function consentOf(of: {
  readonly chain: Chain;
  readonly account: string;
  readonly digest: Hex;
  readonly signature: Hex;
  readonly signer: string | undefined;
  readonly hasCode: boolean;
}): Promise<Consent | undefined> {
  const { chain, account, digest, signature, signer, hasCode } = of;
  if (signer !== undefined && sameAddress(signer, account)) return "key";
  return hasCode && (await codeAgrees(chain, account, digest, signature)) ? "code" : undefined;
}

/** Whether the code at an address takes a signature for its own, at the latest block. */
async function codeAgrees(
  { provider }: Chain,
  account: string,
  digest: Hex,
  signature: Hex,
): Promise<boolean> {
  const data = ERC1271.call("isValidSignature", [digest, signature]);
  try {
    const params = [{ to: account, data }, "latest"];
    const said = String(await provider.request({ method: "eth_call", params }));
    return said.slice(0, ERC1271_YES.length) === ERC1271_YES;
  } catch {
    return false;
  }
}
