/**
 * When an epoch must be on chain: the date that the operator signed in its receipts. An exported page cannot
 * know what happened since it was written, and says of when it speaks.
 */
import type { JSX } from "preact";
import type { Assurance } from "../../../pipeline/browser.ts";
import { useConfig } from "../data.ts";
import { Said } from "./said.tsx";
import { Time } from "./values.tsx";

/** The line about an epoch that is not on chain yet. `name` begins the sentence's middle: "epoch 2". */
export function DueBy(of: {
  readonly name: string;
  readonly dueBy: number;
  readonly word: Assurance;
}): JSX.Element {
  const { name, dueBy, word } = of;
  const { mode } = useConfig();
  const date = <Time at={dueBy} />;
  if (mode === "static")
    return (
      <Said word={word}>
        When these pages were written, {name} was not on chain. Its receipts say that it is by {date} at the
        latest.
      </Said>
    );
  if (dueBy * 1_000 < Date.now())
    return (
      <Said word={word}>
        Receipts of {name} were to be committed by {date}, which has passed: whoever holds one can dispute it.
      </Said>
    );
  return (
    <Said word={word}>
      Receipts of {name} are committed by {date} at the latest.
    </Said>
  );
}
