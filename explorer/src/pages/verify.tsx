/**
 * "Verify this yourself": drop a bundle or a receipt, and this browser checks every line of it. Nothing is
 * sent anywhere; once the page is loaded, the network can be cut.
 *
 * `#/verify?model=ID&epoch=N` fetches that epoch's bundle from beside the page first.
 */
import type { JSX } from "preact";
import { useCallback, useEffect, useState } from "preact/hooks";
import { addressOf, api, ask, useConfig, useData } from "../data.ts";
import type { PageProps } from "../routes.tsx";
import { Legend } from "../ui/assurance.tsx";
import { DropZone } from "../ui/drop-zone.tsx";
import { Page, Section } from "../ui/page.tsx";
import { kindOf, readGiven } from "../verify/files.ts";
import { KeysInUse } from "../verify/keys.tsx";
import type { GivenFile } from "../verify/messages.ts";
import { RunView } from "../verify/run.tsx";
import { useVerifier } from "../verify/verifier.ts";

/** The page. */
export function VerifyPage({ query }: PageProps): JSX.Element {
  const config = useConfig();
  const published = useData(api.keys(config.profile));
  const { ready, run, check, clear } = useVerifier();
  const [problem, setProblem] = useState<string>();
  const [own, setOwn] = useState<{ readonly name: string; readonly json: unknown }>();
  const [subject, setSubject] = useState<GivenFile>();
  const [beside, setBeside] = useState<{ readonly content?: GivenFile; readonly bundle?: GivenFile }>({});
  const keys = own?.json ?? (published.state === "ready" ? published.value : undefined);

  const fail = useCallback(
    (message: string): void => {
      clear();
      setSubject(undefined);
      setProblem(message);
    },
    [clear],
  );

  const take = async (files: readonly File[]): Promise<void> => {
    setProblem(undefined);
    try {
      const given = await Promise.all(files.map(readGiven));
      const of = (kind: string): GivenFile | undefined => given.find((file) => kindOf(file) === kind);
      const [bundle, receipt, foreign, other] = [of("bundle"), of("receipt"), of("keys"), of("other")];
      if (foreign !== undefined) setOwn({ name: foreign.name, json: jsonOf(foreign) });
      if (receipt !== undefined) {
        setSubject(receipt);
        setBeside({
          ...(other === undefined ? {} : { content: other }),
          ...(bundle === undefined ? {} : { bundle }),
        });
      } else if (bundle !== undefined) setSubject(bundle);
      else if (other !== undefined) {
        fail(`${other.name} is neither an epoch bundle nor a receipt nor verifying keys. ${WHERE}`);
      }
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  };

  // What is to be checked follows from what was given, so a change of keys checks the same file again.
  useEffect(() => {
    if (subject === undefined) return;
    if (kindOf(subject) === "receipt") check({ kind: "receipt", file: subject, ...beside });
    else if (keys !== undefined) check({ kind: "bundle", file: subject, keys });
  }, [subject, beside, keys, check]);

  const [model, epoch] = [query.get("model"), query.get("epoch")];
  useEffect(() => {
    if (model === null || epoch === null) return;
    const name = `epoch-${epoch}.json`;
    ask(config, api.bundle(model, epoch)).then(
      (json) => setSubject({ name, bytes: new TextEncoder().encode(JSON.stringify(json)) }),
      (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
    );
  }, [config, model, epoch, fail]);

  const isReceipt = run?.task.kind === "receipt";
  return (
    <Page
      title="Verify this yourself"
      lead="Every proof, root, identity and signature of an epoch, checked here, in your browser, by the code that the command-line tool runs. No file leaves your computer."
    >
      <DropZone
        id="subject"
        label="Choose a bundle or a receipt"
        hint={
          <>
            or drop it here: <code>epoch-1.json</code> from an operator, or the receipt that you got with an
            answer
          </>
        }
        onFiles={(files) => void take(files)}
      />
      <p class="ready" role="status">
        {readyText(ready, keys !== undefined, published.state === "failed")}
      </p>
      <KeysInUse
        json={keys}
        address={addressOf(config, api.keys(config.profile))}
        own={own?.name}
        missing={published.state === "failed"}
        onReset={() => setOwn(undefined)}
      />
      {problem !== undefined && (
        <div class="verdict bad" role="alert">
          <strong>This file cannot be read.</strong>
          <p>{problem}</p>
        </div>
      )}
      {subject !== undefined && run === undefined && kindOf(subject) === "bundle" && keys === undefined && (
        <p class="failed" role="alert">
          There are no verifying keys here. Drop the keys file of the operator’s profile too.
        </p>
      )}
      {run !== undefined && <RunView run={run} />}
      {isReceipt && <ReceiptHelp beside={beside} onAdd={setBeside} />}
      <Section title="What the words mean">
        <Legend />
      </Section>
    </Page>
  );
}

function readyText(ready: boolean, keys: boolean, failed: boolean): string {
  if (ready && keys) return "Everything is loaded: from here on it works without a network.";
  return ready && failed ? "Loaded, but for verifying keys." : "Loading…";
}

const WHERE = "Take the file that “quittance settle” wrote, or the receipt of an answer.";

/** A receipt can be held against the content that was asked about, and against its epoch. */
function ReceiptHelp(of: {
  readonly beside: { readonly content?: GivenFile; readonly bundle?: GivenFile };
  readonly onAdd: (beside: { readonly content?: GivenFile; readonly bundle?: GivenFile }) => void;
}): JSX.Element {
  const { beside, onAdd } = of;
  const add = async (files: readonly File[]): Promise<void> => {
    const given = await Promise.all(files.map(readGiven));
    const bundle = given.find((file) => kindOf(file) === "bundle");
    const content = given.find((file) => kindOf(file) !== "bundle");
    onAdd({ ...beside, ...(bundle && { bundle }), ...(content && { content }) });
  };
  return (
    <Section
      title="Hold the receipt against more"
      lead="Add what you asked about, to see that the receipt is about it; or the epoch’s bundle, to see that it lists your receipt."
    >
      <DropZone
        id="beside"
        small
        label="Add a content or a bundle"
        hint={[beside.content?.name, beside.bundle?.name].filter(Boolean).join(", ") || "or drop it here"}
        onFiles={(files) => void add(files)}
      />
    </Section>
  );
}

function jsonOf(file: GivenFile): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(file.bytes));
  } catch {
    return undefined;
  }
}
