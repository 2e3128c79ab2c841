/**
 * Pays what contributors are owed. Anybody may trigger a claim; the money goes to the contributor and nobody
 * else.
 */
import type { Ui } from "./cli/ui.ts";
import { currentModel } from "./commit.ts";
import type { Desk } from "./desk.ts";
import { checksumAddress, isAddressText } from "./engine/ethers.ts";
import { earningsProof } from "./payments/earnings.ts";
import type { Project } from "./project.ts";
import type { Session } from "./session.ts";

/** One payment. */
export type Claimed = {
  readonly name: string;
  readonly account: string;
  readonly paidWei: bigint;
  /** What the account held of the token afterwards. */
  readonly balanceWei: bigint;
  readonly gas: number;
  readonly hash: string;
};

/** Claims for the contributors of a project's model: {@link claimFor}. */
export async function claimOwed(of: {
  readonly project: Project;
  readonly session: Session;
  readonly ui: Ui;
  readonly account?: string;
}): Promise<Claimed[]> {
  const { project, session, ui, account } = of;
  const model = currentModel(project);
  return await claimFor({ session, ui, model, ...(account === undefined ? {} : { account }) });
}

/**
 * Claims for every contributor that is owed something, or for one account only. Throws {@link
 * NotAContributorError}.
 *
 * @param model its contributors in its order; their names are for people
 */
export async function claimFor({
  session,
  ui,
  model,
  account,
}: {
  readonly session: Desk;
  readonly ui: Ui;
  readonly model: {
    readonly id: string;
    readonly token: string;
    readonly contributors: readonly { readonly name: string; readonly account: string }[];
  };
  readonly account?: string;
}): Promise<Claimed[]> {
  const wanted =
    account === undefined ? undefined : isAddressText(account) ? checksumAddress(account) : account;
  const contributors = model.contributors.filter((c) => wanted === undefined || c.account === wanted);
  if (contributors.length === 0) throw new NotAContributorError(wanted ?? "");
  return ui.step("Claims", async (report) => {
    const { contracts } = session;
    // The tree that the contract's root is of: rebuilt from its events, so no one has to be asked for it.
    const all = model.contributors.map((contributor) => contributor.account);
    const earnings = await contracts.earnings(model.id, all);
    const claims: Claimed[] = [];
    for (const [index, { name, account: to }] of contributors.entries()) {
      report(index, contributors.length, name);
      const leaf = earningsProof(earnings, to);
      if (leaf.cumulative <= (await contracts.claimed(model.id, to))) continue;
      const mined = await contracts.claim(session.operator, { model: model.id, ...leaf });
      session.record(`claim ${name}`, mined);
      const balanceWei = await contracts.erc20Balance(model.token, to);
      claims.push({
        name,
        account: to,
        paidWei: mined.amountWei,
        balanceWei,
        gas: Number(mined.gasUsed),
        hash: mined.hash,
      });
    }
    return claims;
  });
}

/** The address is not a contributor of this model. */
export class NotAContributorError extends Error {
  override readonly name = "Claim.NotAContributor";
  constructor(account: string) {
    super(
      `${account} is not a contributor of the model. Check the address; "quittance train --json" lists them, and so does the model's event.`,
    );
  }
}
