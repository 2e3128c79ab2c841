/**
 * The frame of every page: brand, places to go, what to know about the keys, and the page itself.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type Config, ConfigContext, DataError, loadConfig } from "./data.ts";
import { href, type Place, usePlace } from "./router.ts";
import { type Route, routeOf, routesOf } from "./routes.tsx";
import { applyTheme, readTheme, THEMES, type Theme } from "./theme.ts";
import { Failed } from "./ui/await.tsx";
import { Page } from "./ui/page.tsx";

/** The page. */
export function App(): JSX.Element {
  const place = usePlace();
  const [config, setConfig] = useState<Config>();
  const [error, setError] = useState<DataError>();
  useEffect(() => {
    loadConfig().then(setConfig, (reason: unknown) =>
      setError(reason instanceof DataError ? reason : new DataError("config.json", String(reason))),
    );
  }, []);
  if (error !== undefined) {
    return (
      <Frame place={place}>
        <Page title="This page is not complete">
          <Failed error={error} again={() => location.reload()} />
        </Page>
      </Frame>
    );
  }
  if (config === undefined) return <Frame place={place} />;
  const found = routeOf(place.path, config);
  return (
    <ConfigContext.Provider value={config}>
      <Frame place={place} config={config}>
        {found === undefined ? (
          <Page title="There is no such page">
            <p>
              Nothing lies at <code>{place.path}</code>. <a href={href("/")}>Go to the beginning.</a>
            </p>
          </Page>
        ) : (
          <found.route.page key={place.path} params={found.params} query={place.query} />
        )}
      </Frame>
    </ConfigContext.Provider>
  );
}

function Frame(of: {
  readonly place: Place;
  readonly config?: Config;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const { place, config, children } = of;
  // A button: a link to #main would be a route.
  const toMain = (): void => document.getElementById("main")?.focus();
  return (
    <div class="frame">
      <button type="button" class="skip" onClick={toMain}>
        Skip to the page
      </button>
      <header>
        <div class="masthead">
          <a class="brand" href={href("/")}>
            Quittance
          </a>
          {config !== undefined && <Places routes={routesOf(config)} path={place.path} />}
          <ThemeChoice />
        </div>
        {config?.insecureKeys === true && (
          <p class="notice" role="note">
            <strong>Development keys.</strong> Whoever made them could forge proofs; “proven” holds but for
            them.
          </p>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <footer class="colophon">
        <p>
          A quittance is a receipt, and the release from a debt that it proves. This page loads nothing from
          anywhere else and tells nobody that you looked. <a href="licences.txt">Licences</a>
        </p>
      </footer>
    </div>
  );
}

function Places({ routes, path }: { readonly routes: readonly Route[]; readonly path: string }): JSX.Element {
  return (
    <nav class="places" aria-label="Pages">
      <ul>
        {routes.flatMap(({ nav, pattern }) =>
          nav === undefined
            ? []
            : [
                <li key={pattern}>
                  <a href={href(pattern)} aria-current={isAt(path, pattern) ? "page" : undefined}>
                    {nav}
                  </a>
                </li>,
              ],
        )}
      </ul>
    </nav>
  );
}

function isAt(path: string, pattern: string): boolean {
  return pattern === "/" ? path === "/" : path === pattern || path.startsWith(`${pattern}/`);
}

const THEME_NAMES: Readonly<Record<Theme, string>> = { auto: "as the system", light: "light", dark: "dark" };
const THEME_SIGNS: Readonly<Record<Theme, string>> = { auto: "◐", light: "☀", dark: "☾" };

/** One button that goes round: as the system, light, dark. */
function ThemeChoice(): JSX.Element {
  const [theme, setTheme] = useState(readTheme);
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "auto";
  const choose = (): void => {
    applyTheme(next);
    setTheme(next);
  };
  return (
    <button type="button" class="theme" onClick={choose} title={`Colours: ${THEME_NAMES[theme]}`}>
      <span aria-hidden="true">{THEME_SIGNS[theme]}</span>
      <span class="sr">
        Colours: {THEME_NAMES[theme]}. Change to {THEME_NAMES[next]}.
      </span>
    </button>
  );
}
