/**
 * What the compiler made of the contracts: ABI and bytecode, compiled when they are first asked for.
 *
 * One file, named by the hash of everything that it depends on (sources, settings, versions of compiler and
 * library), is written when a build is whole and read from then on; Hardhat is not even loaded while that
 * file is there. A lock keeps two processes from building at once.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { writeFileAtomic } from "../store.ts";
import { acquireLock } from "./lock.ts";

const SOURCES = fileURLToPath(new URL("../../verifier-contracts/", import.meta.url));
const BUILD_WAIT_MS = 180_000;

/** Contracts that are deployed. */
export const CONTRACT_NAMES = [
  "Groth16Verifier",
  "Datanets",
  "Models",
  "Training",
  "Epochs",
  "Vault",
  "VerifierRegistry",
  "PauseGuardian",
  "QuittanceToken",
  "Governance",
  "QuittanceGovernor",
  "QuittanceTimelock",
  "Validation",
  "FeeSchedule",
  "Disputes",
] as const;
/** Contracts that only tests deploy. */
export const MOCK_NAMES = ["TestWallet", "TestToken", "TestFees", "FlashVoter", "TestCoin"] as const;

/** A contract by name. */
export type ContractName = (typeof CONTRACT_NAMES)[number] | (typeof MOCK_NAMES)[number];

const artifactSchema = z.object({
  abi: z.string(),
  bytecode: z.string().regex(/^0x[0-9a-f]+$/),
});

/** ABI (as JSON text) and bytecode of a contract. */
export type Artifact = z.infer<typeof artifactSchema>;

let loaded: { hash: string; artifacts: Record<ContractName, Artifact> } | undefined;

/** ABI and bytecode of every contract; compiles them if there is no build of these very sources yet. */
export async function contractArtifacts(): Promise<Record<ContractName, Artifact>> {
  const hash = sourcesHash();
  if (loaded?.hash === hash) return loaded.artifacts;
  const path = join(SOURCES, "cache", `contracts-${hash.slice(0, 16)}.json`);
  if (!existsSync(path)) await build(path);
  const artifacts = z.record(z.string(), artifactSchema).parse(JSON.parse(readFileSync(path, "utf8")));
  loaded = { hash, artifacts: artifacts as Record<ContractName, Artifact> };
  return loaded.artifacts;
}

/** SHA-256 over everything that the bytecode depends on. */
export function sourcesHash(): string {
  const require = createRequire(import.meta.url);
  const hash = createHash("sha256");
  for (const name of ["solc/package.json", "@openzeppelin/contracts/package.json"]) {
    hash.update(`${name} ${(require(name) as { version: string }).version}\n`);
  }
  const files = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".sol") && !/^(artifacts|cache)[/\\]/.test(name))
    .sort();
  for (const name of ["../hardhat.config.ts", ...files]) {
    const text = readFileSync(join(SOURCES, name));
    hash.update(`${name} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

async function build(path: string): Promise<void> {
  const unlock = await acquireLock(join(SOURCES, "cache", "build.lock"), BUILD_WAIT_MS);
  try {
    if (existsSync(path)) return;
    const { buildContracts } = await import("./local.ts");
    await buildContracts();
    const names: readonly ContractName[] = [...CONTRACT_NAMES, ...MOCK_NAMES];
    const artifacts = Object.fromEntries(names.map((name) => [name, readArtifact(name)]));
    writeFileAtomic(path, JSON.stringify(artifacts));
  } finally {
    unlock();
  }
}

function readArtifact(name: ContractName): Artifact {
  const folder = join(SOURCES, "artifacts", "verifier-contracts");
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" }).find((file) =>
    file.endsWith(`/${name}.json`),
  );
  if (found === undefined) throw new BuildError(name);
  const { abi, bytecode } = JSON.parse(readFileSync(join(folder, found), "utf8")) as {
    abi: unknown;
    bytecode: unknown;
  };
  return artifactSchema.parse({ abi: JSON.stringify(abi), bytecode });
}

/** The build lacks a contract. */
export class BuildError extends Error {
  override readonly name = "Contracts.Build";
  constructor(name: string) {
    super(`The build made no ${name}. Delete artifacts and cache in verifier-contracts, then run again.`);
  }
}
