/** An agent in Node: books and receipts in a folder, sizes from the manifest, a key as the signer. */
import { loadProfile } from "../../prover/index.ts";
import { type Account, signTypedData } from "../engine/ethers.ts";
import { openAgent } from "./agent.ts";
import { folderStorage } from "./folder.ts";
import type { Agent, AgentOptions, AgentSigner } from "./types.ts";

/** Signs with a private key. */
export function accountSigner({ address, privateKey }: Account): AgentSigner {
  return {
    address,
    signTypedData: (domain, types, value) => signTypedData(privateKey, domain, types, value),
  };
}

/** Options of an agent whose storage is a folder. */
export type NodeAgentOptions = Omit<AgentOptions, "storage" | "profile" | "signer"> & {
  readonly account: Account;
  readonly folder: string;
};

/** Opens an agent that keeps everything in a folder. Throws what {@link openAgent} throws. */
export function openNodeAgent({ account, folder, ...options }: NodeAgentOptions): Promise<Agent> {
  return openAgent({
    ...options,
    signer: accountSigner(account),
    storage: folderStorage(folder),
    profile: loadProfile,
  });
}
