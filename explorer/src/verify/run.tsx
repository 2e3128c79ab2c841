/** A run of the verifier as it comes in: facts, lines with their words, and at the end a verdict. */
import type { JSX } from "preact";
import { Mark } from "../ui/assurance.tsx";
import { shortened } from "../ui/values.tsx";
import type { MarkedCheck } from "./messages.ts";
import type { Run } from "./verifier.ts";

/** The run. */
export function RunView({ run }: { readonly run: Run }): JSX.Element {
  const { state, task, subject, checks } = run;
  return (
    <section class="run" aria-labelledby="run-title" data-state={state}>
      <h2 id="run-title">
        {task.kind === "receipt" ? "Receipt" : "Bundle"} <code>{task.file.name}</code>
      </h2>
      {subject.length > 0 && (
        <dl class="subject">
          {subject.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd title={value}>{value.startsWith("0x") ? shortened(value) : value}</dd>
            </div>
          ))}
        </dl>
      )}
      <Outcome run={run} />
      {checks.length > 0 && (
        <ol class="lines" aria-label="What was checked">
          {checks.map((check) => (
            <Line key={check.name} check={check} />
          ))}
        </ol>
      )}
    </section>
  );
}

/**
 * How far it is, and what the whole comes to. A doubt interrupts a screen reader; good news waits its turn,
 * in a region that was there before, or it would not be read at all. The proofs that fly by are for the eye.
 */
function Outcome({ run }: { readonly run: Run }): JSX.Element {
  const { state, ok, proof } = run;
  return (
    <>
      <div role="status">
        {state === "running" && <p class="sr">Checking…</p>}
        {state === "ended" && ok === true && <Clear run={run} />}
      </div>
      {state === "running" && (
        <div class="progress">
          <progress max={proof?.total ?? 1} value={proof?.done} aria-label="Proofs checked" />
          <p class="quiet" aria-hidden="true">
            {proof === undefined
              ? "Checking…"
              : `Checking ${proof.name}, ${proof.done + 1} of ${proof.total} proofs`}
          </p>
        </div>
      )}
      {(state === "unreadable" || ok === false) && <Doubtful run={run} />}
    </>
  );
}

function Clear({ run }: { readonly run: Run }): JSX.Element {
  const { checks, insecure, milliseconds = 0 } = run;
  const seen = checks.filter(({ mark }) => mark !== "○").length;
  return (
    <div class="verdict good">
      <strong>Nothing is in doubt.</strong>
      <p>
        {seen} lines checked in {seconds(milliseconds)}, on this computer alone.
        {insecure && " But these are development keys: whoever made them could have forged the proofs."}
      </p>
    </div>
  );
}

function Doubtful({ run }: { readonly run: Run }): JSX.Element {
  const { state, checks, message } = run;
  const doubts = checks.filter((check) => !check.ok).length;
  return (
    <div class="verdict bad" role="alert">
      {state === "unreadable" ? (
        <>
          <strong>This file cannot be read.</strong>
          <p>{message}</p>
        </>
      ) : (
        <>
          <strong>Not verified: do not rely on this file.</strong>
          <p>
            {doubts} of {checks.length} lines {doubts === 1 ? "is" : "are"} in doubt.
          </p>
        </>
      )}
    </div>
  );
}

function Line({ check }: { readonly check: MarkedCheck }): JSX.Element {
  const { name, assurance, ok, detail, mark } = check;
  // A line that says who can check something, for this file does not hold what it takes.
  const others = mark === "○";
  return (
    <li class={ok ? "line" : "line doubt"}>
      <span class={others ? "tick none" : "tick"} aria-hidden="true">
        {mark}
      </span>
      <div>
        <p class="line-head">
          <strong>{name}</strong> <Mark of={assurance} />
          {!ok && <span class="in-doubt">in doubt</span>}
          {others && <span class="quiet small">not in this file</span>}
        </p>
        <p class="detail">{detail}</p>
      </div>
    </li>
  );
}

function seconds(milliseconds: number): string {
  return milliseconds < 1_000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1_000).toFixed(1)} s`;
}
