/**
 * What taught an answer: contributors with their shares, samples that helped and hurt, and where they are
 * committed.
 */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { ContentShown, ExplanationView, SampleView } from "../../../pipeline/browser.ts";
import { DivergingBars } from "../charts/bars.tsx";
import { href } from "../router.ts";
import { Mark } from "./assurance.tsx";
import { Table } from "./table.tsx";
import { Contributor, Hash, percent, whole } from "./values.tsx";

/** Everything that an explanation holds. */
export function Explained({ of }: { readonly of: ExplanationView }): JSX.Element {
  const { words } = of;
  return (
    <>
      {of.doubts.length > 0 && (
        <p class="failed" role="alert">
          Something is wrong with the receipt: {of.doubts.join("; ")}.
        </p>
      )}
      <DivergingBars
        title="Credited for this answer"
        about={
          <>
            How the winning score moves as a contributor's data counts a little more.{" "}
            <Mark of={words.influence} /> What is paid is the sum over an epoch's answers, by fee, where that
            is above zero.
          </>
        }
        bars={of.contributors.map((one) => ({
          key: one.address,
          name: one.name,
          href: href(`/contributors/${one.address}`),
          value: one.influence,
          text: (
            <>
              {figure(one.influence)} <span class="quiet">{one.share > 0 ? percent(one.share) : "–"}</span>
            </>
          ),
          note: one.share > 0 ? `${percent(one.share)} of all that helped` : "did not help this answer",
        }))}
        table={
          <Table
            caption="Contributors to this answer"
            rows={of.contributors}
            keyOf={({ address }) => address}
            columns={[
              { head: "Contributor", cell: (one) => <Contributor address={one.address} name={one.name} /> },
              { head: "Influence", cell: (one) => figure(one.influence), number: true },
              { head: "Share of what helped", cell: (one) => percent(one.share), number: true },
            ]}
          />
        }
      />
      <Samples
        title="Helped most"
        about="With these counted more, the answer is surer."
        samples={of.helped}
        of={of}
      />
      <Samples
        title="Hurt most"
        about="With these counted more, the answer is less sure."
        samples={of.hurt}
        of={of}
      />
    </>
  );
}

function Samples(of: {
  readonly title: string;
  readonly about: string;
  readonly samples: readonly SampleView[];
  readonly of: ExplanationView;
}): JSX.Element {
  const { title, about, samples } = of;
  const { words } = of.of;
  return (
    <div class="samples-block">
      <h3>{title}</h3>
      <p class="quiet">
        {about} Of {whole(of.of.samples)} training samples. <Mark of={words.influence} /> That a content is
        what it says: <Mark of={words.content} />
      </p>
      {samples.length === 0 && <p class="quiet">None.</p>}
      <ul class="samples">
        {samples.map((sample) => (
          <li key={`${sample.batch}-${sample.place}`} class="sample">
            {sample.content !== undefined && (
              <Content of={sample.content} what={`labelled ${sample.label}`} />
            )}
            <p class="sample-head">
              <strong class={sample.influence < 0 ? "down" : "up"}>{figure(sample.influence)}</strong>{" "}
              labelled <em>{sample.label}</em>
            </p>
            <p class="note">
              by <Contributor address={sample.address} name={sample.contributor} />,{" "}
              {`batch ${sample.batch} no. ${sample.place}`}
            </p>
            <p class="note">
              {sample.opens ? "opens the signed root" : "DOES NOT OPEN THE ROOT"} <Hash of={sample.root} />{" "}
              <Mark of={words.batches} />
              {sample.contentMatches === false && <strong> The content is not what was committed.</strong>}
            </p>
            <p class="note">left out, the score changes by {figure(-sample.leaveOneOut)}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A score in units of what training aims at; a code may have a word of zeros, which has no length. */
export function scoreText({ score, target }: ExplanationView): string {
  if (target === 0) return score.toFixed(2);
  return `${(score / target).toFixed(2)}, where training aims at 1`;
}

/** A signed figure with four decimals. */
export function figure(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}

/**
 * A content: a grey picture, a text, or only its size. `what` is said of a picture to those who do not see
 * it.
 */
export function Content({ of, what }: { readonly of: ContentShown; readonly what: string }): JSX.Element {
  if (of.kind === "text") return <blockquote class="content-text">{of.text}</blockquote>;
  if (of.kind === "bytes") return <p class="quiet">{whole(of.bytes)} bytes</p>;
  return <Picture of={of} what={what} />;
}

type PictureShown = Extract<ContentShown, { kind: "picture" }>;

function Picture({ of, what }: { readonly of: PictureShown; readonly what: string }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height, pixels } = of;
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context === null || context === undefined) return;
    const image = context.createImageData(width, height);
    const grey = atob(pixels);
    for (let at = 0; at < width * height; at++) {
      // Ink on paper: contents are light on dark.
      const value = 255 - grey.charCodeAt(at);
      image.data.set([value, value, value, 255], at * 4);
    }
    context.putImageData(image, 0, 0);
  }, [width, height, pixels]);
  return (
    <canvas
      ref={canvas}
      class="content-picture"
      width={width}
      height={height}
      role="img"
      aria-label={`Picture, ${what}`}
    />
  );
}
