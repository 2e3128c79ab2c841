/**
 * A fitted model becomes a commitment on chain: W, A, R_W and every G_c under their salts, with the list of
 * signed batches. R_W is committed too, before the random point of the training proof exists: 320 numbers of
 * 36 bits leave enough freedom to fit a short R to any one value afterwards.
 */

import { commitMatrix } from "../prover/index.ts";
import { NO_PARENT } from "./chain/ids.ts";
import type { Ui } from "./cli/ui.ts";
import { sameAddress } from "./engine/ethers.ts";
import type { Model } from "./model/model.ts";
import type { Moments } from "./model/moments.ts";
import type { Project } from "./project.ts";
import { keysInForce, NewerKeysError, type Session } from "./session.ts";

/** A batch of a contributor as the chain knows it. */
export type ModelBatch = {
  readonly id: bigint;
  readonly root: bigint;
  readonly count: number;
  readonly signature: string;
};

/** A contributor of a model. `gradient` is `G_c`, row by row; `moments` are A_c and B_c, exact. */
export type ModelContributor = {
  readonly name: string;
  readonly account: string;
  readonly samples: number;
  readonly moments: { readonly a: readonly number[]; readonly b: readonly number[] };
  readonly gradient: readonly bigint[];
  readonly saltG: bigint;
  readonly commitG: bigint;
  readonly batches: readonly ModelBatch[];
};

/** A committed model, as the project keeps it. Matrices row by row, `a` the upper triangle. */
export type ModelState = {
  readonly id: string;
  readonly nonce: bigint;
  /** The model that this one was made from by leaving contributors out. */
  readonly parent?: string;
  readonly unproven: boolean;
  readonly datanet: bigint;
  readonly datanetVersion: number;
  readonly token: string;
  readonly backbone: string;
  readonly corpus: string;
  readonly lambda: number;
  readonly samples: number;
  readonly feeUnitWei: bigint;
  readonly w: readonly bigint[];
  readonly saltW: bigint;
  readonly commitW: bigint;
  readonly a: readonly bigint[];
  readonly saltA: bigint;
  readonly commitA: bigint;
  readonly residual: readonly bigint[];
  readonly saltR: bigint;
  readonly commitR: bigint;
  readonly contributors: readonly ModelContributor[];
  readonly accuracy?: number;
  readonly tested?: number;
};

/** The deployment's own token where the datanet allows it, else the first that it allows. */
async function usualToken({ contracts, deployment }: Session, datanet: bigint): Promise<string> {
  const allowed: string[] = [];
  for (const token of await contracts.datanetTokens(datanet))
    if (await contracts.isDatanetToken(datanet, token)) allowed.push(token);
  return allowed.find((token) => sameAddress(token, deployment.token)) ?? allowed[0] ?? deployment.token;
}

/** Commits a fitted model; the chain knows it when this returns. */
export async function commitModel(of: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  readonly datanet: bigint;
  readonly corpus: string;
  readonly backbone: string;
  readonly unproven: boolean;
  readonly parent?: string;
  /** What it is paid in: one of the datanet's tokens; the deployment's own if left out, where it may. */
  readonly token?: string;
  readonly fitted: Model;
  readonly contributors: ReadonlyArray<{
    readonly name: string;
    readonly account: string;
    readonly batches: readonly ModelBatch[];
    readonly moments: Moments;
  }>;
}): Promise<ModelState> {
  const { project, session, ui, datanet, corpus, backbone, unproven, parent, fitted } = of;
  const { profile } = session;
  const { secrets } = project;
  return ui.step("Commit the model on chain", async (report) => {
    if (!(await keysInForce(session))) throw new NewerKeysError(await session.contracts.verifierVersion());
    const saltW = secrets.salt("W", fitted.w);
    const saltA = secrets.salt("A", fitted.a);
    const saltR = secrets.salt("R", fitted.residual);
    const commitW = commitMatrix("W", fitted.w, saltW, profile);
    const commitA = commitMatrix("A", fitted.a, saltA, profile);
    const commitR = commitMatrix("R", fitted.residual, saltR, profile);
    const contributors = of.contributors.map((contributor, index): ModelContributor => {
      report(index, of.contributors.length, contributor.name);
      const gradient = fitted.gradients[index] ?? [];
      const saltG = secrets.salt(`G/${contributor.name}`, gradient);
      const { samples, a, b } = contributor.moments;
      return {
        name: contributor.name,
        account: contributor.account,
        batches: contributor.batches,
        samples,
        moments: { a: [...a], b: [...b] },
        gradient,
        saltG,
        commitG: commitMatrix("G", gradient, saltG, profile),
      };
    });
    const feeUnitWei = BigInt(project.config.feeUnitWei);
    const { lambda, samples } = fitted;
    const { version: datanetVersion, mined } = await session.contracts.ensureVersion(
      session.operator,
      datanet,
    );
    if (mined !== undefined) session.record("publish datanet", mined);
    const token = of.token ?? (await usualToken(session, datanet));
    const { id, nonce } = await commitOnce(session, {
      datanet,
      datanetVersion,
      parent: parent ?? NO_PARENT,
      backbone: `0x${backbone}`,
      commitW,
      commitA,
      commitR,
      lambda,
      samples,
      token,
      feeUnit: feeUnitWei,
      unproven,
      contributors: contributors.map((c) => ({
        account: c.account,
        commitG: c.commitG,
        batches: c.batches.map((b) => b.id),
      })),
    });
    return {
      id,
      nonce,
      ...(parent === undefined ? {} : { parent }),
      unproven,
      datanet,
      datanetVersion,
      token,
      backbone,
      corpus,
      lambda,
      samples,
      feeUnitWei,
      w: fitted.w,
      saltW,
      commitW,
      a: fitted.a,
      saltA,
      commitA,
      residual: fitted.residual,
      saltR,
      commitR,
      contributors,
    };
  });
}

/** The model that the project has committed. Throws {@link NoModelError}. */
export function currentModel(project: Project): ModelState {
  const model = project.readState<ModelState>("model");
  if (model === undefined) throw new NoModelError(project.folder);
  return model;
}

/**
 * Commits a statement, unless the operator's last one was this very one (a run was cut off just after it).
 */
async function commitOnce(
  session: Session,
  statement: Parameters<Session["contracts"]["commitModel"]>[1],
): Promise<{ id: string; nonce: bigint }> {
  const { contracts, operator } = session;
  const next = await contracts.modelNonce(operator.address);
  if (next > 0n) {
    const last = await contracts.modelIdOf(operator.address, next - 1n, statement);
    if (await contracts.modelExists(last)) return { id: last, nonce: next - 1n };
  }
  const mined = await contracts.commitModel(operator, statement);
  session.record("commit model", mined);
  return { id: mined.modelId, nonce: mined.nonce };
}

/** Nothing was trained in this project yet. */
export class NoModelError extends Error {
  override readonly name = "Train.NoModel";
  constructor(folder: string) {
    super(
      `The project in ${folder} has no model yet. Run: quittance train --project ${folder} --data FOLDER`,
    );
  }
}
