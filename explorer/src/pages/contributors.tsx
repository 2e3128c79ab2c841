/** Everybody who contributed, and what came of it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { ContributorSummary } from "../../../pipeline/browser.ts";
import { api, useData } from "../data.ts";
import { Mark } from "../ui/assurance.tsx";
import { Await } from "../ui/await.tsx";
import { Page } from "../ui/page.tsx";
import { Table } from "../ui/table.tsx";
import { Amount, Contributor, Hash, whole } from "../ui/values.tsx";

/** The list, which can be searched. */
export function ContributorsPage(): JSX.Element {
  const loaded = useData(api.contributors());
  const [wanted, setWanted] = useState("");
  return (
    <Page
      title="Contributors"
      lead="Find yourself by name or address: your page says what you are owed and has the button that claims it."
    >
      <Await of={loaded}>
        {(list) => {
          const found = list.filter((one) => matches(one, wanted));
          return (
            <>
              <label class="field">
                <span>Name or address</span>
                <input
                  type="search"
                  value={wanted}
                  onInput={({ currentTarget }) => setWanted(currentTarget.value)}
                  placeholder="0x… or a name"
                />
              </label>
              <p class="quiet" role="status">
                {found.length === list.length
                  ? `${whole(list.length)} contributors`
                  : `${whole(found.length)} of ${whole(list.length)} contributors`}
              </p>
              <Table
                caption="Who contributed"
                rows={found}
                keyOf={({ address }) => address}
                empty="Nobody of that name or address contributed here."
                columns={[
                  {
                    head: "Contributor",
                    cell: (one) => <Contributor address={one.address} name={one.name} />,
                  },
                  { head: "Address", cell: (one) => <Hash of={one.address} /> },
                  { head: "Samples", cell: (one) => whole(one.samples), number: true },
                  {
                    head: (
                      <>
                        Earned <Mark of="proven" />
                      </>
                    ),
                    cell: (one) => <Sums of={one} pick="earnedWei" />,
                    number: true,
                  },
                  {
                    head: (
                      <>
                        Owed now <Mark of="proven" />
                      </>
                    ),
                    cell: (one) => <Sums of={one} pick="owedWei" />,
                    number: true,
                  },
                ]}
              />
            </>
          );
        }}
      </Await>
    </Page>
  );
}

function matches({ name, address }: ContributorSummary, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return text === "" || address.includes(text) || (name?.toLowerCase().includes(text) ?? false);
}

function Sums(of: { readonly of: ContributorSummary; readonly pick: "earnedWei" | "owedWei" }): JSX.Element {
  const { totals } = of.of;
  if (totals.length === 0) return <span class="quiet">–</span>;
  return (
    <>
      {totals.map((total) => (
        <Amount key={total.token.address} wei={total[of.pick]} token={total.token} />
      ))}
    </>
  );
}
