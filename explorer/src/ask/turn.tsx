/** A question, its answer, who is credited, and the receipt. */
import type { JSX } from "preact";
import type { ExplanationView, ModelSummary, PaidAnswer, TokenView } from "../../../pipeline/browser.ts";
import { href } from "../router.ts";
import { Mark } from "../ui/assurance.tsx";
import { Content, figure, scoreText } from "../ui/explained.tsx";
import { Said } from "../ui/said.tsx";
import { Amount, Contributor, Facts, Hash, percent, Time, whole } from "../ui/values.tsx";

/** One question and what has come of it so far. */
export type Turn = {
  readonly id: number;
  readonly question: string;
  /** A picture's pixels in base64, where one was asked about. */
  readonly picture?: string;
  readonly answer?: PaidAnswer;
  readonly explanation?: ExplanationView;
  readonly failed?: string;
  /** What the service says is owed, where the books of this browser know less. */
  readonly owed?: bigint;
};

/** Draws a turn. `goOn` is there where counting on may help. */
export function TurnView(of: {
  readonly turn: Turn;
  readonly model: ModelSummary;
  readonly goOn: (turn: Turn) => void;
}): JSX.Element {
  const { turn, model, goOn } = of;
  const { content } = model;
  return (
    <>
      <div class="asked">
        <span class="sr">You asked: </span>
        {turn.picture !== undefined && content.kind === "picture" ? (
          <Content of={{ ...content, pixels: turn.picture }} what="your drawing" />
        ) : (
          turn.question
        )}
      </div>
      <div class="answered">
        {turn.failed !== undefined && (
          <div class="failed" role="alert">
            <p>{turn.failed}</p>
            {turn.owed !== undefined && (
              <button type="button" class="plain" onClick={() => goOn(turn)}>
                This payer bought elsewhere too: count on from there, and ask again
              </button>
            )}
          </div>
        )}
        {turn.failed === undefined && turn.answer === undefined && <p class="loading">Paying and asking…</p>}
        {turn.answer !== undefined && <Answered turn={turn} answer={turn.answer} token={model.price.token} />}
      </div>
    </>
  );
}

function Answered(of: {
  readonly turn: Turn;
  readonly answer: PaidAnswer;
  readonly token: TokenView;
}): JSX.Element {
  const { turn, answer, token } = of;
  const { explanation, failed } = turn;
  return (
    <>
      <p class="answer-name">
        <span class="sr">Answer: </span>
        <strong>{answer.answerName.replaceAll("_", " ")}</strong> <Mark of="attested" />
      </p>
      {explanation === undefined ? (
        failed === undefined && <p class="quiet">Looking at who taught it…</p>
      ) : (
        <Credited explanation={explanation} />
      )}
      <ReceiptSlip answer={answer} token={token} />
    </>
  );
}

const SHOWN = 4;

/** The contributors of one answer in a line each, the first few. */
function Credited({ explanation }: { readonly explanation: ExplanationView }): JSX.Element {
  const helped = explanation.contributors.filter(({ share }) => share > 0);
  const [best] = explanation.helped;
  return (
    <div class="credited">
      <p class="note">
        Score {scoreText(explanation)}.{" "}
        {helped.length > 0 ? "Credited to" : "Nobody's data moved this answer, so nobody is credited for it."}{" "}
        <Mark of={explanation.words.influence} />
      </p>
      <ul>
        {helped.slice(0, SHOWN).map(({ address, name, share }) => (
          <li key={address}>
            <Contributor address={address} name={name} />
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
              <rect class="bar positive" width={share * 100} height="10" />
            </svg>
            <span class="num">{percent(share)}</span>
          </li>
        ))}
      </ul>
      {helped.length > SHOWN && <p class="note">and {whole(helped.length - SHOWN)} more</p>}
      {best !== undefined && (
        <p class="note">
          Helped most ({figure(best.influence)}):{" "}
          {best.content?.kind === "text" ? <q>{best.content.text}</q> : <>a sample labelled “{best.label}”</>}{" "}
          by {best.contributor}
        </p>
      )}
      <p class="note">
        <a href={href("/explain", { request: explanation.requestId })}>
          What taught this answer, sample by sample
        </a>
      </p>
    </div>
  );
}

function ReceiptSlip(of: { readonly answer: PaidAnswer; readonly token: TokenView }): JSX.Element {
  const { answer, token } = of;
  const { receipt } = answer;
  return (
    <details class="receipt-slip">
      <summary>
        Receipt · paid <Amount wei={String(answer.price)} token={token} /> · checked by this page
      </summary>
      <Facts
        of={[
          [
            "Signed by the operator",
            <Said key="s" word="attested">
              <Hash of={receipt.operator} />
            </Said>,
          ],
          ["Request", <Hash key="r" of={receipt.requestId} />],
          ["Commits to question and answer", <Hash key="l" of={String(receipt.leaf)} />],
          [
            "In epoch",
            <a key="e" href={href(`/models/${receipt.modelId}/epochs/${receipt.epoch}`)}>
              Epoch {receipt.epoch}
            </a>,
          ],
          ["On chain by", <Time key="d" at={receipt.dueBy} />],
        ]}
      />
      <p class="note">
        When its epoch is settled, the answer is <Mark of="proven" /> to be the committed model's. If the
        receipt is missing there, it costs the operator's bond.
      </p>
    </details>
  );
}
