/**
 * The deployment file: where the contracts are, what they were made from, and the transactions that made
 * them. It holds no secret; publish it, and projects take it (`quittance train --deployment FILE`).
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { CIRCUIT_NAMES, type Keys, PROFILE_NAMES } from "../../prover/index.ts";
import type { Deployment } from "../chain/deploy.ts";
import { isAddressText } from "../engine/ethers.ts";
import { writeFileAtomic } from "../store.ts";

const address = z.string().refine(isAddressText, "an address");
const schema = z.strictObject({
  format: z.literal("quittance-deployment/1"),
  chainId: z.number().int().min(1),
  profile: z.enum(PROFILE_NAMES),
  deployer: address,
  /** Of the first contract; absent in files of earlier versions. */
  block: z.number().int().min(0).optional(),
  contracts: z.strictObject({
    token: address,
    timelock: address,
    governor: address,
    guardian: address,
    verifier: address,
    registry: address,
    datanets: address,
    models: address,
    training: address,
    epochs: address,
    vault: address,
    validation: address,
    schedule: address,
    disputes: address,
  }),
  keys: z.strictObject({ kind: z.enum(["local", "ceremony"]), vkeyHashes: z.record(z.string(), z.string()) }),
  /** Hash of everything that the deployment depends on: sources, settings, keys, account. */
  plan: z.string(),
  /** The configuration without the node's address: with it anybody can verify the deployment. */
  settings: z.record(z.string(), z.unknown()).optional(),
  transactions: z.array(
    z.strictObject({
      step: z.string(),
      hash: z.string(),
      nonce: z.number().int().min(0),
      created: address.nullable(),
      gas: z.string(),
    }),
  ),
});

/** A deployment file's content. */
export type DeploymentFile = z.infer<typeof schema>;

/** Reads a deployment file. Throws {@link DeploymentFileError}. */
export function readDeploymentFile(path: string): DeploymentFile {
  const text = readFileSync(path, "utf8");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new DeploymentFileError(path, (cause as Error).message, cause);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new DeploymentFileError(
    path,
    `${issue?.path.join(".") || "top level"}: ${issue?.message ?? "not valid"}`,
  );
}

/** Writes a deployment file. */
export function writeDeploymentFile(path: string, file: DeploymentFile): void {
  writeFileAtomic(path, `${JSON.stringify(schema.parse(file), null, 2)}\n`);
}

/** The addresses of a file, as the program uses them. */
export function deploymentOf({ chainId, profile, contracts, block }: DeploymentFile): Deployment {
  return { chainId, profile, ...contracts, ...(block === undefined ? {} : { block }) };
}

/** The hashes of the verifying keys, by circuit. */
export function vkeyHashesOf(keys: Keys): Record<string, string> {
  return Object.fromEntries(CIRCUIT_NAMES.map((name) => [name, keys.manifest.circuits[name].vkeyHash]));
}

/** The file is not a deployment. */
export class DeploymentFileError extends Error {
  override readonly name = "Deploy.File";
  constructor(path: string, reason: string, cause?: unknown) {
    super(`${path} is not a deployment (${reason}). Take the file that "quittance deploy" wrote.`, { cause });
  }
}
