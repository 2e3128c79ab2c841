/** Pages whose code is fetched when somebody goes there: wallets and signatures are most of it. */
import type { FunctionComponent, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { DataError } from "../data.ts";
import type { PageProps } from "../routes.tsx";
import { Failed } from "./await.tsx";
import { Page } from "./page.tsx";

type PageComponent = FunctionComponent<PageProps>;

/** A page that fetches its component when it is first shown; `title` stands until it is there. */
export function lazyPage(title: string, load: () => Promise<PageComponent>): PageComponent {
  let loaded: PageComponent | undefined;
  return function LazyPage(props: PageProps): JSX.Element {
    const [attempt, setAttempt] = useState(0);
    const [failed, setFailed] = useState<DataError>();
    const [, redraw] = useState(0);
    useEffect(() => {
      if (loaded !== undefined) return;
      setFailed(undefined);
      load().then(
        (page) => {
          loaded = page;
          redraw((count) => count + 1);
        },
        (cause: unknown) => setFailed(new DataError("This page's program", "could not be fetched", cause)),
      );
    }, [attempt]);
    if (loaded !== undefined) {
      const Loaded = loaded;
      return <Loaded {...props} />;
    }
    return (
      <Page title={title} focus={false}>
        {failed === undefined ? (
          <p class="loading" role="status">
            Reading…
          </p>
        ) : (
          <Failed error={failed} again={() => setAttempt((count) => count + 1)} />
        )}
      </Page>
    );
  };
}
