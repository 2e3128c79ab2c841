/** A model: where it comes from, who taught it, what came of its epochs, and where all the money is. */
import type { JSX } from "preact";
import type { BooksView, EpochSummary, ModelView, TokenView } from "../../../pipeline/browser.ts";
import { DivergingBars } from "../charts/bars.tsx";
import { Lineage } from "../charts/lineage.tsx";
import { PartsBar, type Piece } from "../charts/parts.tsx";
import { api, useConfig, useData } from "../data.ts";
import { href } from "../router.ts";
import type { PageProps } from "../routes.tsx";
import { Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { DueBy } from "../ui/due.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Crumbs, Said } from "../ui/said.tsx";
import { Table } from "../ui/table.tsx";
import { Amount, Contributor, Facts, Hash, percent, Time, whole } from "../ui/values.tsx";

/** The page. */
export function ModelPage({ params }: PageProps): JSX.Element {
  const loaded = useData(api.model(params["id"] ?? ""));
  return <Await of={loaded}>{(model) => <Model model={model} />}</Await>;
}

const TRAINING: Readonly<Record<ModelView["training"], string>> = {
  proven: "exactly these batches made it, and nothing but them",
  proving: "some of the proofs are posted, not all",
  committed: "the batches are committed to; the proof comes with the first settlement",
  none: "registered as unproven: that its data made it is only claimed",
};

function Model({ model }: { readonly model: ModelView }): JSX.Element {
  const { mode } = useConfig();
  const { words } = model;
  const kinds = { text: "questions in words", picture: "pictures", bytes: "bytes" } as const;
  return (
    <Page
      title={model.name}
      kind={<Crumbs of={[["Overview", "/"]]} />}
      heading={
        <>
          {model.name} <small>model</small>
        </>
      }
      lead={`Answers ${kinds[model.content.kind]} with one of ${whole(model.classes)} classes. ${whole(model.contributors.length)} people taught it with ${whole(model.samples)} samples, and each answer pays them.`}
    >
      {!model.current && (
        <p class="aside">
          This model answers no more.{" "}
          {model.lineage.children[0] !== undefined && (
            <a href={href(`/models/${model.lineage.children[0].id}`)}>One was made from it</a>
          )}
        </p>
      )}
      {model.current && mode === "live" && (
        <p>
          <a class="button" href={href("/ask")}>
            Ask it something
          </a>
        </p>
      )}
      <Section
        title="Where it comes from"
        lead="From left to right flow data: batches that contributors signed, the model they made, the answers it gave. Back flows the money. Stronger ribbons earned more."
      >
        <Lineage model={model} />
        <Facts
          of={[
            [
              "Batches",
              <Said key="b" word={words.batches}>
                {whole(model.contributors.reduce((sum, one) => sum + one.batches.length, 0))} signed batches
                of datanet{" "}
                <a href={href(`/datanets/${model.datanet}`)}>{model.lineage.datanet.name ?? model.datanet}</a>
                , version {model.datanetVersion}
              </Said>,
            ],
            [
              "Training",
              <Said key="t" word={words.training}>
                {TRAINING[model.training]}
              </Said>,
            ],
            ...(model.lineage.ancestors[0] === undefined
              ? []
              : [
                  [
                    "Made from",
                    <Said key="a" word={words.lineage}>
                      <Hash
                        of={model.lineage.ancestors[0].id}
                        href={href(`/models/${model.lineage.ancestors[0].id}`)}
                      />{" "}
                      without {whole(model.lineage.ancestors[0].contributors - model.contributors.length)} of
                      its contributors
                    </Said>,
                  ] as const,
                ]),
            [
              "Answers",
              <Said key="w" word={words.answers}>
                signed with every receipt, proven when their epoch is settled
              </Said>,
            ],
            ...(model.accuracy === undefined
              ? []
              : [
                  [
                    "Right answers",
                    <Said key="r" word={words.accuracy}>
                      {percent(model.accuracy.share)} of {whole(model.accuracy.samples)} samples that nobody
                      contributed
                    </Said>,
                  ] as const,
                ]),
            [
              "Price of an answer",
              <Said key="p" word={words.price}>
                {model.price.feeUnits === undefined ? (
                  <>
                    <Amount wei={model.price.feeUnitWei} token={model.price.token} /> for a fee unit
                  </>
                ) : (
                  <Amount
                    wei={String(BigInt(model.price.feeUnits) * BigInt(model.price.feeUnitWei))}
                    token={model.price.token}
                  />
                )}
              </Said>,
            ],
          ]}
        />
      </Section>
      <Section title="Epochs" lead="Answers are proven and shared out together, an epoch at a time.">
        <EpochTable model={model} />
        <FirstDue model={model} />
      </Section>
      <Section title="Contributors">
        <EarnedBars model={model} />
      </Section>
      <Section
        title="Where the money is"
        lead="Everything that payers ever deposited for this model, by what it is now."
      >
        <Books books={model.books} token={model.price.token} />
        <p>
          The pieces add up to the deposits, to the last unit: the contract keeps it so.{" "}
          <Mark of={words.books} />
        </p>
      </Section>
      <Section title="For those who check">
        <Facts
          of={[
            [
              "Model",
              <Said key="i" word={words.identity}>
                <Hash of={model.id} />
              </Said>,
            ],
            [
              "Operator",
              <Said key="o" word={words.identity}>
                <Hash of={model.operator} />
              </Said>,
            ],
            [
              "Backbone",
              <Said key="f" word={words.features}>
                <Hash of={model.backbone} /> makes {model.features} features of each content
              </Said>,
            ],
            [
              "Weights, committed",
              <Said key="W" word={words.identity}>
                <Hash of={model.commitW} />
              </Said>,
            ],
            [
              "Gram matrix, committed",
              <Said key="A" word={words.identity}>
                <Hash of={model.commitA} />
              </Said>,
            ],
            [
              "Weights are off by at most",
              <Said key="e" word={words.weightErrorBound}>
                {model.weightErrorBound.toExponential(1)}
              </Said>,
            ],
            [
              "Committed",
              <Said key="c" word={words.transactions}>
                <Time at={model.committedAt} />
              </Said>,
            ],
          ]}
        />
        <Table
          caption={
            <>
              Transactions <Mark of={words.transactions} />
            </>
          }
          rows={model.transactions}
          keyOf={({ hash, what }) => `${hash}${what}`}
          columns={[
            { head: "What", cell: ({ what }) => what },
            { head: "Transaction", cell: ({ hash }) => <Hash of={hash} /> },
            { head: "When", cell: ({ at }) => <Time at={at} /> },
            { head: "Gas", cell: ({ gas }) => whole(gas), number: true },
          ]}
        />
      </Section>
    </Page>
  );
}

/** What the states of an epoch mean. */
export const EPOCH_STATE: Readonly<Record<EpochSummary["state"], string>> = {
  open: "takes answers",
  sealed: "closed, not on chain yet",
  committed: "charged, waits for proofs",
  settled: "proven and paid",
  expired: "never proven: payers have their fees back",
};

function EpochTable({ model }: { readonly model: ModelView }): JSX.Element {
  const { token } = model.price;
  const amount = (wei: string | undefined): JSX.Element =>
    wei === undefined ? <span class="quiet">–</span> : <Amount wei={wei} token={token} />;
  return (
    <Table
      caption="Epochs, the newest first"
      rows={[...model.epochs].reverse()}
      keyOf={({ number }) => number}
      columns={[
        {
          head: "Epoch",
          cell: ({ number }) => <a href={href(`/models/${model.id}/epochs/${number}`)}>Epoch {number}</a>,
        },
        {
          head: "State",
          cell: ({ state }) => (
            <Said word={state === "settled" ? "proven" : "open"}>{EPOCH_STATE[state]}</Said>
          ),
        },
        { head: "Answers", cell: ({ answers }) => whole(answers), number: true },
        { head: "Fees", cell: ({ feesWei }) => amount(feesWei), number: true },
        { head: "To contributors", cell: ({ earningsWei }) => amount(earningsWei), number: true },
      ]}
    />
  );
}

/** Of the epochs that are not on chain, the one that must be there first. */
function FirstDue({ model }: { readonly model: ModelView }): JSX.Element {
  const [first] = model.epochs
    .flatMap(({ number, dueBy }) => (dueBy === undefined ? [] : [{ number, dueBy }]))
    .sort((a, b) => a.dueBy - b.dueBy);
  if (first === undefined) return <></>;
  return (
    <ul class="claims">
      <li>
        <DueBy name={`epoch ${first.number}`} dueBy={first.dueBy} word={model.words.due} />
      </li>
    </ul>
  );
}

function EarnedBars({ model }: { readonly model: ModelView }): JSX.Element {
  const { token } = model.price;
  const all = model.contributors.reduce((sum, { earnedWei }) => sum + BigInt(earnedWei), 0n);
  const shareOf = (wei: string): number =>
    all === 0n ? 0 : Number((BigInt(wei) * 1_000_000n) / all) / 1_000_000;
  const sorted = [...model.contributors].sort((a, b) => shareOf(b.earnedWei) - shareOf(a.earnedWei));
  return (
    <DivergingBars
      title="Earned so far"
      about={
        <>
          Paid for what helped, not for how much there is: share of all earnings of this model.{" "}
          <Mark of={model.words.earned} />
        </>
      }
      empty="Nothing is earned before the first epoch is settled."
      bars={(all === 0n ? [] : sorted).map((one) => ({
        key: one.address,
        name: one.name,
        href: href(`/contributors/${one.address}`),
        value: shareOf(one.earnedWei),
        text: percent(shareOf(one.earnedWei)),
        note: (
          <>
            earned <Amount wei={one.earnedWei} token={token} /> with {percent(one.share)} of the samples
          </>
        ),
      }))}
      table={
        <Table
          caption="Contributors of this model"
          rows={sorted}
          keyOf={({ address }) => address}
          columns={[
            { head: "Contributor", cell: (one) => <Contributor address={one.address} name={one.name} /> },
            { head: "Samples", cell: (one) => whole(one.samples), number: true },
            { head: "Batches", cell: (one) => whole(one.batches.length), number: true },
            { head: "Earned", cell: (one) => <Amount wei={one.earnedWei} token={token} />, number: true },
            { head: "Claimed", cell: (one) => <Amount wei={one.claimedWei} token={token} />, number: true },
          ]}
        />
      }
    />
  );
}

const BOOKS: readonly (readonly [keyof BooksView, string])[] = [
  ["claimedWei", "claimed by contributors"],
  ["owedWei", "owed to contributors"],
  ["sharedWei", "treasury, operator and validators"],
  ["poolWei", "charged, waits for its epoch"],
  ["unspentWei", "unspent deposits"],
  ["withdrawnWei", "withdrawn by payers"],
  ["carryWei", "carried over"],
];

function Books({ books, token }: { readonly books: BooksView; readonly token: TokenView }): JSX.Element {
  const all = BigInt(books.depositedWei);
  const pieces = BOOKS.flatMap(([key, name]): Piece[] => {
    const wei = BigInt(books[key]);
    if (wei === 0n) return [];
    const share = Number((wei * 1_000_000n) / all) / 1_000_000;
    return [{ key, name, share, text: <Amount wei={books[key]} token={token} /> }];
  });
  if (all === 0n) return <p class="quiet">Nobody has deposited anything yet.</p>;
  return (
    <PartsBar
      title="Deposits"
      about={
        <>
          <Amount wei={books.depositedWei} token={token} /> in all
        </>
      }
      pieces={pieces}
    />
  );
}
