/**
 * A contributor's own page: what it brought, what came of it, what it is owed, and the button that claims it.
 */
import type { JSX } from "preact";
import type { ContributorModelView, ContributorView } from "../../../pipeline/browser.ts";
import { Columns } from "../charts/columns.tsx";
import { api, useData } from "../data.ts";
import { href } from "../router.ts";
import type { PageProps } from "../routes.tsx";
import { Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Crumbs, Said } from "../ui/said.tsx";
import { Table } from "../ui/table.tsx";
import { Amount, decimalOf, Facts, Hash, percent, rounded, Time, whole } from "../ui/values.tsx";
import { Claim } from "../wallet/claim.tsx";
import { batchState } from "./datanets.tsx";

/** The page. */
export function ContributorPage({ params }: PageProps): JSX.Element {
  const loaded = useData(api.contributor(params["address"] ?? ""));
  const again = loaded.state === "loading" ? () => {} : loaded.again;
  return <Await of={loaded}>{(contributor) => <Contributor of={contributor} again={again} />}</Await>;
}

function Contributor(of: { readonly of: ContributorView; readonly again: () => void }): JSX.Element {
  const { of: contributor, again } = of;
  const { words } = contributor;
  const samples = contributor.datanets.reduce((sum, one) => sum + one.samples, 0);
  const batches = contributor.datanets.flatMap((datanet) =>
    datanet.batches.map((batch) => ({ ...batch, datanet })),
  );
  return (
    <Page
      title={contributor.name ?? "Contributor"}
      kind={<Crumbs of={[["Contributors", "/contributors"]]} />}
      lead={`Brought ${whole(samples)} samples in ${whole(batches.length)} signed ${batches.length === 1 ? "batch" : "batches"}, and is paid each time a model that learned from them gives an answer that they helped.`}
    >
      <p>
        <Hash of={contributor.address} />
      </p>
      {contributor.models.map((model) => (
        <Earnings key={model.model} model={model} contributor={contributor} again={again} />
      ))}
      {contributor.models.length === 0 && (
        <p class="aside">No model has learned from these batches yet, so nothing is earned.</p>
      )}
      <Section title="Batches">
        <Table
          caption={
            <>
              Signed by this contributor <Mark of={words.batches} />
            </>
          }
          rows={batches}
          keyOf={({ id }) => id}
          columns={[
            { head: "Batch", cell: ({ id }) => id },
            {
              head: "Datanet",
              cell: ({ datanet }) => (
                <a href={href(`/datanets/${datanet.id}`)}>{datanet.name ?? `number ${datanet.id}`}</a>
              ),
            },
            { head: "Samples", cell: (batch) => whole(batch.samples), number: true },
            { head: "State", cell: batchState },
            { head: "Signed root", cell: ({ root }) => <Hash of={root} /> },
            { head: "Recorded", cell: ({ contributedAt }) => <Time at={contributedAt} /> },
          ]}
        />
      </Section>
    </Page>
  );
}

function Earnings(of: {
  readonly model: ContributorModelView;
  readonly contributor: ContributorView;
  readonly again: () => void;
}): JSX.Element {
  const { model, contributor, again } = of;
  const { token } = model;
  const { words } = contributor;
  const at = (number: number): string => href(`/models/${model.model}/epochs/${number}`);
  return (
    <Section
      title={
        <>
          With model <a href={href(`/models/${model.model}`)}>{model.modelName}</a>
        </>
      }
    >
      <div class="split">
        <Facts
          of={[
            [
              "Earned in all",
              <Said key="e" word={words.earned}>
                <Amount wei={model.earnedWei} token={token} />
              </Said>,
            ],
            [
              "Claimed already",
              <Said key="c" word={words.claimed}>
                <Amount wei={model.claimedWei} token={token} />
              </Said>,
            ],
            [
              "Share of the samples",
              <Said key="s" word={words.samples}>
                {percent(model.share)}, {whole(model.samples)} samples
              </Said>,
            ],
          ]}
        />
        <Claim
          account={contributor.address}
          owedWei={model.owedWei}
          token={token}
          claim={model.claim}
          paid={again}
        />
      </div>
      {model.epochs.length > 0 && (
        <Columns
          title="Paid, epoch by epoch"
          about={
            <>
              What this contributor's data did for each epoch's answers. <Mark of={words.earned} />
            </>
          }
          columns={model.epochs.map(({ number, payoutWei, share }) => ({
            key: String(number),
            href: at(number),
            value: Number(payoutWei),
            name: String(number),
            label: `Epoch ${number}: ${rounded(decimalOf(BigInt(payoutWei), token.decimals))} ${token.symbol}, ${percent(share)}`,
          }))}
        />
      )}
      <Table
        caption={
          <>
            Settled epochs <Mark of={words.earned} />
          </>
        }
        rows={[...model.epochs].reverse()}
        keyOf={({ number }) => number}
        empty="No epoch is settled yet."
        columns={[
          { head: "Epoch", cell: ({ number }) => <a href={at(number)}>Epoch {number}</a> },
          { head: "Settled", cell: ({ settledAt }) => <Time at={settledAt} /> },
          { head: "Payout", cell: ({ payoutWei }) => <Amount wei={payoutWei} token={token} />, number: true },
          { head: "Share", cell: ({ share }) => percent(share), number: true },
        ]}
      />
      {model.claims.length > 0 && (
        <Table
          caption={
            <>
              Claims <Mark of={words.claimed} />
            </>
          }
          rows={model.claims}
          keyOf={({ transaction }) => transaction}
          columns={[
            { head: "When", cell: (claim) => <Time at={claim.at} /> },
            { head: "Transaction", cell: ({ transaction }) => <Hash of={transaction} /> },
            { head: "Paid", cell: ({ wei }) => <Amount wei={wei} token={token} />, number: true },
          ]}
        />
      )}
    </Section>
  );
}
