/**
 * A payer's first steps as calls that any wallet can send: allow the vault to take tokens, and deposit. Needs
 * nothing of Node's and no compiled contracts; a test compares the bytes with what their artifacts encode.
 */
import { codecOf, type Hex } from "../engine/ethers.ts";

/** A call to a contract. */
export type PayerCall = { readonly to: string; readonly data: Hex };

const fn = (name: string, inputs: readonly string[], outputs: readonly string[], view = false) => ({
  type: "function",
  name,
  stateMutability: view ? "view" : "nonpayable",
  inputs: inputs.map((type) => ({ name: "", type })),
  outputs: outputs.map((type) => ({ name: "", type })),
});

const CODEC = codecOf(
  JSON.stringify([
    fn("approve", ["address", "uint256"], ["bool"]),
    fn("deposit", ["bytes32", "uint256"], []),
    fn("available", ["bytes32", "address"], ["uint256"], true),
    fn("balanceOf", ["address"], ["uint256"], true),
  ]),
);

/** Where a model's answers are paid. */
export type DepositAt = { readonly token: string; readonly vault: string; readonly model: Hex };

/** The two calls of a deposit, in order: approve, then deposit. */
export function depositCalls({ token, vault, model }: DepositAt, amount: bigint): readonly PayerCall[] {
  return [
    { to: token, data: CODEC.call("approve", [vault, amount]) },
    { to: vault, data: CODEC.call("deposit", [model, amount]) },
  ];
}

/** Asks the vault what of a payer's deposit an operator can still charge, in the token's smallest unit. */
export function availableCall({ vault, model }: DepositAt, payer: string): PayerCall {
  return { to: vault, data: CODEC.call("available", [model, payer]) };
}

/** Asks the token what an account holds. */
export function balanceCall({ token }: DepositAt, account: string): PayerCall {
  return { to: token, data: CODEC.call("balanceOf", [account]) };
}

/** The number that {@link availableCall} or {@link balanceCall} came to. */
export function amountOf(answer: unknown): bigint {
  return CODEC.result("balanceOf", String(answer)) as bigint;
}
