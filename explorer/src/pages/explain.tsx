/**
 * "Explain this answer": its payer shows that it is the payer, with the key that the answer was bought with
 * or with the whole receipt, and sees what taught the answer. Nobody else is told, and nothing that is pasted
 * here is kept.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import {
  type ExplanationView,
  KEY_PATTERN,
  type ModelSummary,
  parseReceipt,
  requestIdOf,
} from "../../../pipeline/browser.ts";
import { api, useData } from "../data.ts";
import { byKey, bySalt, explain } from "../explanation.ts";
import { type Purchase, purchases } from "../purchases.ts";
import { href } from "../router.ts";
import type { PageProps } from "../routes.tsx";
import { Await } from "../ui/await.tsx";
import { Content, Explained, scoreText } from "../ui/explained.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Said } from "../ui/said.tsx";
import { Facts, Hash, Time } from "../ui/values.tsx";

/** The page. */
export function ExplainPage({ query }: PageProps): JSX.Element {
  return (
    <Page
      title="Explain an answer"
      lead="Paste the receipt of an answer that you bought, or the key that you bought it with. You see which people's data taught it, and which samples helped and hurt."
    >
      <Await of={useData(api.models())}>
        {(models) => <Explain models={models} request={query.get("request") ?? undefined} />}
      </Await>
    </Page>
  );
}

type State =
  | { readonly at: "idle" }
  | { readonly at: "asking" }
  | { readonly at: "failed"; readonly why: string }
  | { readonly at: "shown"; readonly explanation: ExplanationView };

function Explain(of: {
  readonly models: readonly ModelSummary[];
  readonly request: string | undefined;
}): JSX.Element {
  const { models, request } = of;
  const [text, setText] = useState("");
  const [state, setState] = useState<State>({ at: "idle" });
  const [bought] = useState(purchases);
  const show = async (work: () => Promise<ExplanationView>): Promise<void> => {
    setState({ at: "asking" });
    try {
      setState({ at: "shown", explanation: await work() });
    } catch (error) {
      setState({ at: "failed", why: (error as Error).message });
    }
  };
  const showBought = (purchase: Purchase): Promise<void> =>
    show(() => explain(purchase.requestId, byKey(purchase.key)));
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, for the answer that a link names
  useEffect(() => {
    const known = bought.find(({ requestId }) => requestId.toLowerCase() === request?.toLowerCase());
    if (known !== undefined) void showBought(known);
  }, [request]);
  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void show(() => fromText(text, models));
        }}
      >
        <label class="field wide">
          <span>Receipt (the file's text) or key</span>
          <textarea
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
            spellcheck={false}
            autocomplete="off"
            required
          />
        </label>
        <p class="actions">
          <button type="submit" disabled={state.at === "asking"}>
            Explain
          </button>
          <label class="button plain file">
            Choose a receipt file
            <input
              type="file"
              accept=".json,application/json"
              class="sr"
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                if (file === undefined) return;
                void file.text().then((read) => {
                  setText(read);
                  void show(() => fromText(read, models));
                });
              }}
            />
          </label>
        </p>
      </form>
      {bought.length > 0 && (
        <details class="bought" open={state.at === "idle"}>
          <summary>Answers that were bought in this browser</summary>
          <ul class="plain-list">
            {bought.slice(0, 20).map((purchase) => (
              <li key={purchase.requestId}>
                <button type="button" class="plain small" onClick={() => void showBought(purchase)}>
                  Explain
                </button>{" "}
                <strong>{purchase.answerName}</strong> <span class="quiet">{shortQuestion(purchase)}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      <div role="status">
        {state.at === "asking" && <p class="loading">Looking at every training sample…</p>}
        {state.at === "shown" && <span class="sr">The explanation is below.</span>}
      </div>
      {state.at === "failed" && (
        <p class="failed" role="alert">
          {state.why}
        </p>
      )}
      {state.at === "shown" && <Shown explanation={state.explanation} />}
    </>
  );
}

const shortQuestion = ({ question, at }: Purchase): JSX.Element => (
  <>
    {question.length > 80 ? `${question.slice(0, 79)}…` : question} · <Time at={at} />
  </>
);

function Shown({ explanation }: { readonly explanation: ExplanationView }): JSX.Element {
  const { words, question } = explanation;
  return (
    <Section title={`Answer: ${explanation.answerName}`}>
      {question !== undefined && (
        <div class="question-shown">
          <Content of={question} what="the question" />
        </div>
      )}
      <Facts
        of={[
          [
            "Answer",
            <Said key="a" word={words.answer}>
              {explanation.answerName}
            </Said>,
          ],
          [
            "Score",
            <Said key="s" word="reproducible">
              {scoreText(explanation)}
            </Said>,
          ],
          [
            "Request",
            <Said key="r" word={words.receipt}>
              <Hash of={explanation.requestId} />
            </Said>,
          ],
          [
            "Epoch",
            <a key="e" href={href(`/models/${explanation.model}/epochs/${explanation.epoch}`)}>
              Epoch {explanation.epoch}
            </a>,
          ],
          [
            "Training",
            <Said key="t" word={words.training}>
              {words.training === "proven"
                ? "exactly these batches, and nothing but them, made the model"
                : "that these batches made the model is shown once its first epoch is settled"}
            </Said>,
          ],
        ]}
      />
      <Explained of={explanation} />
    </Section>
  );
}

/** From what was pasted to the explanation. Throws errors whose messages say what to do. */
async function fromText(text: string, models: readonly ModelSummary[]): Promise<ExplanationView> {
  const given = text.trim();
  if (KEY_PATTERN.test(given)) return byAnyModel(given, models);
  if (!given.startsWith("{"))
    throw new Error(
      "This is neither a receipt nor a key. Paste the whole text of the receipt's file, or the idempotency key (16 to 128 letters, digits, _ and -).",
    );
  const { receipt } = unwrapped(given);
  const read = parseReceipt(receipt, "What you pasted");
  return explain(read.requestId, bySalt(read.opening.salt));
}

/** A receipt may come as the service's whole answer. */
function unwrapped(text: string): { readonly receipt: string } {
  try {
    const json = JSON.parse(text) as { readonly receipt?: unknown };
    return { receipt: typeof json.receipt === "object" ? JSON.stringify(json.receipt) : text };
  } catch {
    return { receipt: text };
  }
}

async function byAnyModel(key: string, models: readonly ModelSummary[]): Promise<ExplanationView> {
  let last: unknown;
  for (const { id } of models) {
    try {
      return await explain(requestIdOf(id, key), byKey(key));
    } catch (error) {
      last = error;
      if ((error as { status?: number }).status !== 404) throw error;
    }
  }
  throw last ?? new Error("There is no model here, so nothing was answered.");
}
