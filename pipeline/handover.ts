/**
 * The operator's half of a hand-over: a contributor signs batches on a machine of its own, so that its key
 * never comes to the operator's.
 *
 *     operator      makes the records, keeps them, and asks         {@link requestSignatures}
 *     contributor   checks and signs                                handover-check.ts
 *     operator      recovers the signer, and sends                  {@link recordSigned}
 *
 * Records and contents are kept before anybody is asked: a root without records is worth nothing, and what
 * comes back may come after the data was moved. A contributor that sends its batches itself is found on chain
 * (contributions.ts). Both steps can be repeated: what stands on chain is neither asked for nor sent again.
 */
import type { BatchMessage } from "./chain/ids.ts";
import { quittanceDomain } from "./chain/ids.ts";
import { keepContents } from "./contents.ts";
import { NoDatanetError, type Part, prepareBatches, projectDatanet, sendBatch } from "./contribute.ts";
import {
  accountKnown,
  adoptSent,
  keepContribution,
  keepRequested,
  keptContribution,
  recordedBatch,
  requestedBatch,
  signedBatch,
} from "./contributions.ts";
import { checksumAddress, sameAddress } from "./engine/ethers.ts";
import { HandoverDoubtError } from "./handover-check.ts";
import { readSigned, type SigningRequest, writeRequest } from "./handover-file.ts";
import type { Project } from "./project.ts";
import { projectLabels } from "./project-labels.ts";
import { keepRecords } from "./records.ts";
import type { Session } from "./session.ts";

/** What a contributor was asked for. */
export type Requesting = {
  readonly datanet: bigint;
  readonly account: string;
  /** Roots and sizes of the batches that wait for a signature; the file holds these. */
  readonly asked: ReadonlyArray<{ readonly root: bigint; readonly count: number }>;
  /** Numbers of the batches that stand on chain already. */
  readonly there: readonly bigint[];
};

/**
 * Makes one contributor's batches and writes into a file what it has to sign; no file where nothing is left
 * to sign. Throws {@link LocalHandoverError}, {@link NoAccountError}, {@link OtherAccountError}, {@link
 * NotAdmittedError}, RootTakenError.
 *
 * @param account the contributor's, where the project does not know it yet
 */
export async function requestSignatures(
  of: Omit<Parameters<typeof prepareBatches>[0], "only"> & {
    readonly contributor: string;
    readonly account?: string;
    readonly out: string;
  },
): Promise<Requesting> {
  const { project, session, contributor: name, out, backbone } = of;
  const { contracts, deployment, profile } = session;
  if (session.chain.kind === "local") throw new LocalHandoverError();
  const account = accountOf(project, name, of.account);
  const { datanet, prepared } = await prepareBatches({ ...of, only: name });
  if (!(await contracts.isContributor(datanet, account))) throw new NotAdmittedError(datanet, account);
  await adoptSent(project, session, datanet);
  const there: bigint[] = [];
  const asked: { part: Part; message: BatchMessage }[] = [];
  for (const part of prepared.flatMap(({ parts }) => parts)) {
    const { root, records, contents } = part;
    const kept = keptContribution(project, datanet, root);
    if (kept !== undefined) {
      there.push(kept.id);
      continue;
    }
    const message = { datanet, contributor: account, root, count: records.length };
    await recordedBatch(contracts, message);
    keepRecords(project, root, records);
    keepContents(project, root, contents);
    keepRequested(project, { datanet, root, count: records.length, name, account });
    asked.push({ part, message });
  }
  const labels = projectLabels(project);
  const request: SigningRequest = {
    ...{ profile, contributor: name, account, backbone: backbone.hash },
    ...(labels === undefined ? {} : { labels }),
    domain: quittanceDomain(deployment.chainId, deployment.datanets),
    batches: asked.map(({ part: { records, contents }, message }) => ({ message, records, contents })),
  };
  if (asked.length > 0) writeRequest(out, request);
  return { datanet, account, asked: asked.map(({ message: { root, count } }) => ({ root, count })), there };
}

/** A batch that was handed in. */
export type HandedIn = {
  readonly id: bigint;
  readonly name: string;
  readonly account: string;
  readonly count: number;
  /** Whether it stood on chain before. */
  readonly there: boolean;
};

/**
 * Records what a contributor signed elsewhere. Everything is checked before anything is sent; run again, it
 * sends what is missing. Throws {@link HandoverDoubtError}, RootTakenError, and what the chain refuses.
 */
export async function recordSigned(of: {
  readonly project: Project;
  readonly session: Session;
  readonly file: string;
}): Promise<readonly HandedIn[]> {
  const { project, session, file } = of;
  const datanet = projectDatanet(project);
  if (datanet === undefined) throw new NoDatanetError(project.folder);
  const { domain, batches } = readSigned(file);
  const { chainId, datanets } = session.deployment;
  const refuse = (doubt: string) =>
    new HandoverDoubtError(
      `${file} is not recorded: ${doubt}`,
      "Nothing was sent. Ask its contributor again.",
    );
  if (domain.chainId !== chainId || !sameAddress(domain.verifyingContract, datanets))
    throw refuse(
      `it is signed for ${domain.verifyingContract} on chain ${domain.chainId}, not for this project's.`,
    );
  const checked: { name: string; message: BatchMessage; signature: string; id: bigint }[] = [];
  for (const { message, signature } of batches) {
    const { root, count, contributor } = message;
    const asked = requestedBatch(project, datanet, root);
    if (asked === undefined || message.datanet !== datanet)
      throw refuse(`the project asked for no signature of root ${root} in datanet ${message.datanet}.`);
    if (asked.count !== count)
      throw refuse(`batch ${root} holds ${asked.count} records, and it says ${count}.`);
    if (!sameAddress(asked.account, contributor))
      throw refuse(`batch ${root} is of ${asked.account}, and it says ${contributor}.`);
    if (!signedBatch(domain, message, signature))
      throw refuse(`the signature of batch ${root} is not that of ${contributor}.`);
    const id = await recordedBatch(session.contracts, message);
    checked.push({ name: asked.name, message, signature, id });
  }
  const done: HandedIn[] = [];
  for (const { name, message, signature, id: before } of checked) {
    const { root, count, contributor: account } = message;
    const id = await sendBatch(session, name, { ...message, signature });
    keepContribution(project, { id, datanet, root, count, signature, name, account });
    done.push({ id, name, account, count, there: before !== 0n });
  }
  return done;
}

/** Whom to ask: who signed before stays; what was only asked for can be asked of another. */
function accountOf(project: Project, name: string, given: string | undefined): string {
  const datanet = projectDatanet(project);
  const known = datanet === undefined ? undefined : accountKnown(project, datanet, name);
  if (given !== undefined && known?.signed === true && !sameAddress(known.account, given))
    throw new OtherAccountError(name, known.account);
  const account = given ?? known?.account;
  if (account === undefined) throw new NoAccountError(name);
  return checksumAddress(account);
}

/** A chain that nobody else can reach. */
export class LocalHandoverError extends Error {
  override readonly name = "Handover.Local";
  constructor() {
    super(
      "This project's chain is local: it lives in this process, its contributors' wallets are derived from the project, and " +
        "nobody else can look at it. Leave --prepare out; it is for a chain behind --chain ADDRESS.",
    );
  }
}

/** Nobody knows whose signature to ask for. */
export class NoAccountError extends Error {
  override readonly name = "Handover.NoAccount";
  constructor(name: string) {
    super(
      `The project does not know the wallet of "${name}" yet: ask for its address, and add --account 0x….`,
    );
  }
}

/** A contributor has one account in a datanet. */
export class OtherAccountError extends Error {
  override readonly name = "Handover.OtherAccount";
  constructor(name: string, account: string) {
    super(
      `"${name}" has signed batches as ${account}: leave --account out, or give the samples another contributor's name.`,
    );
  }
}

/** The datanet does not let the account contribute. */
export class NotAdmittedError extends Error {
  override readonly name = "Handover.NotAdmitted";
  constructor(datanet: bigint, account: string) {
    super(
      `Datanet ${datanet} does not take batches of ${account}. Its owner lets it with: quittance datanet allow ${account}`,
    );
  }
}
