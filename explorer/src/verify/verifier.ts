/**
 * The page's side of the checking: one worker for as long as the page is open, and what it has said so far.
 *
 * The worker is started, and has loaded all its code, before anything is checked; from then on the network
 * can be cut.
 */
import { useCallback, useEffect, useState } from "preact/hooks";
import type { MarkedCheck, Report, Request, Subject, Task } from "./messages.ts";

/** How far a run has come. */
export type Run = {
  readonly state: "running" | "ended" | "unreadable";
  readonly task: Task;
  readonly subject: Subject;
  /** Whether the keys are such that their maker could forge. */
  readonly insecure: boolean;
  readonly checks: readonly MarkedCheck[];
  readonly proof?: { readonly name: string; readonly done: number; readonly total: number };
  readonly ok?: boolean;
  readonly milliseconds?: number;
  /** Why the file could not be read. */
  readonly message?: string;
};

let worker: Worker | undefined;
let runs = 0;
const listeners = new Set<(report: Report) => void>();

function post(request: Request): void {
  if (worker === undefined) {
    worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Report>) => {
      for (const listener of listeners) listener(data);
    });
    worker.addEventListener("error", ({ message }) => {
      const report: Report = {
        run: runs,
        kind: "unreadable",
        message: `The checking thread failed (${message || "it could not be loaded"}). Load the page again.`,
      };
      for (const listener of listeners) listener(report);
    });
  }
  worker.postMessage(request);
}

/** What came of a report. */
function after(run: Run, report: Report): Run {
  switch (report.kind) {
    case "ready":
      return run;
    case "subject":
      return { ...run, subject: report.subject, insecure: report.insecure };
    case "check":
      return { ...run, checks: [...run.checks, report.check] };
    case "proof": {
      const { name, done, total } = report;
      return { ...run, proof: { name, done, total } };
    }
    case "end": {
      const { proof: _, ...rest } = run;
      return { ...rest, state: "ended", ok: report.ok, milliseconds: report.milliseconds };
    }
    case "unreadable":
      return { ...run, state: "unreadable", message: report.message };
  }
}

/** The verifier of a page: whether it is ready, its newest run, and a way to start another. */
export function useVerifier(): {
  readonly ready: boolean;
  readonly run: Run | undefined;
  readonly check: (task: Task) => void;
  readonly clear: () => void;
} {
  const [ready, setReady] = useState(false);
  const [run, setRun] = useState<Run>();
  useEffect(() => {
    const listen = (report: Report): void => {
      if (report.kind === "ready") setReady(true);
      else if (report.run === runs) setRun((now) => (now === undefined ? now : after(now, report)));
    };
    listeners.add(listen);
    post({ run: 0, task: { kind: "warm" } });
    return () => {
      listeners.delete(listen);
    };
  }, []);
  const check = useCallback((task: Task) => {
    runs += 1;
    setRun({ state: "running", task, subject: [], insecure: false, checks: [] });
    post({ run: runs, task });
  }, []);
  const clear = useCallback(() => {
    runs += 1;
    setRun(undefined);
  }, []);
  return { ready, run, check, clear };
}
