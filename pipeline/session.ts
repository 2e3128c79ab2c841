/**
 * A session: an open chain, the contracts on it, circuits, keys and the operator's account, for one project.
 *
 * On first use the contracts are deployed and their addresses kept in the project. On a local chain every
 * account is derived from the project's secret and given coins; elsewhere the operator's key comes from the
 * environment (`QUITTANCE_OPERATOR_KEY`), is never written anywhere, and must hold coins.
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
import type { Coin, Ui } from "./cli/ui.ts";
import { type Account, accountOf } from "./engine/ethers.ts";
import type { Project } from "./project.ts";
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
  /** A wallet by label; funded on a local chain. Throws {@link NoWalletError} elsewhere. */
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
export async function coinOf({ contracts }: Session, token: string): Promise<Coin> {
  return { symbol: await contracts.erc20Symbol(token), decimals: await contracts.erc20Decimals(token) };
}

/** Opens the chain, deploys when needed, and makes circuits and keys ready. */
export async function openSession(project: Project, ui: Ui): Promise<Session> {
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
    const account = local ? accountOf(project.secrets.walletKey("operator")) : accountFromEnvironment();
    const fund = async (address: string): Promise<void> => {
      if ((await balanceOf(chain, address)) < ETHER) await chain.fund(address, LOCAL_GIFT);
    };
    if (local) await fund(account.address);
    const recorder = openRecorder(project);
    const deployment = await deployOnce(project, chain, account, profile, keys, recorder.record, ui);
    const contracts = await openContracts(chain, deployment);
    return {
      chain,
      contracts,
      deployment,
      profile,
      circuits,
      keys,
      operator: account,
      async wallet(label) {
        if (!local) throw new NoWalletError(label);
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

async function deployOnce(
  project: Project,
  chain: Chain,
  account: Account,
  profile: Profile,
  keys: Keys,
  record: (what: string, mined: Mined) => void,
  ui: Ui,
): Promise<Deployment> {
  const kept = project.readState<{ deployment: Deployment; keyHashes: string }>("deployment");
  const keyHashes = Object.values(keys.manifest.circuits)
    .map((circuit) => circuit.vkeyHash)
    .join(" ");
  if (kept !== undefined) {
    if (kept.keyHashes !== keyHashes) throw new OtherKeysError(project.folder);
    return kept.deployment;
  }
  const { deployment, receipts } = await ui.step("Deploy the contracts", () =>
    deployContracts(chain, account, {
      ...deployOptionsOf(profile, keys),
      ...(project.config.chain === "local" ? LOCAL_ECONOMY : {}),
    }),
  );
  for (const [name, mined] of Object.entries(receipts)) record(`deploy ${name}`, mined);
  project.writeState("deployment", { deployment, keyHashes });
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

function accountFromEnvironment(): Account {
  const key = process.env["QUITTANCE_OPERATOR_KEY"];
  if (key === undefined) throw new NoOperatorKeyError();
  return accountOf(key);
}

/** The operator's key is needed and not there. */
export class NoOperatorKeyError extends Error {
  override readonly name = "Session.NoOperatorKey";
  constructor() {
    super(
      "This project is on a chain that is not local: put the operator's private key into QUITTANCE_OPERATOR_KEY.",
    );
  }
}

/** A derived wallet was asked for on a chain where wallets belong to people. */
export class NoWalletError extends Error {
  override readonly name = "Session.NoWallet";
  constructor(label: string) {
    super(`"${label}" signs with its own wallet on this chain; derived wallets exist on a local chain only.`);
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
