/**
 * Hashes that the contracts compute too: a test compares each with the contract's own answer.
 *
 * modelId   = keccak256(abi.encode("quittance.model", chainId, models, operator, nonce, statementHash))
 * context   = keccak256(abi.encode("quittance.epoch", chainId, epochs, modelId, epoch, batchIndex)) >> 8
 * rootsHash = keccak256(abi.encode(roots))
 * seed      = keccak256(abi.encode("quittance.training", chainId, training, modelId, rootsHash))
 * ρ_i       = keccak256(abi.encode(seed, i)) >> 8 for i = 1, 2, 3
 * circuit   = keccak256("quittance/PROFILE/CIRCUIT")
 *
 * The context and the challenges ρ lose their last 8 bits so that they are always field elements.
 *
 * ρ must not be known before everything that it tests is fixed. The model's id binds every commitment and the
 * numbers of the batches; the roots bind what is in them, for a reader who has no chain to look the numbers
 * up.
 */
import { abiEncode, keccak256, keccakText, type TypedDomain, typedDataDigest } from "../engine/ethers.ts";

/** What an operator commits to on chain; matches `IModels.ModelStatement`. Commitments are field elements. */
export type ModelStatement = {
  readonly datanet: bigint;
  /** Published version of the datanet that the batches stand in. */
  readonly datanetVersion: number;
  /** The model that this one was made from; {@link NO_PARENT} if none. */
  readonly parent: string;
  /** 32 bytes in hex, with `0x`. */
  readonly backbone: string;
  readonly commitW: bigint;
  readonly commitA: bigint;
  /** Commitment of R = Σ G_c − λW. */
  readonly commitR: bigint;
  readonly lambda: number;
  readonly samples: number;
  /** ERC-20 that the model is paid in. */
  readonly token: string;
  /** What one fee unit costs, in the token's smallest unit. */
  readonly feeUnit: bigint;
  /** Registered as unproven: may charge and settle without a training proof, and everything says so. */
  readonly unproven: boolean;
  readonly contributors: readonly {
    readonly account: string;
    readonly commitG: bigint;
    /** Batch numbers, strictly ascending. */
    readonly batches: readonly bigint[];
  }[];
};

/** Parent of a model that was made from no other. */
export const NO_PARENT = `0x${"0".repeat(64)}`;

/** EIP-712 types of what a contributor signs for each batch. */
export const BATCH_TYPES = {
  Batch: [
    { name: "datanet", type: "uint256" },
    { name: "contributor", type: "address" },
    { name: "root", type: "uint256" },
    { name: "count", type: "uint32" },
  ],
};

/** What a contributor signs. */
export type BatchMessage = {
  readonly datanet: bigint;
  readonly contributor: string;
  readonly root: bigint;
  readonly count: number;
};

/** EIP-712 types of what a contributor signs to take a batch back. */
export const WITHDRAWAL_TYPES = {
  Withdrawal: [
    { name: "batch", type: "uint256" },
    { name: "contributor", type: "address" },
  ],
};

/** What a contributor signs to take a batch back. */
export type WithdrawalMessage = { readonly batch: bigint; readonly contributor: string };

/** The EIP-712 domain of a contract of ours. */
export function quittanceDomain(chainId: number, contract: string): TypedDomain {
  return { name: "Quittance", version: "1", chainId, verifyingContract: contract };
}

/** Digest of a batch's signature, as `Datanets.batchDigest`. */
export function batchDigest(chainId: number, datanets: string, batch: BatchMessage): string {
  return typedDataDigest(quittanceDomain(chainId, datanets), BATCH_TYPES, batch);
}

/** Digest of a withdrawal's signature, as `Datanets.withdrawalDigest`. */
export function withdrawalDigest(chainId: number, datanets: string, message: WithdrawalMessage): string {
  return typedDataDigest(quittanceDomain(chainId, datanets), WITHDRAWAL_TYPES, message);
}

const STATEMENT_TYPE =
  "tuple(uint256 datanet, uint32 datanetVersion, bytes32 parent, bytes32 backbone, uint256 commitW," +
  " uint256 commitA, uint256 commitR, uint32 lambda, uint32 samples, address token, uint128 feeUnit," +
  " bool unproven," +
  " tuple(address account, uint256 commitG, uint256[] batches)[] contributors)";

/** A model's id, as `Models.modelIdOf`. */
export function modelIdOf(of: {
  readonly chainId: number;
  readonly models: string;
  readonly operator: string;
  readonly nonce: bigint;
  readonly statement: ModelStatement;
}): string {
  const statementHash = keccak256(abiEncode([STATEMENT_TYPE], [of.statement]));
  return keccak256(
    abiEncode(
      ["string", "uint256", "address", "address", "uint256", "bytes32"],
      ["quittance.model", of.chainId, of.models, of.operator, of.nonce, statementHash],
    ),
  );
}

/** What binds the receipts of an inference batch to their place, as `Epochs.context`. */
export function contextOf(of: {
  readonly chainId: number;
  readonly epochs: string;
  readonly modelId: string;
  readonly epoch: number;
  readonly batchIndex: number;
}): bigint {
  const hash = keccak256(
    abiEncode(
      ["string", "uint256", "address", "bytes32", "uint256", "uint256"],
      ["quittance.epoch", of.chainId, of.epochs, of.modelId, of.epoch, of.batchIndex],
    ),
  );
  return BigInt(hash) >> 8n;
}

/** What the training challenges come from, as `Training.seedOf`. */
export function trainingSeed(of: {
  readonly chainId: number;
  readonly training: string;
  readonly modelId: string;
  /** Roots of all the batches in the model's order: contributor by contributor, batch by batch. */
  readonly roots: readonly bigint[];
}): string {
  return keccak256(
    abiEncode(
      ["string", "uint256", "address", "bytes32", "bytes32"],
      ["quittance.training", of.chainId, of.training, of.modelId, rootsHashOf(of.roots)],
    ),
  );
}

/** Hash of a model's batch roots, as `IModels.Model.rootsHash`. */
export function rootsHashOf(roots: readonly bigint[]): string {
  return keccak256(abiEncode(["uint256[]"], [roots]));
}

/** The training challenges ρ1, ρ2, ρ3 of a seed, as `Training.challengesOf`. */
export function rhoOf(seed: string): [bigint, bigint, bigint] {
  const rho = (i: number): bigint => BigInt(keccak256(abiEncode(["bytes32", "uint256"], [seed, i]))) >> 8n;
  return [rho(1), rho(2), rho(3)];
}

/** A circuit's id in the verifier contract. */
export function circuitIdOf(profile: string, circuit: string): string {
  return keccakText(`quittance/${profile}/${circuit}`);
}
