/** An epoch: who was credited for its answers and paid, from what fees, and what of it is proven. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type {
  EpochView,
  InfluenceView,
  ProofView,
  SettlementView,
  TokenView,
} from "../../../pipeline/browser.ts";
import { DivergingBars } from "../charts/bars.tsx";
import { PartsBar } from "../charts/parts.tsx";
import { addressOf, api, useConfig, useData } from "../data.ts";
import { href } from "../router.ts";
import type { PageProps } from "../routes.tsx";
import { Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { DueBy } from "../ui/due.tsx";
import { Page, Section } from "../ui/page.tsx";
import { Crumbs, Said } from "../ui/said.tsx";
import { Table } from "../ui/table.tsx";
import { Amount, Contributor, Hash, percent, Time, whole } from "../ui/values.tsx";
import { EPOCH_STATE } from "./model.tsx";

/** The page. */
export function EpochPage({ params }: PageProps): JSX.Element {
  const loaded = useData(api.epoch(params["id"] ?? "", params["number"] ?? ""));
  return <Await of={loaded}>{(epoch) => <Epoch epoch={epoch} />}</Await>;
}

function Epoch({ epoch }: { readonly epoch: EpochView }): JSX.Element {
  const { words, settlement, token } = epoch;
  const done = settlement !== undefined;
  return (
    <Page
      title={`Epoch ${epoch.number} of ${epoch.modelName}`}
      kind={
        <Crumbs
          of={[
            ["Overview", "/"],
            [epoch.modelName, `/models/${epoch.model}`],
          ]}
        />
      }
      heading={`Epoch ${epoch.number}`}
      lead={leadOf(epoch)}
    >
      {done && <CheckIt epoch={epoch} />}
      {done && (
        <Section
          title="Who was credited"
          lead={
            <>
              Influence is by how much the winning scores of all paid answers, weighted by fee, move when a
              contributor's data counts a little more.
            </>
          }
        >
          <InfluenceBars epoch={epoch} />
          <PayoutBars epoch={epoch} settlement={settlement} />
        </Section>
      )}
      {done && (
        <Section title="Where the fees went">
          <FeeBar settlement={settlement} token={token} />
          <p>
            The shares of treasury, operator and validators are decided by vote. <Mark of={words.shares} />{" "}
            What is left is the contributors'. <Mark of={words.payouts} />
          </p>
        </Section>
      )}
      <Section
        title="Answers"
        lead="Each is a signed receipt. What was asked and what was answered is the payer's alone: the commitment binds both and shows neither."
      >
        <AnswerTable epoch={epoch} />
        <ul class="claims">
          <li>
            <Said word={words.answers}>
              {words.answers === "open" &&
                "These receipts are not those that the chain holds the roots of: ask the operator."}{" "}
              {done
                ? "Each answer is what the committed model says to the committed question."
                : "The operator signed each answer; that the model gives it is proven when the epoch is settled."}
            </Said>
          </li>
          <li>
            <Said word={words.features}>That a question's features are the backbone's.</Said>
          </li>
          <li>
            <Said word={words.completeness}>
              That no receipt was left out: payers hold the operator's signature.
            </Said>
          </li>
          {epoch.dueBy !== undefined && (
            <li>
              <DueBy name="this epoch" dueBy={epoch.dueBy} word={words.due} />
            </li>
          )}
          <li>
            <Said word={words.training}>That the signed batches, and nothing but them, made the model.</Said>
          </li>
        </ul>
      </Section>
      {epoch.proofs.length > 0 && (
        <Section title="Proofs and transactions">
          <ProofTable proofs={epoch.proofs} />
          <Table
            caption={
              <>
                Transactions <Mark of={words.transactions} />
              </>
            }
            rows={epoch.transactions}
            keyOf={({ hash, what }) => `${hash}${what}`}
            columns={[
              { head: "What", cell: ({ what }) => what },
              { head: "Transaction", cell: ({ hash }) => <Hash of={hash} /> },
              { head: "Block", cell: ({ block }) => whole(block), number: true },
              { head: "When", cell: ({ at }) => <Time at={at} /> },
              { head: "Gas", cell: ({ gas }) => whole(gas), number: true },
            ]}
          />
        </Section>
      )}
    </Page>
  );
}

function leadOf(epoch: EpochView): string {
  const answers = `${whole(epoch.answers.length)} ${epoch.answers.length === 1 ? "answer" : "answers"}`;
  const payers = new Set(epoch.answers.map(({ payer }) => payer)).size;
  const from = epoch.answers.length === 0 ? "" : ` to ${whole(payers)} ${payers === 1 ? "payer" : "payers"}`;
  return `${answers}${from}. ${EPOCH_STATE[epoch.state].replace(/^./, (letter) => letter.toUpperCase())}.${
    epoch.state === "open" || epoch.state === "sealed"
      ? " Influence is shown once it is settled, and not before: how it moves with one more answer would tell what the answer was."
      : ""
  }`;
}

function CheckIt({ epoch }: { readonly epoch: EpochView }): JSX.Element {
  const config = useConfig();
  if (!epoch.bundle) return <></>;
  const file = addressOf(config, api.bundle(epoch.model, epoch.number));
  return (
    <p class="actions">
      <a class="button" href={href("/verify", { model: epoch.model, epoch: String(epoch.number) })}>
        Verify this epoch yourself
      </a>
      <a class="button plain" href={file} download={`epoch-${epoch.number}.json`}>
        Download its bundle
      </a>
    </p>
  );
}

/** A signed figure of four significant digits. */
export function signed(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 1_000 || size < 0.0001 ? size.toExponential(2) : size.toPrecision(4);
  return `${value < 0 ? "−" : "+"}${digits}`;
}

function InfluenceBars({ epoch }: { readonly epoch: EpochView }): JSX.Element {
  const { words, token } = epoch;
  const rows = [...epoch.contributors].sort((a, b) => (b.influence ?? 0) - (a.influence ?? 0));
  const against = rows.filter(({ influence = 0 }) => influence < 0).length;
  return (
    <DivergingBars
      title="Influence on the answers"
      about={
        <>
          Above zero: what is paid. <Mark of={words.influence} />{" "}
          {against > 0 && (
            <>
              Below zero: {whole(against)} {against === 1 ? "contributor's" : "contributors'"} data worked
              against the answers, which earns nothing; how much, whoever holds the records can work out.{" "}
              <Mark of={words.negativeInfluence} />
            </>
          )}
        </>
      }
      bars={rows.map((one) => ({
        key: one.address,
        name: one.name,
        href: href(`/contributors/${one.address}`),
        value: one.influence ?? 0,
        text: one.influence === undefined ? "below zero" : signed(one.influence),
        note: (
          <>
            {BigInt(one.payoutWei) === 0n ? (
              "earned nothing"
            ) : (
              <>
                earned <Amount wei={one.payoutWei} token={token} />, {percent(one.share)}
              </>
            )}{" "}
            with {whole(one.samples)} samples
          </>
        ),
      }))}
      table={<ContributorTable rows={rows} token={token} />}
    />
  );
}

function PayoutBars(of: { readonly epoch: EpochView; readonly settlement: SettlementView }): JSX.Element {
  const { epoch, settlement } = of;
  const samples = epoch.contributors.reduce((sum, one) => sum + one.samples, 0);
  const rows = [...epoch.contributors].sort((a, b) => b.share - a.share);
  return (
    <DivergingBars
      title="Payouts"
      about={
        <>
          <Amount wei={settlement.earningsWei} token={epoch.token} />, shared in proportion to influence above
          zero. <Mark of={epoch.words.payouts} />
        </>
      }
      bars={rows.map((one) => ({
        key: one.address,
        name: one.name,
        href: href(`/contributors/${one.address}`),
        value: one.share,
        text: (
          <>
            <Amount wei={one.payoutWei} token={epoch.token} /> <span class="quiet">{percent(one.share)}</span>
          </>
        ),
        note: `brought ${percent(samples === 0 ? 0 : one.samples / samples)} of the samples, was paid ${percent(one.share)}`,
      }))}
    />
  );
}

function ContributorTable(of: {
  readonly rows: readonly InfluenceView[];
  readonly token: TokenView;
}): JSX.Element {
  return (
    <Table
      caption="Every contributor, to the last unit"
      rows={of.rows}
      keyOf={({ address }) => address}
      columns={[
        { head: "Contributor", cell: (one) => <Contributor address={one.address} name={one.name} /> },
        { head: "Samples", cell: (one) => whole(one.samples), number: true },
        {
          head: "Influence",
          cell: (one) => (one.influence === undefined ? "below zero" : signed(one.influence)),
          number: true,
        },
        { head: "Proven weight", cell: (one) => <Hash of={one.weight} />, number: true },
        { head: "Share", cell: (one) => percent(one.share), number: true },
        { head: `Payout, smallest unit`, cell: (one) => whole(one.payoutWei), number: true },
      ]}
    />
  );
}

const WHO = { protocol: "treasury", developer: "operator", validators: "validators" } as const;

function FeeBar(of: { readonly settlement: SettlementView; readonly token: TokenView }): JSX.Element {
  const { settlement, token } = of;
  const pool = BigInt(settlement.poolWei);
  const share = (wei: string): number =>
    pool === 0n ? 0 : Number((BigInt(wei) * 1_000_000n) / pool) / 1_000_000;
  const paid = String(BigInt(settlement.earningsWei) - BigInt(settlement.carryOutWei));
  const carry = BigInt(settlement.carryInWei);
  return (
    <PartsBar
      title="The pool"
      about={
        <>
          <Amount wei={settlement.feesWei} token={token} /> of fees
          {carry > 0n && (
            <>
              {" "}
              and <Amount wei={settlement.carryInWei} token={token} /> carried over
            </>
          )}
        </>
      }
      pieces={[
        {
          key: "contributors",
          name: "contributors",
          share: share(paid),
          text: <Amount wei={paid} token={token} />,
        },
        ...settlement.shares.map(({ who, wei }) => ({
          key: who,
          name: WHO[who],
          share: share(wei),
          text: <Amount wei={wei} token={token} />,
        })),
        ...(BigInt(settlement.carryOutWei) === 0n
          ? []
          : [
              {
                key: "carry",
                name: "left by rounding, carried over",
                share: share(settlement.carryOutWei),
                text: `${whole(settlement.carryOutWei)} smallest units`,
              },
            ]),
      ]}
    />
  );
}

/** Answers that are shown at first. */
const FIRST = 12;

function AnswerTable({ epoch }: { readonly epoch: EpochView }): JSX.Element {
  const [all, setAll] = useState(false);
  const { answers } = epoch;
  const shown = all || answers.length <= FIRST + 3 ? answers : answers.slice(0, FIRST);
  return (
    <>
      <Table
        caption={
          <>
            Answers and fees <Mark of={epoch.words.fees} />
          </>
        }
        rows={shown}
        keyOf={({ number }) => number}
        empty="None yet."
        columns={[
          { head: "No.", cell: ({ number }) => number },
          { head: "Request", cell: ({ requestId }) => <Hash of={requestId} /> },
          { head: "Payer", cell: ({ payer }) => <Hash of={payer} copy={false} /> },
          { head: "Fee", cell: ({ feeWei }) => <Amount wei={feeWei} token={epoch.token} />, number: true },
          { head: "Commitment", cell: ({ leaf }) => <Hash of={leaf} copy={false} /> },
          { head: "In proof", cell: ({ batch }) => batch, number: true },
          { head: "On chain by", cell: ({ dueBy }) => <Time at={dueBy} /> },
        ]}
      />
      {shown.length < answers.length && (
        <p class="table-more">
          <button type="button" class="plain" onClick={() => setAll(true)}>
            Show all {whole(answers.length)} answers
          </button>
        </p>
      )}
    </>
  );
}

const CIRCUITS: Readonly<Record<string, string>> = {
  inference: "the answers are the committed model's, and their fees",
  adjoint: "the answers' pull on the model",
  weights: "each contributor's influence",
};

function ProofTable({ proofs }: { readonly proofs: readonly ProofView[] }): JSX.Element {
  const timed = proofs.some(({ seconds }) => seconds !== undefined);
  return (
    <Table
      caption="Proofs"
      rows={proofs}
      keyOf={({ circuit, index }) => `${circuit}${index}`}
      columns={[
        { head: "Proof", cell: ({ circuit, index }) => `${circuit} ${index}` },
        { head: "Shows", cell: ({ circuit }) => CIRCUITS[circuit] ?? "" },
        {
          head: "State",
          cell: ({ posted }) => (
            <Said word={posted ? "proven" : "open"}>
              {posted ? "checked by the contract" : "not posted yet"}
            </Said>
          ),
        },
        ...(timed
          ? [
              {
                head: (
                  <>
                    Made in <Mark of="attested" />
                  </>
                ),
                cell: ({ seconds }: ProofView) => (seconds === undefined ? "–" : `${seconds.toFixed(1)} s`),
                number: true,
              },
            ]
          : []),
      ]}
    />
  );
}
