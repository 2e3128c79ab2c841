/**
 * Is what stands on the chain what these sources, this configuration and these keys make?
 *
 * - *code*: every contract's runtime code is that of the rehearsal at the same address, byte for byte. It
 *   holds the constructor's settings, and the addresses that never change.
 * - *creation*: the transaction that created it carried our creation code with our arguments; what a
 *   constructor wrote into storage (keys, owners, the fee split) follows from that.
 * - *wiring*: what could have been changed since answers as in the rehearsal: owners, who may do what, keys.
 *
 * Whoever holds the deployer's public facts can repeat this; it is **reproducible**. That the keys come from
 * a ceremony with an honest participant is not: compare the transcript's hash with one that you trust.
 */
import { CIRCUIT_NAMES } from "../../prover/index.ts";
import { contractArtifacts } from "../chain/artifacts.ts";
import type { Chain } from "../chain/chain.ts";
import { codeAt, NoContractError, RevertedError, read } from "../chain/client.ts";
import type { Deployment } from "../chain/deploy.ts";
import { circuitIdOf } from "../chain/ids.ts";
import { codecOf, keccakText, sameAddress } from "../engine/ethers.ts";
import { canonical, type Plain } from "../store.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** One thing that was compared. */
export type DeployCheck = { readonly name: string; readonly ok: boolean; readonly detail: string };

/** A transaction of the deployment. */
export type SentStep = { readonly step: string; readonly hash: string; readonly created: string | null };

const CONTRACT_OF = {
  token: "QuittanceToken",
  timelock: "QuittanceTimelock",
  governor: "QuittanceGovernor",
  guardian: "PauseGuardian",
  verifier: "Groth16Verifier",
  registry: "VerifierRegistry",
  datanets: "Datanets",
  models: "Models",
  training: "Training",
  epochs: "Epochs",
  vault: "Vault",
  validation: "Validation",
  schedule: "FeeSchedule",
  disputes: "Disputes",
} as const;
type Place = keyof typeof CONTRACT_OF;

const NO_ROLE = `0x${"0".repeat(64)}`;

/** Compares a deployment with its rehearsal; the checks that fail say what differs. */
export async function verifyDeployment(of: {
  readonly chain: Chain;
  readonly deployment: Deployment;
  readonly sent: readonly SentStep[];
  readonly deployer: string;
  readonly rehearsal: Rehearsal;
}): Promise<DeployCheck[]> {
  const { chain, deployment, sent, deployer, rehearsal } = of;
  const places = Object.keys(CONTRACT_OF) as Place[];
  const moved = places.filter((place) => !sameAddress(deployment[place], rehearsal.deployment[place]));
  const checks: DeployCheck[] = [
    {
      name: "addresses",
      ok: moved.length === 0,
      detail:
        moved.length === 0 ? `${places.length} as rehearsed` : `not where they belong: ${moved.join(", ")}`,
    },
  ];
  const other: string[] = [];
  for (const place of places) {
    const [here, there] = [
      await codeAt(chain, deployment[place]),
      await codeAt(rehearsal.chain, deployment[place]),
    ];
    if (here === "0x" || here !== there) other.push(`${place} (${deployment[place]})`);
  }
  checks.push({
    name: "code",
    ok: other.length === 0,
    detail:
      other.length === 0 ? `${places.length} contracts, byte for byte` : `other code: ${other.join(", ")}`,
  });
  const found: Found[] = [];
  for (const step of sent) found.push({ ...step, found: await sentAs(chain, step) });
  checks.push(await creations(found, deployer, rehearsal), beginning(deployment, found));
  for (const wire of wiring(deployment, deployer)) {
    const wanted = await answer(rehearsal.chain, deployment, wire);
    const found = await answer(chain, deployment, wire);
    const ok = wanted === found;
    checks.push({ name: wire.name, ok, detail: ok ? wire.means : `answers ${found}, and should ${wanted}` });
  }
  return checks;
}

type SentTransaction = {
  readonly input?: string;
  readonly from?: string;
  readonly nonce?: string;
  readonly blockNumber?: string | null;
} | null;

async function sentAs(chain: Chain, { hash }: SentStep): Promise<SentTransaction> {
  const params = [hash];
  return (await chain.provider.request({ method: "eth_getTransactionByHash", params })) as SentTransaction;
}

type Found = SentStep & { readonly found: SentTransaction };

/** The transactions, each against the rehearsal's of the same number. */
async function creations(
  sent: readonly Found[],
  deployer: string,
  rehearsal: Rehearsal,
): Promise<DeployCheck> {
  const inputs = new Map<number, string>();
  for (let block = 1; ; block++) {
    const params = [`0x${block.toString(16)}`, true];
    const found = (await rehearsal.chain.provider.request({ method: "eth_getBlockByNumber", params })) as {
      transactions: { input: string; nonce: string }[];
    } | null;
    if (found === null) break;
    for (const { input, nonce } of found.transactions) inputs.set(Number(nonce), input.toLowerCase());
  }
  const wrong = sent.filter(
    ({ found }) =>
      found?.input === undefined ||
      found.from?.toLowerCase() !== deployer.toLowerCase() ||
      inputs.get(Number(found.nonce)) !== found.input.toLowerCase(),
  );
  return {
    name: "creation",
    ok: wrong.length === 0,
    detail:
      wrong.length === 0
        ? `${sent.length} transactions carried this configuration and these keys`
        : `carried something else: ${wrong.map(({ step }) => step).join(", ")}`,
  };
}

/** Whether reading from the deployment's block on misses nothing. */
function beginning({ block }: Deployment, sent: readonly Found[]): DeployCheck {
  const line = (ok: boolean, detail: string): DeployCheck => ({ name: "first block", ok, detail });
  if (block === undefined)
    return line(true, "not in the file: events are read from the chain's first block on");
  const blocks = sent.flatMap(({ found }) => (found?.blockNumber ? [Number(found.blockNumber)] : []));
  const first = Math.min(...blocks);
  if (blocks.length === 0) return line(false, "no transaction of the deployment is in a block");
  return block <= first
    ? line(true, `${block}: no contract is older`)
    : line(
        false,
        `the file says ${block}, and the first contract is of ${first}: its events would be missed`,
      );
}

type Wire = {
  readonly name: string;
  readonly means: string;
  readonly at: Place;
  readonly view: string;
  readonly args?: readonly unknown[];
};

/** What is asked of both chains. Nothing here changes by ordinary use. */
function wiring(deployment: Deployment, deployer: string): Wire[] {
  const { timelock, governor, profile } = deployment;
  const owned = (at: Place): Wire => ({ name: `${at}'s owner`, means: "is the timelock", at, view: "owner" });
  const role = (name: string, means: string, id: string, who: string): Wire => ({
    ...{ name, means, at: "timelock", view: "hasRole", args: [id, who] },
  });
  return [
    ...(["registry", "guardian", "schedule", "validation"] as const).map(owned),
    role("proposals", "only the governor's", keccakText("PROPOSER_ROLE"), governor),
    role("cancelling", "only the governor's", keccakText("CANCELLER_ROLE"), governor),
    role("the deployer", "proposes nothing", keccakText("PROPOSER_ROLE"), deployer),
    role("the deployer's power", "none over the timelock", NO_ROLE, deployer),
    role("the timelock", "rules over itself alone", NO_ROLE, timelock),
    { name: "voting", means: "counts the token", at: "governor", view: "token" },
    { name: "execution", means: "goes through the timelock", at: "governor", view: "timelock" },
    {
      name: "keys in use",
      means: "the verifier of the first version",
      at: "registry",
      view: "verifierAt",
      args: [1],
    },
    { name: "kind of keys", means: "as the manifest says", at: "verifier", view: "keysAreLocal" },
    { name: "ceremony", means: "the transcript's hash", at: "verifier", view: "transcript" },
    ...CIRCUIT_NAMES.map(
      (circuit): Wire => ({
        ...{ name: `key of ${circuit}`, means: "the one at hand", at: "verifier", view: "keyHash" },
        args: [circuitIdOf(profile, circuit)],
      }),
    ),
    { name: "verdicts", means: "come from validation", at: "datanets", view: "validation" },
    { name: "freezing", means: "is for disputes alone", at: "models", view: "disputes" },
  ];
}

async function answer(chain: Chain, deployment: Deployment, { at, view, args = [] }: Wire): Promise<string> {
  const { abi } = (await contractArtifacts())[CONTRACT_OF[at]];
  try {
    const target = { address: deployment[at], codec: codecOf(abi) };
    return canonical((await read(chain, target, view, args)) as Plain);
  } catch (error) {
    if (error instanceof RevertedError || error instanceof NoContractError)
      return `nothing (${error.message})`;
    throw error;
  }
}
