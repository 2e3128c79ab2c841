/**
 * Batches that the project knows of: those that the chain recorded, and those that wait for their
 * contributor's signature.
 *
 *     requested/ROOT     handed to its contributor; nobody has signed yet, as far as the project knows
 *     contributed/ROOT   recorded on chain, with the contributor's signature: bundles carry it
 *
 * A contributor may record a batch itself. The project then learns of it from the chain, by the root, and
 * reads the signature out of the transaction that recorded it. A root that stands there under another account
 * is not taken for the contributor's: whoever copies a root from a transaction that waits gets the root, and
 * cannot open it.
 */
import type { Contracts } from "./chain/contracts.ts";
import { BATCH_TYPES, type BatchMessage, quittanceDomain } from "./chain/ids.ts";
import type { ModelBatch } from "./commit.ts";
import { isContractSignature, recoverTypedData, sameAddress, type TypedDomain } from "./engine/ethers.ts";
import type { Project } from "./project.ts";
import type { Session } from "./session.ts";

/** A batch that was recorded, as the project keeps it. */
export type Contribution = ModelBatch & {
  readonly datanet: bigint;
  readonly name: string;
  readonly account: string;
};

/** A batch that its contributor was asked to sign. */
export type Requested = Omit<Contribution, "id" | "signature">;

const stateName = (kind: "contributed" | "requested", root: bigint): string =>
  `${kind}/${root.toString(16).padStart(64, "0")}`;

/** Keeps what was recorded. */
export function keepContribution(project: Project, contribution: Contribution): void {
  project.writeState(stateName("contributed", contribution.root), contribution);
}

/** What was recorded under a root, or undefined. */
export function keptContribution(project: Project, datanet: bigint, root: bigint): Contribution | undefined {
  const kept = project.readState<Contribution>(stateName("contributed", root));
  return kept?.datanet === datanet ? kept : undefined;
}

/** All batches that were recorded from this project, oldest first. */
export function contributionsOf(project: Project, datanet: bigint): Contribution[] {
  return ofDatanet<Contribution>(project, "contributed", datanet).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Keeps that a batch waits for its contributor. */
export function keepRequested(project: Project, requested: Requested): void {
  project.writeState(stateName("requested", requested.root), requested);
}

/** The batch of this root that a contributor was asked to sign, or undefined. */
export function requestedBatch(project: Project, datanet: bigint, root: bigint): Requested | undefined {
  const kept = project.readState<Requested>(stateName("requested", root));
  return kept?.datanet === datanet ? kept : undefined;
}

/**
 * The account that somebody contributes as: the one that signed before, or that was asked to. `signed` says
 * which: what was only asked for can be asked of another.
 */
export function accountKnown(
  project: Project,
  datanet: bigint,
  name: string,
): { readonly account: string; readonly signed: boolean } | undefined {
  const own = <T extends Requested>(list: readonly T[]): T | undefined =>
    list.find((one) => one.name === name);
  const signed = own(contributionsOf(project, datanet));
  if (signed !== undefined) return { account: signed.account, signed: true };
  const asked = own(ofDatanet<Requested>(project, "requested", datanet));
  return asked === undefined ? undefined : { account: asked.account, signed: false };
}

/** The number of a batch that stands on chain as its contributor's; 0 if its root does not stand there. */
export async function recordedBatch(
  contracts: Pick<Contracts, "batch" | "batchOf">,
  { datanet, root, count, contributor }: BatchMessage,
): Promise<bigint> {
  const id = await contracts.batchOf(datanet, root);
  if (id === 0n) return 0n;
  const batch = await contracts.batch(id);
  if (!sameAddress(batch.contributor, contributor) || Number(batch.count) !== count)
    throw new RootTakenError(id, batch.contributor);
  return id;
}

/**
 * Learns of batches that contributors recorded themselves. What stands under another's account, or was sent
 * without a signature that bundles could show, is passed over: its contributor is still to sign it.
 */
export async function adoptSent(
  project: Project,
  session: Pick<Session, "contracts" | "deployment">,
  datanet: bigint,
): Promise<void> {
  const { contracts, deployment } = session;
  const found: (Requested & { readonly id: bigint })[] = [];
  for (const asked of ofDatanet<Requested>(project, "requested", datanet)) {
    if (keptContribution(project, datanet, asked.root) !== undefined) continue;
    const id = await contracts.batchOf(datanet, asked.root);
    if (id === 0n || !sameAddress((await contracts.batch(id)).contributor, asked.account)) continue;
    found.push({ ...asked, id });
  }
  if (found.length === 0) return;
  const signatures = await contracts.batchSignatures(found.map(({ id }) => id));
  const domain = quittanceDomain(deployment.chainId, deployment.datanets);
  for (const one of found) {
    const signature = signatures.get(one.id) ?? "0x";
    const { datanet: of, root, count, account: contributor } = one;
    if (signedBatch(domain, { datanet: of, root, count, contributor }, signature))
      keepContribution(project, { ...one, signature });
  }
}

/** Whether a batch is signed by its contributor, in the form that the contract takes. */
export function signedBatch(domain: TypedDomain, message: BatchMessage, signature: string): boolean {
  if (!isContractSignature(signature)) return false;
  try {
    return sameAddress(recoverTypedData(domain, BATCH_TYPES, message, signature), message.contributor);
  } catch {
    return false;
  }
}

function ofDatanet<T extends Requested>(
  project: Project,
  kind: "contributed" | "requested",
  datanet: bigint,
): T[] {
  return project
    .listState(kind)
    .map((name) => project.readState<T>(name))
    .filter((kept): kept is T => kept?.datanet === datanet);
}

/** Somebody else recorded the root. */
export class RootTakenError extends Error {
  override readonly name = "Contribute.RootTaken";
  readonly doubt = true;
  constructor(batch: bigint, account: string) {
    super(
      `This root stands on chain already, as batch ${batch} of ${account}, who can copy a root but not open it. ` +
        "Give the same samples in another order, or without one of them: their root is then another.",
    );
  }
}
