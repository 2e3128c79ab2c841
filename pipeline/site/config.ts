/**
 * What the explorer's page is told about the place that it lies in: `config.json` beside `index.html`.
 *
 * A project's own chain address is never in it: JSON-RPC addresses often carry their owner's secret. A wallet
 * brings its own way to the chain; the in-process chain is reached through the service.
 */
import type { Session } from "../session.ts";

/** The explorer's configuration. */
export type SiteConfig = {
  /** *live* asks the service's routes, *static* reads the same answers from files under `data/`. */
  readonly mode: "live" | "static";
  readonly version: string;
  /** Circuit sizes, hence the name of the verifying keys. */
  readonly profile: string;
  readonly chainId: number;
  /** Development keys: whoever made them could forge proofs. */
  readonly insecureKeys: boolean;
  /** The chain lives in the operator's process: play money. */
  readonly local: boolean;
  /** Where a wallet reaches the chain, relative to the page; only for an in-process chain that is served. */
  readonly rpc?: string;
};

/** The configuration of a page that shows a session's project. */
export function siteConfig(
  session: Pick<Session, "chain" | "profile" | "keys">,
  mode: SiteConfig["mode"],
  version: string,
): SiteConfig {
  const { chain, profile, keys } = session;
  const local = chain.kind === "local";
  return {
    mode,
    version,
    profile: profile.name,
    chainId: chain.chainId,
    insecureKeys: keys.manifest.insecure,
    local,
    ...(local && mode === "live" ? { rpc: "rpc" } : {}),
  };
}
