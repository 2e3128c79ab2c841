/**
 * New verifying keys, as something to vote on. They stand in a contract before anybody votes: voters read
 * from the chain, circuit by circuit, what they would put in force, and need not believe a proposal's words.
 *
 * A decision reaches new models alone. A model keeps the version of keys that it was committed with, and with
 * it all its epochs, accepted or not (`VerifierRegistry`).
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import {
  CIRCUIT_NAMES,
  loadKeys,
  type ProfileName,
  readVerifyingKeys,
  type VerifyingKeys,
} from "../prover/index.ts";
import { contractArtifacts } from "./chain/artifacts.ts";
import { NoContractError, RevertedError, rehearse } from "./chain/client.ts";
import type { Proposal } from "./chain/economy.ts";
import {
  createVerifier,
  keyHashesOf,
  publicCountOf,
  rehearseVerifier,
  sameCode,
  sameKeys,
  type VerifierKeys,
  type VerifierView,
  viewVerifier,
} from "./chain/verifier.ts";
import type { Desk } from "./desk.ts";
import { type Account, checksumAddress, codecOf, sameAddress } from "./engine/ethers.ts";
import { KeysStaleError, readyCircuits } from "./setup.ts";

/** Keys that a proposal would register. */
export type ProposedKeys =
  | (VerifierView & {
      /** Whether the contract's code is that of the first verifier; if not, believe none of its hashes. */
      readonly sameCode: boolean;
    })
  /** Something that is no verifier. */
  | { readonly address: string; readonly sameCode: false; readonly keyHashes?: undefined };

/**
 * Keys from a folder that `setup` or a ceremony made, or from the file of an export; they have to be for the
 * circuits of this version, as `deploy` wants them. Throws {@link KeysPathError}, {@link KeysStaleError}.
 */
export async function keysForVote(path: string, profile: string): Promise<VerifyingKeys> {
  if (!existsSync(path)) throw new KeysPathError(path, "there is nothing");
  const keys = statSync(path).isDirectory()
    ? await loadKeys(path)
    : await readVerifyingKeys(jsonOf(path), (text) => createHash("sha256").update(text).digest("hex"));
  if (keys.manifest.profile !== profile)
    throw new KeysPathError(
      path,
      `they are of profile "${keys.manifest.profile}", and the contracts of "${profile}"`,
    );
  const circuits = await readyCircuits(profile as ProfileName);
  const stale = CIRCUIT_NAMES.filter(
    (name) => keys.manifest.circuits[name].circuitHash !== circuits[name].hash,
  );
  if (stale.length > 0) throw new KeysStaleError(path, stale);
  return keys;
}

function jsonOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new KeysPathError(path, (cause as Error).message, cause);
  }
}

/**
 * Refuses, before anything is paid for, what the registry would: local keys where the chain is not local or
 * a ceremony's are in force, and other circuits. Throws {@link NewKeysError}, and what the contract says.
 */
export async function checkNewKeys(session: Desk, proposer: Account, keys: VerifierKeys): Promise<void> {
  const { chain, contracts, deployment } = session;
  const { profile } = deployment;
  await rehearseVerifier(chain, proposer, profile, keys);
  const inForce = await viewVerifier(
    chain,
    await contracts.verifierAt(await contracts.verifierVersion()),
    profile,
  );
  if (keys.local && !inForce.local)
    throw new NewKeysError("they are local, and those in force are of a ceremony");
  if (sameKeys(inForce.keyHashes, keyHashesOf(keys))) throw new NewKeysError("they are in force already");
  for (const name of CIRCUIT_NAMES) {
    // Head of 14 words and two for each point of IC, of which there is one more than public inputs.
    const given = (keys.words[name].length - 14) / 2 - 1;
    const wanted = await publicCountOf(chain, deployment.verifier, profile, name);
    if (given !== wanted)
      throw new NewKeysError(`"${name}" has ${given} public inputs, and the contracts build ${wanted}`);
  }
}

/** Creates the keys' contract, and makes the call that registers it and the words that voters read. */
export async function registration(
  session: Desk,
  proposer: Account,
  keys: VerifierKeys,
): Promise<{ readonly call: { readonly to: string; readonly data: string }; readonly text: string }> {
  const { chain, deployment } = session;
  const mined = await createVerifier(chain, proposer, deployment.profile, keys);
  session.record("create verifier", mined);
  const { VerifierRegistry } = await contractArtifacts();
  const codec = codecOf(VerifierRegistry.abi);
  const call = { to: deployment.registry, data: codec.call("add", [mined.created]) };
  await rehearse(chain, deployment.timelock, call, codec);
  return { call, text: keysText(await viewVerifier(chain, mined.created, deployment.profile)) };
}

/** The verifiers that a proposal would register, as they stand on the chain. */
export async function proposedKeys(
  { chain, deployment }: Desk,
  { targets, calldatas }: Pick<Proposal, "targets" | "calldatas">,
): Promise<ProposedKeys[]> {
  const { VerifierRegistry } = await contractArtifacts();
  const selector = codecOf(VerifierRegistry.abi).call("add", [deployment.verifier]).slice(0, 10);
  const found: ProposedKeys[] = [];
  for (const [i, data] of calldatas.entries()) {
    if (!sameAddress(targets[i] ?? "", deployment.registry) || !data.startsWith(selector)) continue;
    const address = checksumAddress(`0x${data.slice(-40)}`);
    const first = await viewVerifier(chain, deployment.verifier, deployment.profile);
    try {
      const proposed = await viewVerifier(chain, address, deployment.profile);
      found.push({ ...proposed, sameCode: await sameCode(chain, first, proposed) });
    } catch (error) {
      // Anybody may propose anything: an address that answers like no verifier is shown, not stumbled over.
      if (!(error instanceof RevertedError || error instanceof NoContractError)) throw error;
      found.push({ address, sameCode: false });
    }
  }
  return found;
}

/** Keys for people to read. */
function keysText({ address, local, transcript, keyHashes }: VerifierView): string {
  const kind = local ? "INSECURE local keys" : `keys of the ceremony ${transcript}`;
  return [`${kind} in ${address}`, ...CIRCUIT_NAMES.map((name) => `  ${name} ${keyHashes[name]}`)].join("\n");
}

/** What a proposal would register, for a voter; `mine` are keys to compare with. */
export function proposedText(proposed: ProposedKeys, mine?: VerifierKeys): string {
  if (proposed.keyHashes === undefined)
    return `${proposed.address} is registered, which IS NO VERIFIER of these circuits`;
  const code = proposed.sameCode
    ? "code as that of the first keys (reproducible)"
    : "OTHER CODE than that of the first keys: believe none of its hashes";
  const same =
    mine === undefined
      ? []
      : [isGiven(proposed, mine) ? "the keys that you gave" : "NOT the keys that you gave"];
  return [keysText(proposed), [code, ...same].join("; ")].join("\n").replaceAll("\n", "\n    ");
}

/** Whether a proposal would register exactly these keys, by code that can be believed. */
export function isGiven({ sameCode, keyHashes }: ProposedKeys, mine: VerifierKeys): boolean {
  return sameCode && keyHashes !== undefined && sameKeys(keyHashes, keyHashesOf(mine));
}

/** The registry would not take the keys. */
export class NewKeysError extends Error {
  override readonly name = "Vote.NewKeys";
  constructor(reason: string) {
    super(`These keys cannot be put in force: ${reason}. Give the outcome of a ceremony for these circuits.`);
  }
}

/** No keys of this deployment there. */
export class KeysPathError extends Error {
  override readonly name = "Vote.KeysPath";
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `${path} holds no keys to propose (${reason}). Give the folder that "quittance setup" or a ceremony made, ` +
        'or the file data/keys/PROFILE.json that "quittance export" wrote.',
      { cause },
    );
  }
}
