/**
 * Verifying keys on a chain: the contract that holds the keys of all circuits, created by whoever pays for
 * it, and of no effect until governance registers it. What stands there is read back circuit by circuit, as
 * hashes of the very words that proofs are checked with.
 *
 * A hash is only as good as the code that tells it. So the code is compared with that of the deployment's
 * first verifier, which `quittance deploy --check` compares with these sources.
 */
import {
  CIRCUIT_NAMES,
  type CircuitName,
  type VerifyingKeys,
  verifyingKeyWords,
} from "../../prover/index.ts";
import {
  type Account,
  type Codec,
  codecOf,
  concatHex,
  type Hex,
  keccak256,
  keccakText,
  word,
} from "../engine/ethers.ts";
import { canonical, type Plain } from "../store.ts";
import { contractArtifacts } from "./artifacts.ts";
import type { Chain } from "./chain.ts";
import { type Call, codeAt, type Receipt, RevertedError, read, rehearse, send } from "./client.ts";
import { circuitIdOf } from "./ids.ts";

/** The keys of a verifier, as its constructor takes them. */
export type VerifierKeys = {
  readonly local: boolean;
  /** Hash of the ceremony's transcript; left out for local keys. */
  readonly transcriptHash?: Hex;
  /** Verifying keys as words, see `verifyingKeyWords`. */
  readonly words: { readonly [C in CircuitName]: readonly bigint[] };
};

/** What a verifier says of itself. */
export type VerifierView = {
  readonly address: string;
  readonly local: boolean;
  /** Of the ceremony; zero for local keys. */
  readonly transcript: Hex;
  /** keccak256 of each circuit's words, as {@link keyHashOf} makes it. */
  readonly keyHashes: Readonly<Record<CircuitName, Hex>>;
};

const NO_TRANSCRIPT = `0x${"0".repeat(64)}`;

/** Keys as a verifier takes them. Ceremony keys name their transcript by its hash. */
export function verifierKeysOf(keys: VerifyingKeys): VerifierKeys {
  const { kind, transcript } = keys.manifest;
  const words = Object.fromEntries(
    CIRCUIT_NAMES.map((name) => [name, verifyingKeyWords(keys.vkey(name))]),
  ) as Record<CircuitName, bigint[]>;
  const hash = transcript === undefined ? {} : { transcriptHash: keccakText(canonical(transcript as Plain)) };
  return { local: kind === "local", ...hash, words };
}

/** keccak256 of a key's words, 32 bytes each. */
export function keyHashOf(words: readonly bigint[]): Hex {
  return keccak256(concatHex(words.map(word)));
}

/** The hashes of all circuits' keys. */
export function keyHashesOf({ words }: Pick<VerifierKeys, "words">): Record<CircuitName, Hex> {
  return Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, keyHashOf(words[name])])) as Record<
    CircuitName,
    Hex
  >;
}

/** Whether every circuit has the same key in both. */
export function sameKeys(a: VerifierView["keyHashes"], b: VerifierView["keyHashes"]): boolean {
  return CIRCUIT_NAMES.every((name) => a[name] === b[name]);
}

/** What `Groth16Verifier` is created with. */
export function verifierArguments(profile: string, keys: VerifierKeys): unknown[] {
  const named = CIRCUIT_NAMES.map((name) => [circuitIdOf(profile, name), keys.words[name]]);
  return [keys.local, keys.transcriptHash ?? NO_TRANSCRIPT, named];
}

/** Asks whether the chain takes a verifier of these keys; local ones are refused where it is not local. */
export async function rehearseVerifier(
  chain: Chain,
  account: Pick<Account, "address">,
  profile: string,
  keys: VerifierKeys,
): Promise<void> {
  const { call, codec } = await creation(verifierArguments(profile, keys));
  await rehearse(chain, account.address, call, codec);
}

/** Creates a verifier. It has no effect until governance registers it. */
export async function createVerifier(
  chain: Chain,
  account: Account,
  profile: string,
  keys: VerifierKeys,
): Promise<Receipt & { readonly created: string }> {
  const { call, codec } = await creation(verifierArguments(profile, keys));
  const mined = await send(chain, account, call, codec);
  return { ...mined, created: mined.created as string };
}

/** Reads a verifier. */
export async function viewVerifier(chain: Chain, address: string, profile: string): Promise<VerifierView> {
  const { Groth16Verifier } = await contractArtifacts();
  const target = { address, codec: codecOf(Groth16Verifier.abi) };
  const hashes = new Map<CircuitName, Hex>();
  for (const name of CIRCUIT_NAMES)
    hashes.set(name, (await read(chain, target, "keyHash", [circuitIdOf(profile, name)])) as Hex);
  return {
    address,
    local: (await read(chain, target, "keysAreLocal", [])) as boolean,
    transcript: (await read(chain, target, "transcript", [])) as Hex,
    keyHashes: Object.fromEntries(hashes) as Record<CircuitName, Hex>,
  };
}

/** How many public inputs a verifier's circuit has. */
export async function publicCountOf(
  chain: Chain,
  address: string,
  profile: string,
  circuit: CircuitName,
): Promise<number> {
  const { Groth16Verifier } = await contractArtifacts();
  const target = { address, codec: codecOf(Groth16Verifier.abi) };
  return Number(await read(chain, target, "publicCount", [circuitIdOf(profile, circuit)]));
}

/**
 * Whether two verifiers run the same code. It holds what their constructors were told; where verifiers of
 * such keys differ is found by making two without keys, which costs nothing and leaves nothing.
 */
export async function sameCode(chain: Chain, a: VerifierView, b: VerifierView): Promise<boolean> {
  const { request } = chain.provider;
  const empty = async ({ address, local, transcript }: VerifierView) => {
    const { call, codec } = await creation([local, transcript, []]);
    // A verifier of ours never says what its constructor refuses.
    await rehearse(chain, address, call, codec);
    return String(await request({ method: "eth_call", params: [{ data: call.data }, "latest"] }));
  };
  const [codeA, codeB] = [await codeAt(chain, a.address), await codeAt(chain, b.address)];
  if (codeA.length !== codeB.length) return false;
  try {
    const [emptyA, emptyB] = [await empty(a), await empty(b)];
    const expected = [...codeA].map((digit, i) => (emptyA[i] === emptyB[i] ? digit : emptyB[i])).join("");
    return expected === codeB;
  } catch (error) {
    if (error instanceof RevertedError) return false;
    throw error;
  }
}

async function creation(args: readonly unknown[]): Promise<{ readonly call: Call; readonly codec: Codec }> {
  const { Groth16Verifier } = await contractArtifacts();
  const codec = codecOf(Groth16Verifier.abi);
  return { call: { data: `${Groth16Verifier.bytecode}${codec.construct(args).slice(2)}` }, codec };
}
