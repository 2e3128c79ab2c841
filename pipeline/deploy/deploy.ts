/**
 * A deployment from a configuration file: planned and priced first, then carried out step by step, then
 * verified. Nothing is sent before the plan is known, and a run that was cut off goes on (`journal.ts`).
 */
import { existsSync } from "node:fs";
import type { Keys, Profile } from "../../prover/index.ts";
import { sourcesHash } from "../chain/artifacts.ts";
import type { Chain } from "../chain/chain.ts";
import { balanceOf, gasPrice } from "../chain/client.ts";
import { type DeployOptions, deployContracts } from "../chain/deploy.ts";
import type { Ui } from "../cli/ui.ts";
import { type Account, keccakText } from "../engine/ethers.ts";
import { canonical, type Plain } from "../store.ts";
import { configOf, type DeployConfig, optionsOf, settingsOf } from "./config.ts";
import {
  type DeploymentFile,
  deploymentOf,
  readDeploymentFile,
  vkeyHashesOf,
  writeDeploymentFile,
} from "./file.ts";
import { type Journal, openJournal } from "./journal.ts";
import { type RehearsedStep, rehearse } from "./rehearsal.ts";
import { type DeployCheck, verifyDeployment } from "./verify.ts";

/** What a deployment works with. */
export type Deploying = {
  readonly config: DeployConfig;
  readonly chain: Chain;
  readonly account: Account;
  readonly profile: Profile;
  readonly keys: Keys;
  /** Where the deployment file goes; the journal lies beside it. */
  readonly out: string;
};

/** What will be done and what it will cost. */
export type DeployPlan = {
  readonly chainId: number;
  readonly deployer: string;
  readonly balanceWei: bigint;
  readonly keys: "local" | "ceremony";
  /** Everything was deployed before. */
  readonly deployed: boolean;
  /** Steps with their gas; `done` by an earlier run. */
  readonly steps: readonly (RehearsedStep & { readonly done: boolean })[];
  /** Of the steps that are left. */
  readonly gas: bigint;
  readonly maxFeePerGas: bigint;
  /** The most that the rest costs at this moment's price; the price may rise meanwhile. */
  readonly costWei: bigint;
};

/** Rehearses and prices. Throws {@link WrongChainIdError} and what the contracts would refuse. */
export async function planDeployment(of: Deploying): Promise<DeployPlan> {
  const { chain, account, config, profile, keys, out } = of;
  if (chain.chainId !== config.chainId) throw new WrongChainIdError(config.chainId, chain.chainId);
  const file = finished(of);
  const nonces = noncesOf(file?.transactions ?? journalOf(of).steps());
  // What was signed and never sent is unknown to the node, and has its number all the same.
  const next = Math.max(await nextNonce(chain, account), ...[...nonces.values()].map((nonce) => nonce + 1));
  const rehearsal = await rehearse({
    ...{ chainId: chain.chainId, account, nonces, next },
    options: optionsOf(config, profile, keys),
  });
  await rehearsal.chain.close();
  const steps = rehearsal.steps.map((step) => ({ ...step, done: nonces.has(step.step) }));
  const gas = steps.reduce((sum, step) => (step.done ? sum : sum + step.gas), 0n);
  const { maxFeePerGas } = await gasPrice(chain);
  return {
    ...{
      chainId: chain.chainId,
      deployer: account.address,
      balanceWei: await balanceOf(chain, account.address),
    },
    ...{ keys: keys.manifest.kind, deployed: existsSync(out), steps, gas, maxFeePerGas },
    costWei: (gas * maxFeePerGas * 21n) / 20n,
  };
}

/**
 * Carries out what is left, writes the deployment file and verifies all of it. Throws {@link FundsError}
 * before anything is sent.
 */
export async function deploy(
  of: Deploying & { readonly ui: Ui; readonly plan: DeployPlan },
): Promise<{ readonly file: DeploymentFile; readonly checks: readonly DeployCheck[] }> {
  const { chain, account, config, profile, keys, out, ui, plan } = of;
  const options = optionsOf(config, profile, keys);
  let file = finished(of);
  if (file === undefined) {
    if (plan.balanceWei < plan.costWei) throw new FundsError(account.address, plan.balanceWei, plan.costWei);
    file = await ui.step("Deploy", async (report) => {
      let count = 0;
      const journal = journalOf(of, (step) => report(count++, plan.steps.length, step));
      const { deployment } = await deployContracts(chain, account, options, journal.perform);
      const { chainId, profile: _profile, block, ...contracts } = deployment;
      const made: DeploymentFile = {
        format: "quittance-deployment/1",
        ...{ chainId, profile: profile.name, deployer: account.address, contracts, plan: planHash(of) },
        ...(block === undefined ? {} : { block }),
        keys: { kind: keys.manifest.kind, vkeyHashes: vkeyHashesOf(keys) },
        settings: settingsOf(config),
        transactions: journal.steps().map(({ step, hash, nonce, mined }) => ({
          ...{ step, hash, nonce, created: mined?.created ?? null, gas: mined?.gas ?? "0" },
        })),
      };
      writeDeploymentFile(out, made);
      journal.remove();
      return made;
    });
  }
  return { file, checks: await verify({ chain, file, options, ui }) };
}

/**
 * Verifies a deployment from its file, with nobody's key: everything is rehearsed as the file's deployer.
 * Throws {@link WrongChainIdError} and {@link NoSettingsError}.
 *
 * @param keys of the ceremony that the deployment names, or the local ones it was made with
 */
export async function checkDeployment(of: {
  readonly path: string;
  readonly chain: Chain;
  readonly profile: Profile;
  readonly keys: Keys;
  readonly ui: Ui;
}): Promise<{ readonly file: DeploymentFile; readonly checks: readonly DeployCheck[] }> {
  const { path, chain, profile, keys, ui } = of;
  const file = readDeploymentFile(path);
  if (chain.chainId !== file.chainId) throw new WrongChainIdError(file.chainId, chain.chainId);
  if (file.settings === undefined) throw new NoSettingsError(path);
  const config = configOf(file.settings, path);
  const account = { address: file.deployer };
  const same = planHash({ config, account, profile, keys }) === file.plan;
  const plan: DeployCheck = {
    name: "plan",
    ok: same,
    detail: same
      ? "these sources, settings and keys"
      : "made from other sources, settings or keys than those at hand",
  };
  const options = optionsOf(config, profile, keys);
  return { file, checks: [plan, ...(await verify({ chain, file, options, ui }))] };
}

async function verify(of: {
  readonly chain: Chain;
  readonly file: DeploymentFile;
  readonly options: DeployOptions;
  readonly ui: Ui;
}): Promise<DeployCheck[]> {
  const { chain, file, options, ui } = of;
  const { transactions, deployer } = file;
  const deployment = deploymentOf(file);
  return await ui.step("Verify what stands on the chain", async () => {
    const nonces = noncesOf(transactions);
    const next = Math.max(...nonces.values()) + 1;
    const account = { address: deployer };
    const rehearsal = await rehearse({ chainId: chain.chainId, account, options, nonces, next });
    try {
      return await verifyDeployment({ chain, deployment, sent: transactions, deployer, rehearsal });
    } finally {
      await rehearsal.chain.close();
    }
  });
}

/** The deployment file of this very plan, if there is one. Throws {@link OutTakenError} for another's. */
function finished(of: Deploying): DeploymentFile | undefined {
  if (!existsSync(of.out)) return undefined;
  const file = readDeploymentFile(of.out);
  if (file.plan !== planHash(of)) throw new OutTakenError(of.out);
  return file;
}

function journalOf(of: Deploying, report?: (step: string) => void): Journal {
  const { chain, account, out } = of;
  const journal = { path: `${out}.journal`, plan: planHash(of), chain, account };
  return openJournal(report === undefined ? journal : { ...journal, report });
}

/** A hash of everything that decides what is deployed: the same hash, the same contracts. */
function planHash(of: {
  readonly config: DeployConfig;
  readonly account: { readonly address: string };
  readonly profile: Profile;
  readonly keys: Keys;
}): string {
  const { config, account, profile, keys } = of;
  const { rpc: _rpc, ...settings } = config;
  const all = { settings, account: account.address, sources: sourcesHash(), profile: profile.name };
  return keccakText(canonical({ ...all, keys: vkeyHashesOf(keys) } as Plain));
}

function noncesOf(steps: readonly { readonly step: string; readonly nonce: number }[]): Map<string, number> {
  return new Map(steps.map(({ step, nonce }) => [step, nonce]));
}

async function nextNonce(chain: Chain, { address }: Account): Promise<number> {
  const params = [address, "pending"];
  return Number(await chain.provider.request({ method: "eth_getTransactionCount", params }));
}

/** The node serves another chain than the configuration names. */
export class WrongChainIdError extends Error {
  override readonly name = "Deploy.WrongChain";
  constructor(wanted: number, found: number) {
    super(
      `The configuration says chain ${wanted}, and the node serves chain ${found}. Correct "chainId" or the node's address.`,
    );
  }
}

/** The file does not say what it was made from. */
export class NoSettingsError extends Error {
  override readonly name = "Deploy.NoSettings";
  constructor(path: string) {
    super(
      `${path} holds no "settings", so nobody can tell what it should be. Ask for the deployer's newer file.`,
    );
  }
}

/** The account cannot pay. */
export class FundsError extends Error {
  override readonly name = "Deploy.Funds";
  constructor(address: string, balance: bigint, cost: bigint) {
    super(
      `${address} holds ${balance} wei, and the deployment may cost ${cost}. Send it the rest, then run the same command again.`,
    );
  }
}

/** The file is another deployment's. */
export class OutTakenError extends Error {
  override readonly name = "Deploy.OutTaken";
  constructor(path: string) {
    super(
      `${path} holds a deployment of another configuration, account, keys or version. Give another --out.`,
    );
  }
}
