/**
 * A session: an open chain, the contracts on it, circuits, keys and the operator's account, for one project.
 *
 * On a local chain the contracts are deployed on first use, and every account is derived from the project's
 * secret and given coins. Elsewhere contracts are deployed once for many (`quittance deploy`), and a project
 * is told where (`deployment`); keys come from the environment, one a role (`QUITTANCE_OPERATOR_KEY`,
 * `QUITTANCE_PAYER_KEY`, … or a file that `…_KEY_FILE` names), are never written anywhere, and must hold
 * coins.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { type Circuit, type CircuitName, type Keys, loadProfile, type Profile } from "../prover/index.ts";
import type { Chain } from "./chain/chain.ts";
import type { Receipt as Mined } from "./chain/client.ts";
import { balanceOf } from "./chain/client.ts";
import {
  type Contracts,
  type Deployment,
  deployContracts,
  deployOptionsOf,
  openContracts,
} from "./chain/contracts.ts";
import { VALIDATION } from "./chain/deploy.ts";
import { openLocalChain } from "./chain/local.ts";
import { openRpcChain } from "./chain/rpc.ts";
import { keyHashesOf as hashesOnChain, sameKeys, verifierKeysOf, viewVerifier } from "./chain/verifier.ts";
import type { Coin, Ui } from "./cli/ui.ts";
import { type DeploymentFile, deploymentOf, vkeyHashesOf } from "./deploy/file.ts";
import { type Account, accountOf, sameAddress } from "./engine/ethers.ts";
import type { Project } from "./project.ts";
import { secretSetting } from "./secrets.ts";
import { readyCircuits, readyKeys } from "./setup.ts";

/** One ether. */
const ETHER = 10n ** 18n;
/** What an account on the local chain gets when it has less than one ether. */
const LOCAL_GIFT = 100n * ETHER;

/**
 * What a local chain starts with: a split that shows everybody's share, and windows as short as the contracts
 * allow, because its clock is moved by hand.
 */
const LOCAL_ECONOMY = {
  fees: { protocolBps: 200, developerBps: 1_000, validatorsBps: 300 },
  validation: { ...VALIDATION, commitWindow: 3_600, revealWindow: 3_600, challengeWindow: 3_600 },
};

/** Everything that the steps of a project work with. */
export type Session = {
  readonly chain: Chain;
  readonly contracts: Contracts;
  readonly deployment: Deployment;
  readonly profile: Profile;
  readonly circuits: Readonly<Record<CircuitName, Circuit>>;
  readonly keys: Keys;
  readonly operator: Account;
  /**
   * A wallet by label, `ROLE/NAME`: derived and funded on a local chain, `QUITTANCE_ROLE_KEY` elsewhere.
   * Throws {@link NoWalletError}.
   */
  wallet(label: string): Promise<Account>;
  /** Gives a wallet of a local chain tokens of the deployment's own, up to an amount; play money. */
  endow(wallet: Account, amount: bigint): Promise<void>;
  /** Remembers a transaction for the report. */
  record(what: string, mined: Mined): void;
  /** Transactions that were sent for this project so far. */
  transactions(): readonly Transaction[];
  close(): Promise<void>;
};

/** A transaction as the report shows it. */
export type Transaction = { readonly what: string; readonly hash: string; readonly gas: number };

/** The token at an address, as people write its amounts. */
export async function coinOf({ contracts }: Pick<Session, "contracts">, token: string): Promise<Coin> {
  return { symbol: await contracts.erc20Symbol(token), decimals: await contracts.erc20Decimals(token) };
}

/** How a session is opened. */
export type SessionOptions = {
  /** Where the contracts are, for a project that is not told yet. */
  readonly deployment?: DeploymentFile;
  /** Who is at work on a chain that is not local: its key sends what the operator's would. */
  readonly role?: string;
};

/**
 * Opens the chain, deploys on a local one when needed, and makes circuits and keys ready. Throws {@link
 * NoKeyError}, {@link NoDeploymentError}, {@link OtherDeploymentError}, {@link OtherKeysError}.
 */
export async function openSession(
  project: Project,
  ui: Ui,
  { deployment: file, role = "operator" }: SessionOptions = {},
): Promise<Session> {
  const profile = loadProfile(project.config.profile);
  const circuits = await ui.step("Circuits", (report) => readyCircuits(profile.name, report));
  const keys = await ui.step("Proving keys", (report) => readyKeys(profile.name, circuits, report));
  if (keys.manifest.insecure)
    ui.line("  INSECURE: local proving keys, for development on a local chain only.");
  const local = project.config.chain === "local";
  const chain = await ui.step("Open the chain", async () =>
    local
      ? openLocalChain({ logFile: project.chainLog, onNotice: (text) => ui.line(text) })
      : openRpcChain({ url: project.config.chain }),
  );
  try {
    const account = local ? accountOf(project.secrets.walletKey("operator")) : senderFor(role);
    const fund = async (address: string): Promise<void> => {
      if ((await balanceOf(chain, address)) < ETHER) await chain.fund(address, LOCAL_GIFT);
    };
    if (local) await fund(account.address);
    const recorder = openRecorder(project);
    const deployment =
      deploymentKept(project, keys, file) ??
      (local
        ? await deployLocally(project, chain, account, profile, keys, recorder.record, ui)
        : deploymentFrom(project, chain, profile, file));
    const contracts = await openContracts(chain, deployment);
    if (project.readState("deployment") === undefined) {
      // A file may name any addresses: the registry has to know the verifier, or it is no deployment of ours.
      if (!sameAddress(await contracts.verifierAt(1), deployment.verifier))
        throw new OtherDeploymentError(project.folder);
      // What the file was made with, or what governance has put in force since.
      if (!(await keysInForce({ chain, contracts, deployment, keys })))
        throw new OtherKeysError(project.folder);
      project.writeState("deployment", { deployment, keyHashes: keyHashesOf(keys) });
    }
    return {
      chain,
      contracts,
      deployment,
      profile,
      circuits,
      keys,
      operator: account,
      async wallet(label) {
        if (!local) return keyOf(label.split("/")[0] ?? label) ?? missing(label);
        const wallet = accountOf(project.secrets.walletKey(label));
        await fund(wallet.address);
        return wallet;
      },
      async endow(wallet, amount) {
        if (!local) throw new NoWalletError(wallet.address);
        const held = await contracts.tokenBalance(wallet.address);
        if (held >= amount || wallet.address === account.address) return;
        await contracts.transferToken(account, wallet.address, amount - held);
      },
      record: recorder.record,
      transactions: recorder.list,
      close: () => chain.close(),
    };
  } catch (error) {
    await chain.close();
    throw error;
  }
}

/** Whether the keys at hand are those that new models are proven with. */
export async function keysInForce(
  of: Pick<Session, "chain" | "contracts" | "deployment"> & { readonly keys: Keys },
): Promise<boolean> {
  const { chain, contracts, deployment, keys } = of;
  const current = await contracts.verifierAt(await contracts.verifierVersion());
  const { keyHashes } = await viewVerifier(chain, current, deployment.profile);
  return sameKeys(keyHashes, hashesOnChain(verifierKeysOf(keys)));
}

type KeptDeployment = { readonly deployment: Deployment; readonly keyHashes: string };

const keyHashesOf = (keys: Keys): string => Object.values(vkeyHashesOf(keys)).join(" ");

/**
 * The project's deployment, if it has one; it has to be the one of these keys, and of the file if there is
 * one.
 */
function deploymentKept(project: Project, keys: Keys, file?: DeploymentFile): Deployment | undefined {
  const kept = project.readState<KeptDeployment>("deployment");
  if (kept === undefined) return undefined;
  if (kept.keyHashes !== keyHashesOf(keys)) throw new OtherKeysError(project.folder);
  if (file !== undefined && !sameAddress(kept.deployment.epochs, file.contracts.epochs))
    throw new OtherDeploymentError(project.folder);
  return kept.deployment;
}

/** A deployment file's contracts. */
function deploymentFrom(project: Project, chain: Chain, profile: Profile, file?: DeploymentFile): Deployment {
  if (file === undefined) throw new NoDeploymentError();
  if (file.profile !== profile.name || file.chainId !== chain.chainId)
    throw new OtherDeploymentError(project.folder);
  return deploymentOf(file);
}

async function deployLocally(
  project: Project,
  chain: Chain,
  account: Account,
  profile: Profile,
  keys: Keys,
  record: (what: string, mined: Mined) => void,
  ui: Ui,
): Promise<Deployment> {
  const options = { ...deployOptionsOf(profile, keys), ...LOCAL_ECONOMY };
  const { deployment, receipts } = await ui.step("Deploy the contracts", () =>
    deployContracts(chain, account, options),
  );
  for (const [name, mined] of Object.entries(receipts)) record(`deploy ${name}`, mined);
  return deployment;
}

/**
 * One line a transaction, appended: a large datanet sends thousands. A line that a kill cut short is left
 * out.
 */
function openRecorder(project: Project): {
  record(what: string, mined: Mined): void;
  list(): readonly Transaction[];
} {
  const path = project.path("transactions.jsonl");
  return {
    record(what, mined) {
      appendFileSync(path, `${JSON.stringify({ what, hash: mined.hash, gas: Number(mined.gasUsed) })}\n`);
    },
    list() {
      if (!existsSync(path)) return [];
      const lines = readFileSync(path, "utf8").split("\n");
      return lines.flatMap((line) => (line.endsWith("}") ? [JSON.parse(line) as Transaction] : []));
    },
  };
}

const keyName = (role: string): string => `QUITTANCE_${role.toUpperCase()}_KEY`;

/** The key of a role: `QUITTANCE_ROLE_KEY`, or the file that `…_FILE` names. */
export function keyOf(role: string): Account | undefined {
  const key = secretSetting(keyName(role));
  return key === undefined ? undefined : accountOf(key);
}

/** The account that sends: the role's own, or the operator's on its behalf. */
function senderFor(role: string): Account {
  const account = keyOf("operator") ?? keyOf(role);
  if (account === undefined) throw new NoKeyError(role);
  return account;
}

function missing(label: string): never {
  throw new NoWalletError(label);
}

/** A key is needed and not there. */
export class NoKeyError extends Error {
  override readonly name = "Session.NoKey";
  constructor(role: string) {
    super(
      `Transactions on a chain that is not local are signed by people: put the ${role}'s private key into ${keyName(role)}, or into a file of mode 0600 that ${keyName(role)}_FILE names.`,
    );
  }
}

/** Somebody else's wallet is asked for, on a chain where wallets belong to people. */
export class NoWalletError extends Error {
  override readonly name = "Session.NoWallet";
  constructor(label: string) {
    const role = label.split("/")[0] ?? label;
    const elsewhere =
      role === "contributor"
        ? ' A contributor signs where its key is: "quittance contribute --prepare FILE".'
        : "";
    super(
      `"${label}" signs with its own wallet on this chain: put its private key into ${keyName(role)}. ` +
        `Derived wallets exist on a local chain only.${elsewhere}`,
    );
  }
}

/** The project does not know its contracts. */
export class NoDeploymentError extends Error {
  override readonly name = "Session.NoDeployment";
  constructor() {
    super(
      "This project is on a chain that is not local, and does not know its contracts. Add --deployment FILE, " +
        'which "quittance deploy" wrote.',
    );
  }
}

/** The file names other contracts than the project's. */
export class OtherDeploymentError extends Error {
  override readonly name = "Session.OtherDeployment";
  constructor(folder: string) {
    super(
      `The deployment file is not of the contracts, the chain or the profile of the project in ${folder}. ` +
        "Correct --deployment or leave it out, or start a new project.",
    );
  }
}

/** Governance has put newer keys in force, and a new model has to be proven with those. */
export class NewerKeysError extends Error {
  override readonly name = "Session.NewerKeys";
  constructor(version: number) {
    super(
      `Keys ${version} are in force by now, and new models are proven with those. What this project has committed goes ` +
        `on with its own keys; for a new model point QUITTANCE_KEYS at the new ones and start a new project ` +
        `("quittance vote show" lists their hashes).`,
    );
  }
}

/** The project's contracts hold other keys than those at hand. */
export class OtherKeysError extends Error {
  override readonly name = "Session.OtherKeys";
  constructor(folder: string) {
    super(
      `The contracts of ${folder} were deployed with other verifying keys than the ones found now. ` +
        `Point QUITTANCE_KEYS (or QUITTANCE_CACHE) at the keys of that time, or start a new project.`,
    );
  }
}
