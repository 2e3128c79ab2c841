/**
 * Every page and the address that it has. A page is a component in `pages/` that takes the parameters of its
 * pattern; those with `nav` stand in the masthead, in this order.
 */
import type { FunctionComponent } from "preact";
import type { Config } from "./data.ts";
import { ContributorPage } from "./pages/contributor.tsx";
import { ContributorsPage } from "./pages/contributors.tsx";
import { DatanetPage, DatanetsPage } from "./pages/datanets.tsx";
import { EpochPage } from "./pages/epoch.tsx";
import { HomePage } from "./pages/home.tsx";
import { ModelPage } from "./pages/model.tsx";
import { VerifyPage } from "./pages/verify.tsx";
import { matchPath, type Params } from "./router.ts";
import { lazyPage } from "./ui/lazy.tsx";

/** What a page is given. */
export type PageProps = { readonly params: Params; readonly query: URLSearchParams };

/** A page and its address. */
export type Route = {
  /** Parts that begin with a colon are parameters: `/models/:id`. */
  readonly pattern: string;
  readonly page: FunctionComponent<PageProps>;
  /** Its name in the masthead, if it stands there. */
  readonly nav?: string;
  /** Needs a service that answers: not in an exported folder. */
  readonly live?: true;
};

const AskPage = lazyPage("Ask", async () => (await import("./pages/ask.tsx")).AskPage);
const ExplainPage = lazyPage("Explain", async () => (await import("./pages/explain.tsx")).ExplainPage);

const ROUTES: readonly Route[] = [
  { pattern: "/", page: HomePage, nav: "Overview" },
  { pattern: "/datanets", page: DatanetsPage, nav: "Data" },
  { pattern: "/datanets/:id", page: DatanetPage },
  { pattern: "/contributors", page: ContributorsPage, nav: "Contributors" },
  { pattern: "/contributors/:address", page: ContributorPage },
  { pattern: "/ask", page: AskPage, nav: "Ask", live: true },
  { pattern: "/explain", page: ExplainPage, nav: "Explain", live: true },
  { pattern: "/models/:id", page: ModelPage },
  { pattern: "/models/:id/epochs/:number", page: EpochPage },
  { pattern: "/verify", page: VerifyPage, nav: "Verify" },
];

/** The pages that this place has. */
export function routesOf(config: Config): readonly Route[] {
  return ROUTES.filter(({ live }) => live !== true || config.mode === "live");
}

/** The page at an address. */
export function routeOf(
  path: string,
  config: Config,
): { readonly route: Route; readonly params: Params } | undefined {
  for (const route of routesOf(config)) {
    const params = matchPath(route.pattern, path);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}
