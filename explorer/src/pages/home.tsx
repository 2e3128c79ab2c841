/** The first page: what this place is about, its models, and the way to check everything oneself. */
import type { JSX } from "preact";
import type { ContributorSummary, ModelSummary, TokenView } from "../../../pipeline/browser.ts";
import { DivergingBars } from "../charts/bars.tsx";
import { api, useData } from "../data.ts";
import { href } from "../router.ts";
import { Legend, Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Amount, percent, whole } from "../ui/values.tsx";

/** The overview. */
export function HomePage(): JSX.Element {
  const models = useData(api.models());
  return (
    <Page
      title="Overview"
      heading={
        <>
          Who taught the model, <em>and who was paid</em>
        </>
      }
      lead="Each time a model is used, the people whose data taught it are paid, and proofs show that it paid the right ones. Look at it here, or check it yourself."
    >
      <Await of={models}>
        {(list) => (
          <div class="home-charts">
            <ul class="cards">
              {list.map((model) => (
                <li key={model.id}>
                  <ModelCard model={model} />
                </li>
              ))}
              {list.length === 0 && <li class="quiet">No model has been committed yet.</li>}
            </ul>
            <Paid />
          </div>
        )}
      </Await>
      <Section
        title="Do not believe this page"
        lead="An epoch's bundle holds every proof and every signature. Drop one on the next page, and your browser checks it line by line, without asking anybody."
      >
        <p>
          <a class="button" href={href("/verify")}>
            Verify this yourself
          </a>
        </p>
      </Section>
      <Section title="What the words mean" lead="Each statement on these pages carries one of five.">
        <Legend />
      </Section>
    </Page>
  );
}

/** Who has earned how much, over all models. */
function Paid(): JSX.Element {
  const people = useData(api.contributors());
  return (
    <Await of={people}>
      {(list) => {
        const token = list.flatMap(({ totals }) => totals)[0]?.token;
        const rows = list
          .map((one) => ({ ...one, earned: earnedOf(one, token) }))
          .sort((a, b) => Number(b.earned - a.earned));
        const all = rows.reduce((sum, { earned }) => sum + earned, 0n);
        const share = (wei: bigint): number =>
          all === 0n ? 0 : Number((wei * 1_000_000n) / all) / 1_000_000;
        if (token === undefined) return <></>;
        return (
          <DivergingBars
            title="Earned so far"
            about={
              <>
                <Amount wei={String(all)} token={token} />, by what each one's data did for the answers.{" "}
                <Mark of="proven" />
              </>
            }
            empty="Nothing is earned before the first epoch is settled."
            bars={(all === 0n ? [] : rows).map(({ address, name, samples, earned }) => ({
              key: address,
              name: name ?? address,
              href: href(`/contributors/${address}`),
              value: share(earned),
              text: percent(share(earned)),
              note: (
                <>
                  earned <Amount wei={String(earned)} token={token} /> with {whole(samples)} samples
                </>
              ),
            }))}
          />
        );
      }}
    </Await>
  );
}

function earnedOf({ totals }: ContributorSummary, token: TokenView | undefined): bigint {
  return BigInt(totals.find((one) => one.token.address === token?.address)?.earnedWei ?? 0);
}

function ModelCard({ model }: { readonly model: ModelSummary }): JSX.Element {
  const { token } = model.price;
  const answers = model.epochs.reduce((sum, epoch) => sum + epoch.answers, 0);
  const paid = model.epochs.reduce((sum, epoch) => sum + BigInt(epoch.earningsWei ?? 0), 0n);
  return (
    <a class="card slip" href={href(`/models/${model.id}`)}>
      <h2>{model.name}</h2>
      <p class="quiet">
        {whole(model.contributors)} contributors, {whole(model.samples)} samples
        {model.current ? "" : " · superseded"}
      </p>
      <dl class="leaders">
        <div>
          <dt>answers</dt>
          <dd>{whole(answers)}</dd>
        </div>
        <div>
          <dt>paid out</dt>
          <dd>
            <Amount wei={String(paid)} token={token} />
          </dd>
        </div>
        {model.accuracy !== undefined && (
          <div>
            <dt>accuracy</dt>
            <dd>{percent(model.accuracy.share)}</dd>
          </div>
        )}
        <div>
          <dt>training</dt>
          <dd>
            <Mark of={model.words.training} />
          </dd>
        </div>
      </dl>
    </a>
  );
}
