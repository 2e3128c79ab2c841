/**
 * Where the explorer's data come from. The page finds `config.json` beside itself: served by `quittance
 * serve` it is *live* and asks the service's routes; exported, it is *static* and reads the same answers from
 * `data/ROUTE.json`. Pages do not know which.
 *
 * ```tsx
 * const model = useData(api.model(id));           // Resource<ModelView> → Loaded<ModelView>
 * <Await of={model}>{(value) => <h2>{value.name}</h2>}</Await>
 * ```
 *
 * Static answers are kept for as long as the page is open; live ones are shown as they were and asked for
 * again whenever a page that needs them opens.
 */
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";
import type {
  ContributorSummary,
  ContributorView,
  DatanetView,
  EpochView,
  ModelSummary,
  ModelView,
  SiteConfig,
} from "../../pipeline/browser.ts";

/** What `config.json` beside the page says. */
export type Config = SiteConfig;

/** The page's configuration; pages are only drawn once it is there. */
export const ConfigContext = createContext<Config | undefined>(undefined);

/** The configuration of the page. */
export function useConfig(): Config {
  const config = useContext(ConfigContext);
  if (config === undefined) throw new DataError("config.json", "has not been read");
  return config;
}

/** Something that can be asked for: the path of a route, and what it answers with. */
export type Resource<T> = {
  readonly path: string;
  /** What it is will never change: it is asked for once. */
  readonly fixed?: boolean;
  readonly answer?: T;
};

const resource = <T>(...parts: readonly (string | number)[]): Resource<T> => ({
  path: parts.map((part) => encodeURIComponent(String(part).toLowerCase())).join("/"),
});

/** Everything that pages may ask for. */
export const api = {
  datanets: () => resource<readonly DatanetView[]>("datanets"),
  datanet: (id: string) => resource<DatanetView>("datanets", id),
  models: () => resource<readonly ModelSummary[]>("models"),
  model: (id: string) => resource<ModelView>("models", id),
  epoch: (model: string, number: string | number) => resource<EpochView>("models", model, "epochs", number),
  /** An epoch's bundle, as JSON that is still to be checked. */
  bundle: (model: string, number: string | number) =>
    resource<unknown>("epochs", `${model}-${number}`, "bundle"),
  contributors: () => resource<readonly ContributorSummary[]>("contributors"),
  contributor: (address: string) => resource<ContributorView>("contributors", address),
  /** The verifying keys of a profile, as JSON that is still to be checked. */
  keys: (profile: string) => ({ ...resource<unknown>("keys", profile), fixed: true }),
};

/** Reads `config.json`. Throws {@link DataError}. */
export async function loadConfig(): Promise<Config> {
  return (await fetchJson("config.json")) as Config;
}

/** Where a resource lies. */
export function addressOf(config: Config, { path }: Resource<unknown>): string {
  return config.mode === "live" ? path : `data/${path}.json`;
}

/** Asks for a resource, without the page's cache. Throws {@link DataError}. */
export async function ask<T>(config: Config, of: Resource<T>): Promise<T> {
  return (await fetchJson(addressOf(config, of))) as T;
}

async function fetchJson(address: string): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL(address, document.baseURI), { headers: { accept: "application/json" } });
  } catch (cause) {
    throw new DataError(address, "cannot be reached: is the server still there?", cause);
  }
  if (!response.ok) {
    const told = (await response.json().catch(() => undefined)) as
      | { error?: { message?: string } }
      | undefined;
    const reason = response.status === 404 ? "is not there" : `answered with status ${response.status}`;
    throw new DataError(address, told?.error?.message ?? reason, undefined, response.status);
  }
  return response.json().catch((cause) => {
    throw new DataError(address, "is not JSON", cause);
  });
}

/** What has come of a question so far. */
export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly error: DataError; readonly again: () => void }
  | { readonly state: "ready"; readonly value: T; readonly again: () => void };

const kept = new Map<string, unknown>();

/** Asks for a resource, and draws the component again when its answer is there. */
export function useData<T>(of: Resource<T>): Loaded<T> {
  const config = useConfig();
  const { path, fixed } = of;
  const [attempt, setAttempt] = useState(0);
  const [failed, setFailed] = useState<{ readonly path: string; readonly error: DataError }>();
  const [, redraw] = useState(0);
  const again = useCallback(() => setAttempt((count) => count + 1), []);
  useEffect(() => {
    if ((config.mode === "static" || fixed === true) && kept.has(path)) return;
    let gone = false;
    ask(config, { path }).then(
      (value) => {
        if (kept.size >= KEPT) kept.clear();
        kept.set(path, value);
        if (gone) return;
        setFailed(undefined);
        redraw((count) => count + 1);
      },
      (error: unknown) => {
        if (!gone)
          setFailed({ path, error: error instanceof DataError ? error : new DataError(path, String(error)) });
      },
    );
    return () => {
      gone = true;
    };
  }, [config, path, fixed, attempt]);
  if (failed?.path === path) return { state: "failed", error: failed.error, again };
  if (kept.has(path)) return { state: "ready", value: kept.get(path) as T, again };
  return { state: "loading" };
}

/** Most answers that are kept at a time. */
const KEPT = 500;

/** Something could not be read. */
export class DataError extends Error {
  override readonly name = "Explorer.Data";
  readonly status: number | undefined;
  constructor(what: string, why: string, cause?: unknown, status?: number) {
    super(`${what}: ${why}`, { cause });
    this.status = status;
  }
}
