/**
 * Ask the model: a question, its answer, who is credited for it, and the receipt. Each answer is paid with a
 * voucher: from the reader's own wallet, or, where the chain is the operator's own, from a throw-away wallet
 * with play money.
 *
 * The page buys as any agent does: it keeps books, and checks every receipt by itself before it shows the
 * answer.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { AgentOwedError, type ModelSummary } from "../../../pipeline/browser.ts";
import { Credits } from "../ask/credits.tsx";
import { costOf, useTill } from "../ask/till.ts";
import { type Turn, TurnView } from "../ask/turn.tsx";
import { api, useData } from "../data.ts";
import { byKey, explain } from "../explanation.ts";
import { remember } from "../purchases.ts";
import { Await } from "../ui/await.tsx";
import { DrawingPad } from "../ui/drawing-pad.tsx";
import { Page } from "../ui/page.tsx";
import { Amount } from "../ui/values.tsx";
import type { Payer } from "../wallet/payer.ts";
import { Purse } from "../wallet/purse.tsx";

/** The page. */
export function AskPage(): JSX.Element {
  return (
    <Await of={useData(api.models())}>
      {(models) => {
        const model = models.find(({ current }) => current);
        if (model !== undefined) return <Ask model={model} />;
        return (
          <Page title="Ask">
            <p>No model has been committed yet, so there is nobody to ask.</p>
          </Page>
        );
      }}
    </Await>
  );
}

/** A text, or a picture's pixels. */
type Question = string | Uint8Array;

function Ask({ model }: { readonly model: ModelSummary }): JSX.Element {
  const [payer, setPayer] = useState<Payer>();
  const [turns, setTurns] = useState<readonly (Turn & { readonly of: Question })[]>([]);
  const [left, setLeft] = useState<bigint>();
  const [busy, setBusy] = useState(false);
  const till = useTill(model);
  const { content } = model;
  const ask = async (question: Question, by: Payer): Promise<void> => {
    const id = Date.now();
    const change = (more: Partial<Turn>): void =>
      setTurns((before) => before.map((turn) => (turn.id === id ? { ...turn, ...more } : turn)));
    const text = typeof question === "string" ? question : "a drawing";
    const picture = typeof question === "string" ? {} : { picture: base64Of(question) };
    setTurns((before) => [...before, { id, of: question, question: text, ...picture }]);
    setBusy(true);
    try {
      const answer = await till.buy(by, question);
      remember(text, answer);
      change({ answer });
      setLeft(await till.left(by));
      change({ explanation: await explain(answer.receipt.requestId, byKey(answer.key)) });
    } catch (error) {
      const { message } = error as Error;
      change({ failed: message, ...(error instanceof AgentOwedError ? { owed: error.claimed } : {}) });
    } finally {
      setBusy(false);
    }
  };
  const goOn = (turn: Turn): void => {
    const asked = turns.find(({ id }) => id === turn.id);
    if (turn.owed === undefined || payer === undefined || asked === undefined) return;
    till.goOnFrom(turn.owed - costOf(model));
    setTurns((before) => before.filter(({ id }) => id !== turn.id));
    void ask(asked.of, payer);
  };
  const changePayer = (next: Payer): void => {
    setPayer(next);
    till.left(next).then(setLeft, () => setLeft(undefined));
  };
  return (
    <Page
      title="Ask"
      heading={
        <>
          Ask <em>{model.name}</em>
        </>
      }
      lead={
        content.kind === "text"
          ? `Type what a customer might write. The model says which of ${model.classes} intents it is, and pays the people whose texts taught it so.`
          : "Draw what the model knows. It says what it sees, and pays the people whose data taught it so."
      }
    >
      <div class="ask">
        <div class="talk">
          <ol class="turns" aria-live="polite" aria-label="Questions and answers">
            {turns.map((turn) => (
              <li key={turn.id}>
                <TurnView turn={turn} model={model} goOn={goOn} />
              </li>
            ))}
          </ol>
          {payer === undefined ? (
            <Purse model={model} till={till} ready={changePayer} />
          ) : (
            <>
              {content.kind === "text" && <Composer busy={busy} ask={(text) => void ask(text, payer)} />}
              {content.kind === "picture" && (
                <DrawingPad {...content} busy={busy} ask={(pixels) => void ask(pixels, payer)} />
              )}
              {content.kind === "bytes" && (
                <p class="aside">
                  This model reads bytes that no page can make. Ask it with a program:{" "}
                  <code>npx quittance ask --help</code>
                </p>
              )}
              <p class="note">
                An answer costs <Amount wei={String(costOf(model))} token={model.price.token} />
                {payer.kind === "play" ? " of play money" : ""}, paid by a signature of{" "}
                <code>{payer.address}</code>.{" "}
                {left !== undefined && (
                  <>
                    Left of the deposit: <Amount wei={String(left)} token={model.price.token} />.
                  </>
                )}
                {left !== undefined && left < costOf(model) && (
                  <>
                    {" "}
                    <button type="button" class="plain small" onClick={() => setPayer(undefined)}>
                      Deposit more
                    </button>
                  </>
                )}
              </p>
            </>
          )}
        </div>
        <Credits turns={turns} />
      </div>
    </Page>
  );
}

function Composer(of: { readonly busy: boolean; readonly ask: (text: string) => void }): JSX.Element {
  const { busy, ask } = of;
  const [text, setText] = useState("");
  const send = (): void => {
    if (text.trim() === "" || busy) return;
    ask(text.trim());
    setText("");
  };
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="field wide">
        <span>Your question</span>
        <textarea
          rows={2}
          value={text}
          maxLength={2_000}
          placeholder="For example: My card has not arrived yet"
          onInput={({ currentTarget }) => setText(currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
      </label>
      <button type="submit" disabled={busy || text.trim() === ""}>
        Ask
      </button>
    </form>
  );
}

function base64Of(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
