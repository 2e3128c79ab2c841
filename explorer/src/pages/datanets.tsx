/** Datanets: who may contribute on what terms, and who did. */
import type { JSX } from "preact";
import type { BatchView, DatanetContributorView, DatanetView } from "../../../pipeline/browser.ts";
import { DivergingBars } from "../charts/bars.tsx";
import { api, useData } from "../data.ts";
import { href } from "../router.ts";
import type { PageProps } from "../routes.tsx";
import { Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Crumbs, Said } from "../ui/said.tsx";
import { Table } from "../ui/table.tsx";
import { Contributor, Facts, Hash, percent, Time, whole } from "../ui/values.tsx";

/** All of them. */
export function DatanetsPage(): JSX.Element {
  return (
    <Page
      title="Data"
      lead="A datanet is where people contribute: under terms that never change, in batches that each of them signs. Models name the batches that they learned from."
    >
      <Await of={useData(api.datanets())}>
        {(list) => (
          <ul class="cards">
            {list.map((datanet) => (
              <li key={datanet.id}>
                <DatanetCard datanet={datanet} />
              </li>
            ))}
          </ul>
        )}
      </Await>
    </Page>
  );
}

function DatanetCard({ datanet }: { readonly datanet: DatanetView }): JSX.Element {
  return (
    <a class="card slip" href={href(`/datanets/${datanet.id}`)}>
      <h2>{datanet.name ?? `Datanet ${datanet.id}`}</h2>
      <p class="quiet">
        number {datanet.id}, {policyText(datanet)}
      </p>
      <dl class="leaders">
        <div>
          <dt>contributors</dt>
          <dd>{whole(datanet.contributors.length)}</dd>
        </div>
        <div>
          <dt>batches accepted</dt>
          <dd>{whole(datanet.accepted)}</dd>
        </div>
        <div>
          <dt>samples</dt>
          <dd>{whole(datanet.samples)}</dd>
        </div>
        <div>
          <dt>models that learned here</dt>
          <dd>{whole(datanet.models.length)}</dd>
        </div>
      </dl>
    </a>
  );
}

const POLICY: Readonly<Record<DatanetView["policy"], string>> = {
  open: "open to everybody",
  allowlist: "open to those whom its owner allows",
  owner: "its owner alone contributes",
};

const policyText = ({ policy }: DatanetView): string => POLICY[policy];

/** One of them. */
export function DatanetPage({ params }: PageProps): JSX.Element {
  const loaded = useData(api.datanet(params["id"] ?? ""));
  return <Await of={loaded}>{(datanet) => <Datanet datanet={datanet} />}</Await>;
}

function Datanet({ datanet }: { readonly datanet: DatanetView }): JSX.Element {
  const { words } = datanet;
  const name = datanet.name ?? `Datanet ${datanet.id}`;
  const batches = datanet.contributors.flatMap((one) => one.batches.map((batch) => ({ ...batch, by: one })));
  const withdrawn = batches.filter((batch) => batch.withdrawnAt !== undefined);
  return (
    <Page
      title={name}
      kind={<Crumbs of={[["Data", "/datanets"]]} />}
      lead={`${whole(datanet.contributors.length)} contributors signed ${whole(batches.length)} batches; ${whole(datanet.samples)} of their samples stand for models to learn from.`}
    >
      <Section
        title="Terms"
        lead="Fixed when it was created. Its owner can hand it on and allow further tokens; the rest nobody can change."
      >
        <Facts
          of={[
            [
              "Owner",
              <Said key="o" word={words.owner}>
                <Hash of={datanet.owner} />
              </Said>,
            ],
            [
              "Licence",
              <Said key="l" word={words.terms}>
                {datanet.licence === "" ? <span class="quiet">none is named</span> : datanet.licence}
              </Said>,
            ],
            [
              "Who may contribute",
              <Said key="p" word={words.terms}>
                {policyText(datanet)}
              </Said>,
            ],
            [
              "Verdicts",
              <Said key="v" word={datanet.validated ? words.verdicts : words.terms}>
                {datanet.validated
                  ? "each batch is judged by validators who stake on their verdict"
                  : "none are asked for"}
              </Said>,
            ],
            [
              "Description",
              <Said key="d" word={words.terms}>
                {datanet.metadataURI === "" ? <span class="quiet">no address</span> : datanet.metadataURI},
                hash <Hash of={datanet.metadataHash} />
              </Said>,
            ],
            [
              "Models may be paid in",
              <Said key="tokens" word={words.terms}>
                {datanet.tokens.map(({ symbol }) => symbol).join(", ")}
              </Said>,
            ],
            [
              "Created",
              <Said key="t" word={words.terms}>
                <Time at={datanet.createdAt} />
              </Said>,
            ],
            [
              "That contents are honest and original",
              <Said key="c" word={words.content}>
                copies of earlier contents are left out; the rest is for people to judge
              </Said>,
            ],
          ]}
        />
      </Section>
      <Section title="Contributors">
        <DivergingBars
          title="Samples that stand"
          about={
            <>
              Samples of batches that were accepted and not taken back. Each batch is signed by its
              contributor. <Mark of={words.batches} />
            </>
          }
          bars={[...datanet.contributors]
            .sort((a, b) => b.samples - a.samples)
            .map((one) => barOf(one, datanet))}
          table={<BatchTable batches={batches} />}
        />
        {withdrawn.length > 0 && (
          <p>
            {whole(withdrawn.length)} {withdrawn.length === 1 ? "batch was" : "batches were"} taken back:
            later models may not use {withdrawn.length === 1 ? "it" : "them"}. <Mark of={words.withdrawals} />
          </p>
        )}
      </Section>
      <Section
        title="Versions"
        lead="A version freezes what was accepted up to then; a model names the version that its batches stand in."
      >
        <Table
          caption="Published versions"
          rows={datanet.versions}
          keyOf={({ number }) => number}
          columns={[
            { head: "Version", cell: ({ number }) => number },
            { head: "Batches", cell: ({ accepted }) => whole(accepted), number: true },
            { head: "Published", cell: ({ publishedAt }) => <Time at={publishedAt} /> },
            {
              head: (
                <>
                  Hash of all <Mark of={words.versions} />
                </>
              ),
              cell: ({ head }) => <Hash of={head} />,
            },
          ]}
        />
      </Section>
      <Section title="Models that learned here">
        <ul class="plain-list">
          {datanet.models.map((id) => (
            <li key={id}>
              <Hash of={id} href={href(`/models/${id}`)} />
            </li>
          ))}
        </ul>
      </Section>
    </Page>
  );
}

function barOf(one: DatanetContributorView, datanet: DatanetView) {
  const share = datanet.samples === 0 ? 0 : one.samples / datanet.samples;
  const name = one.name ?? one.address;
  return {
    key: one.address,
    name,
    href: href(`/contributors/${one.address}`),
    value: one.samples,
    text: whole(one.samples),
    note: `${percent(share)} of all samples, in ${one.batches.length} ${one.batches.length === 1 ? "batch" : "batches"}`,
  };
}

/** What became of a batch, in words. */
export function batchState({ status, withdrawnAt }: BatchView): string {
  return withdrawnAt === undefined ? status : `${status}, taken back`;
}

function BatchTable(of: {
  readonly batches: readonly (BatchView & { readonly by: DatanetContributorView })[];
}): JSX.Element {
  return (
    <Table
      caption="Every batch"
      rows={of.batches}
      keyOf={({ id }) => id}
      columns={[
        { head: "Batch", cell: ({ id }) => id },
        { head: "Contributor", cell: ({ by }) => <Contributor address={by.address} name={by.name} /> },
        { head: "Samples", cell: ({ samples }) => whole(samples), number: true },
        { head: "State", cell: batchState },
        { head: "Signed root", cell: ({ root }) => <Hash of={root} /> },
        { head: "Recorded", cell: ({ contributedAt }) => <Time at={contributedAt} /> },
      ]}
    />
  );
}
