/**
 * Whether a payer agreed to a voucher, by the rule of the contracts (`Signatures.isSignedBy`): its key first,
 * the code at its address only where the key did not.
 *
 * The two are not worth the same. A signature that recovers to the payer stays good whatever code the account
 * delegates to later (EIP-7702). What code accepts (ERC-1271) it accepts now, and may deny when the epoch
 * redeems; {@link voucherProblems} says what an operator makes of that.
 */
import type { Chain } from "../chain/chain.ts";
import { codecOf, sameAddress } from "../engine/ethers.ts";
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
  const { signer, voucher, hasCode } = of;
  if (signer !== undefined && sameAddress(signer, voucher.payer)) return "key";
  return hasCode && (await codeAgrees(of.chain, of.at, voucher)) ? "code" : undefined;
}

/** Whether the code at the payer's address takes the signature for the payer's, at the latest block. */
async function codeAgrees({ provider }: Chain, at: VaultAt, voucher: SignedVoucher): Promise<boolean> {
  const data = ERC1271.call("isValidSignature", [voucherDigest(at, voucher), voucher.signature]);
  try {
    const params = [{ to: voucher.payer, data }, "latest"];
    const said = String(await provider.request({ method: "eth_call", params }));
    return said.slice(0, ERC1271_YES.length) === ERC1271_YES;
  } catch {
    return false;
  }
}
