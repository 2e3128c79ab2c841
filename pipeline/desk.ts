/**
 * A desk: what a payer, a voter, a validator or anybody else works at who has no operator's project, and
 * needs none. A chain's address, a deployment file and the own key from the environment are all of it.
 *
 * Nothing is kept between two calls, and nothing is proven here: whatever opens records or makes proofs is
 * the operator's, and needs its project.
 *
 * A deployment file may name any addresses. That the registry there knows the verifier is checked, which
 * catches the wrong chain; that the contracts are ours, byte for byte, is what `quittance deploy --check`
 * says.
 */
import { openContracts } from "./chain/contracts.ts";
import { openRpcChain } from "./chain/rpc.ts";
import { type DeploymentFile, deploymentOf } from "./deploy/file.ts";
import { type Account, sameAddress } from "./engine/ethers.ts";
import { keyOf, NoKeyError, NoWalletError, type Session } from "./session.ts";

/** The part of a session that needs no project. */
export type Desk = Pick<
  Session,
  "chain" | "contracts" | "deployment" | "operator" | "wallet" | "endow" | "record"
>;

/**
 * Opens a desk; close its chain. Throws {@link WrongDeploymentError}, and {@link NoKeyError} once something
 * is to be sent and nobody's key is there.
 *
 * @param roles whose key sends what anybody may send: the first that is in the environment
 */
export async function openDesk(of: {
  readonly url: string;
  readonly file: DeploymentFile;
  readonly roles: readonly string[];
}): Promise<Desk> {
  const { url, file, roles } = of;
  const chain = await openRpcChain({ url });
  if (chain.chainId !== file.chainId) throw new WrongDeploymentError(file.chainId, chain.chainId);
  const deployment = deploymentOf(file);
  const contracts = await openContracts(chain, deployment);
  if (!sameAddress(await contracts.verifierAt(1), deployment.verifier))
    throw new WrongDeploymentError(file.chainId, chain.chainId);
  return {
    chain,
    contracts,
    deployment,
    get operator(): Account {
      const found = roles.map(keyOf).find((account) => account !== undefined);
      if (found === undefined) throw new NoKeyError(roles[0] ?? "operator");
      return found;
    },
    wallet: async (label) => {
      const role = label.split("/")[0] ?? label;
      const account = keyOf(role);
      if (account === undefined) throw new NoKeyError(role);
      return account;
    },
    endow: async ({ address }) => {
      throw new NoWalletError(address);
    },
    record: () => {},
  };
}

/** The file is not of this chain, or of no deployment of ours. */
export class WrongDeploymentError extends Error {
  override readonly name = "Desk.WrongDeployment";
  constructor(wanted: number, found: number) {
    super(
      `The deployment file is of chain ${wanted}, and the address serves chain ${found}` +
        `${wanted === found ? ", where its contracts do not know each other" : ""}. Correct --deployment or --chain.`,
    );
  }
}
