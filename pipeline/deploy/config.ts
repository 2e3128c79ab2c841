/**
 * What a deployment is made from: one JSON file that holds no secret, so that it can be published with what
 * it led to. The deployer's key comes from `QUITTANCE_DEPLOYER_KEY`; the address of the node, which often
 * holds a password, may come from `QUITTANCE_RPC` instead of the file.
 *
 * Everything has a default but the chain's number: contracts cannot be moved, so it is said, never guessed.
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { type Keys, PROFILE_NAMES, type Profile } from "../../prover/index.ts";
import { type DeployOptions, deployOptionsOf, FEES, GOVERNANCE, VALIDATION } from "../chain/deploy.ts";
import { type Account, accountOf } from "../engine/ethers.ts";
import { secretSetting } from "../secrets.ts";

const QUIT = 10n ** 18n;

const seconds = z.number().int().min(1).max(4_294_967_295);
const bps = z.number().int().min(0).max(10_000);
const tokens = z
  .string()
  .regex(/^[0-9]{1,9}(\.[0-9]{1,18})?$/, 'an amount of tokens as a text, for example "100000" or "0.5"')
  .transform(tokenUnits);

const schema = z.strictObject({
  format: z.literal("quittance-deploy/1"),
  rpc: z
    .string()
    .regex(/^https?:\/\//, "an http(s) address")
    .optional(),
  chainId: z.number().int().min(1),
  profile: z.enum(PROFILE_NAMES).default("default"),
  fees: z.strictObject({ protocolBps: bps, developerBps: bps, validatorsBps: bps }).default(FEES),
  governance: z
    .strictObject({
      timelockDelay: seconds,
      votingDelay: seconds,
      votingPeriod: seconds,
      proposalThreshold: tokens,
      quorumPercent: z.number().int().min(1).max(100),
      lateQuorumExtension: seconds,
    })
    .optional(),
  validation: z
    .strictObject({
      commitWindow: seconds,
      revealWindow: seconds,
      challengeWindow: seconds,
      minorityBps: bps,
      lieBps: bps,
      challengerBps: bps,
      minimumVote: tokens,
      quorum: tokens,
    })
    .optional(),
});

/** A deployment's configuration; amounts in the token's smallest unit. */
export type DeployConfig = z.infer<typeof schema>;

/** Reads a configuration file. Throws {@link DeployConfigError}. */
export function readDeployConfig(path: string): DeployConfig {
  return configOf(readJson(path), path);
}

/** Checks a configuration. Throws {@link DeployConfigError}, naming the file `path`. */
export function configOf(json: unknown, path: string): DeployConfig {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DeployConfigError(
    path,
    `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
  );
}

/**
 * Everything that a configuration decides, as JSON that {@link configOf} takes; not the node's address, which
 * may hold a password.
 */
export function settingsOf({ rpc: _rpc, ...config }: DeployConfig): Record<string, unknown> {
  const { governance, validation, ...rest } = config;
  return {
    ...rest,
    ...(governance === undefined
      ? {}
      : { governance: { ...governance, proposalThreshold: inTokens(governance.proposalThreshold) } }),
    ...(validation === undefined
      ? {}
      : {
          validation: {
            ...validation,
            minimumVote: inTokens(validation.minimumVote),
            quorum: inTokens(validation.quorum),
          },
        }),
  };
}

function readJson(path: string): unknown {
  const text = readFileSync(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new DeployConfigError(path, (cause as Error).message, cause);
  }
}

/** A configuration with every setting written out, to start from. */
export function exampleConfig(): string {
  const config = {
    format: "quittance-deploy/1",
    rpc: "http://127.0.0.1:8545",
    chainId: 31_337,
    profile: "default",
    fees: { protocolBps: 200, developerBps: 1_000, validatorsBps: 300 },
    governance: { ...GOVERNANCE, proposalThreshold: inTokens(GOVERNANCE.proposalThreshold) },
    validation: {
      ...VALIDATION,
      minimumVote: inTokens(VALIDATION.minimumVote),
      quorum: inTokens(VALIDATION.quorum),
    },
  };
  return JSON.stringify(config, null, 2);
}

/** What the settings of {@link exampleConfig} mean, for whoever edits them. */
export const SETTINGS = `Times are seconds, amounts are tokens as texts, shares are basis points (100 = 1 %).
  rpc                   the node's address; QUITTANCE_RPC, if set, is used instead
  chainId               the chain that is meant; another one is refused
  profile               circuit sizes: default (10 classes) or tickets32 (texts, 77 classes)
  fees                  shares of treasury (protocol), operator (developer) and validators; contributors have the rest
  governance            what changes the rules, and how slowly
    timelockDelay       between the end of a vote and its effect
    votingDelay         between a proposal and its vote, when voting power is read
    votingPeriod        how long a vote takes
    proposalThreshold   votes that it takes to propose
    quorumPercent       per cent of the supply that has to take part
    lateQuorumExtension how long a vote goes on when the quorum was reached late
  validation            verdicts on batches
    commitWindow        for hidden verdicts
    revealWindow        then, for showing them
    challengeWindow     for proving a verdict wrong; stake is free after it
    minorityBps         what the minority of a round loses of its stake
    lieBps              what a verdict that was proven wrong costs
    challengerBps       of that, what whoever proved it gets
    minimumVote         least stake behind one verdict
    quorum              stake that has to be shown before a batch gets a verdict
`;

/** The node's address: `QUITTANCE_RPC`, or the file's. Throws {@link NoNodeError}. */
export function nodeOf(config: Pick<DeployConfig, "rpc">): string {
  const url = process.env["QUITTANCE_RPC"] ?? config.rpc;
  if (url === undefined) throw new NoNodeError();
  return url;
}

/** The account that deploys: `QUITTANCE_DEPLOYER_KEY`, or `…_FILE`. Throws {@link NoDeployerKeyError}. */
export function deployerFromEnvironment(): Account {
  const key = secretSetting("QUITTANCE_DEPLOYER_KEY");
  if (key === undefined) throw new NoDeployerKeyError();
  return accountOf(key);
}

/** What the contracts are created with. */
export function optionsOf(config: DeployConfig, profile: Profile, keys: Keys): DeployOptions {
  const { fees, governance, validation } = config;
  return {
    ...deployOptionsOf(profile, keys),
    fees,
    governance: governance ?? GOVERNANCE,
    validation: validation ?? VALIDATION,
  };
}

function tokenUnits(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole) * QUIT + BigInt(fraction.padEnd(18, "0"));
}

function inTokens(amount: bigint): string {
  const fraction = String(amount % QUIT)
    .padStart(18, "0")
    .replace(/0+$/, "");
  return `${amount / QUIT}${fraction === "" ? "" : `.${fraction}`}`;
}

/** The configuration has a mistake. */
export class DeployConfigError extends Error {
  override readonly name = "Deploy.Config";
  constructor(path: string, reason: string, cause?: unknown) {
    super(
      `${path} has a mistake (${reason}). Correct it; "quittance deploy --example" prints one with every setting.`,
      { cause },
    );
  }
}

/** Where is the chain? */
export class NoNodeError extends Error {
  override readonly name = "Deploy.NoNode";
  constructor() {
    super(
      'Say where the chain is: "rpc" in the configuration, QUITTANCE_RPC in the environment, or --chain ADDRESS.',
    );
  }
}

/** Who deploys? */
export class NoDeployerKeyError extends Error {
  override readonly name = "Deploy.NoKey";
  constructor() {
    super(
      "Put the private key of the account that deploys, and pays for it, into QUITTANCE_DEPLOYER_KEY, or into a file of mode 0600 that QUITTANCE_DEPLOYER_KEY_FILE names.",
    );
  }
}
