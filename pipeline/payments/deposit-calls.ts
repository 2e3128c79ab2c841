/**
 * A payer's first steps as calls that any wallet can send: allow the vault to take tokens, and deposit. Needs
 * nothing of Node's and no compiled contracts; a test compares the bytes with what their artifacts encode.
 */
import type { ChannelView } from "../chain/types.ts";
import { codecOf, type Hex } from "../engine/ethers.ts";

/** A call to a contract. */
export type PayerCall = { readonly to: string; readonly data: Hex };

const fn = (name: string, inputs: readonly string[], outputs: readonly string[]) => ({
  type: "function",
  name,
  stateMutability: "nonpayable",
  inputs: inputs.map((type) => ({ name: "", type })),
  outputs: outputs.map((type) => ({ name: "", type })),
});

/** `IVault.channel`. */
const CHANNEL = {
  ...fn("channel", ["bytes32", "address"], []),
  stateMutability: "view",
  outputs: [
    {
      name: "",
      type: "tuple",
      components: ["deposited", "charged", "authorised", "withdrawn", "requested", "readyAt"].map((name) => ({
        name,
        type: "uint256",
      })),
    },
  ],
};

const CODEC = codecOf(
  JSON.stringify([
    fn("approve", ["address", "uint256"], ["bool"]),
    fn("deposit", ["bytes32", "uint256"], []),
    CHANNEL,
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

/** Asks the vault for a payer's account with a model. */
export function channelCall({ vault, model }: DepositAt, payer: string): PayerCall {
  return { to: vault, data: CODEC.call("channel", [model, payer]) };
}

/** The account that {@link channelCall} came to. */
export function channelOf(answer: unknown): ChannelView {
  return CODEC.result("channel", String(answer)) as ChannelView;
}

/** What of a deposit no voucher speaks for, with the highest sum that was ever signed. */
export function unsigned(channel: ChannelView, signed: bigint): bigint {
  const { deposited, withdrawn, requested, authorised } = channel;
  const spoken = withdrawn + requested + (signed > authorised ? signed : authorised);
  return deposited > spoken ? deposited - spoken : 0n;
}
