/** What is shown while data are on their way, when they do not come, and when they are there. */
import type { ComponentChildren, JSX } from "preact";
import type { DataError, Loaded } from "../data.ts";

/** Draws what came of a question; waiting and failure look the same everywhere. */
export function Await<T>(of: {
  readonly of: Loaded<T>;
  readonly children: (value: T) => ComponentChildren;
}): JSX.Element {
  const loaded = of.of;
  if (loaded.state === "loading") {
    return (
      <p class="loading" role="status">
        Reading…
      </p>
    );
  }
  if (loaded.state === "failed") return <Failed error={loaded.error} again={loaded.again} />;
  return <>{of.children(loaded.value)}</>;
}

/** What is wrong, and a way to try again. */
export function Failed({
  error,
  again,
}: {
  readonly error: DataError;
  readonly again: () => void;
}): JSX.Element {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>This could not be read.</strong> {error.message}
      </p>
      <button type="button" onClick={again}>
        Try again
      </button>
    </div>
  );
}
