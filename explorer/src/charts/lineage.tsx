/**
 * The picture of a model's lineage: what it was made from, and what came of it. Data flow from left to right,
 * money flows back below. Every piece is a link that a keyboard reaches; the list beneath says the same in
 * words.
 */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import type { EpochSummary, ModelContributorView, ModelView } from "../../../pipeline/browser.ts";
import { href } from "../router.ts";
import { decimalOf, rounded, shortened, whole } from "../ui/values.tsx";
import { type Box, lineageLayout, type Pill, type Strip } from "./lineage-layout.ts";

/** Draws a model's lineage. */
export function Lineage({ model }: { readonly model: ModelView }): JSX.Element {
  const layout = useMemo(() => lineageLayout(model.contributors, model.epochs), [model]);
  const { datanet, strips, pills } = layout;
  const paid = model.contributors.reduce((sum, { earnedWei }) => sum + BigInt(earnedWei), 0n);
  const { token } = model.price;
  const batches = model.contributors.reduce((sum, one) => sum + one.batches.length, 0);
  const earnedMost = model.contributors.reduce((most, one) => maxOf(most, BigInt(one.earnedWei)), 1n);
  return (
    <figure class="chart lineage">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section class="lineage-scroll" aria-label="Lineage, as a picture" tabIndex={0}>
        {/* biome-ignore lint/a11y/useSemanticElements: a drawing is no set of form fields */}
        <svg
          viewBox={`0 0 ${layout.width} ${layout.height}`}
          role="group"
          aria-label={`Lineage of model ${model.name}: datanet, batches, model, epochs`}
        >
          <g class="ribbons">
            {layout.toStrips.map(({ path, key }) => (
              <path key={`d${key}`} d={path} class="ribbon from-data" />
            ))}
            {layout.toModel.map(({ path, key }, index) => (
              <path
                key={`m${key}`}
                d={path}
                class="ribbon"
                style={{ opacity: String(strength(strips[index], earnedMost)) }}
              />
            ))}
            {layout.toPills.map(({ path, key }) => (
              <path key={`e${key}`} d={path} class="ribbon out" />
            ))}
          </g>
          <Heads />
          <DatanetNode model={model} box={datanet} batches={batches} />
          {strips.map((strip) => (
            <StripNode key={strip.y} strip={strip} model={model} />
          ))}
          <ModelNode model={model} box={layout.model} />
          {pills.map((pill) => (
            <EpochNode key={pill.y} pill={pill} model={model} />
          ))}
          <PaidBack
            layout={layout}
            text={
              paid === 0n
                ? "nothing has come back yet"
                : `${rounded(decimalOf(paid, token.decimals))} ${token.symbol} came back to contributors`
            }
          />
        </svg>
      </section>
    </figure>
  );
}

const maxOf = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Ribbons of those who earned more are stronger. */
function strength(strip: Strip<ModelContributorView> | undefined, most: bigint): number {
  const earned = strip?.of.reduce((best, { earnedWei }) => maxOf(best, BigInt(earnedWei)), 0n) ?? 0n;
  return 0.3 + 0.7 * (Number((earned * 1_000n) / most) / 1_000);
}

function Heads(): JSX.Element {
  const heads = [
    [75, "Datanet"],
    [325, "Signed batches"],
    [640, "Model"],
    [915, "Epochs of answers"],
  ] as const;
  return (
    <g class="heads">
      {heads.map(([x, text]) => (
        <text key={text} x={x} y="22" text-anchor="middle">
          {text}
        </text>
      ))}
    </g>
  );
}

function DatanetNode(of: {
  readonly model: ModelView;
  readonly box: Box;
  readonly batches: number;
}): JSX.Element {
  const { model, box, batches } = of;
  const { id, name, version } = model.lineage.datanet;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  return (
    <a href={href(`/datanets/${id}`)}>
      <rect class="node" {...box} rx="4" />
      <NodeName x={x} y={y - 22} text={name ?? `no. ${id}`} />
      <text class="node-note" x={x} y={y + 22} text-anchor="middle">
        version {version}{" "}
      </text>
      <text class="node-note" x={x} y={y + 40} text-anchor="middle">
        {whole(batches)} batches
      </text>
    </a>
  );
}

function StripNode({
  strip,
  model,
}: {
  readonly strip: Strip<ModelContributorView>;
  readonly model: ModelView;
}): JSX.Element {
  const { x, y, width, height, of: people } = strip;
  const [first] = people;
  const samples = people.reduce((sum, one) => sum + one.samples, 0);
  const together = people.length > 1;
  const name = together ? `${whole(people.length)} more` : (first?.name ?? "");
  const to = together ? href("/contributors") : href(`/contributors/${first?.address ?? ""}`);
  const said = `${name}: ${whole(samples)} samples of ${whole(model.samples)}`;
  return (
    <a href={to}>
      <title>{said}</title>
      <rect class={together ? "strip together" : "strip"} x={x} y={y} width={width} height={height} rx="2" />
      <text class="strip-name" x={x + 9} y={y + height / 2 + 4.5}>
        {clip(name, 13)}{" "}
      </text>
      <text class="strip-note" x={x + width - 9} y={y + height / 2 + 4.5} text-anchor="end">
        {whole(samples)}
      </text>
    </a>
  );
}

function ModelNode({ model, box }: { readonly model: ModelView; readonly box: Box }): JSX.Element {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const [parent] = model.lineage.ancestors;
  return (
    <g>
      <rect class="node model" {...box} rx="4" />
      <NodeName x={x} y={y - 36} text={model.name} />
      <text class="node-note" x={x} y={y + 8} text-anchor="middle">
        {shortened(model.id, 6, 4)}
      </text>
      <text class="node-note" x={x} y={y + 26} text-anchor="middle">
        {whole(model.samples)} samples
      </text>
      <text class="node-note strong" x={x} y={y + 52} text-anchor="middle">
        training: {model.words.training}
      </text>
      {parent !== undefined && (
        <a href={href(`/models/${parent.id}`)}>
          <text class="node-link" x={x} y={box.y - 10} text-anchor="middle">
            made from {shortened(parent.id, 6, 4)}
          </text>
        </a>
      )}
    </g>
  );
}

function EpochNode({
  pill,
  model,
}: {
  readonly pill: Pill<EpochSummary>;
  readonly model: ModelView;
}): JSX.Element {
  const { x, y, width, height, of: epochs } = pill;
  const last = epochs.at(-1) as EpochSummary;
  const answers = epochs.reduce((sum, epoch) => sum + epoch.answers, 0);
  const together = epochs.length > 1;
  const name = together ? `Epochs 1 to ${last.number}` : `Epoch ${last.number}`;
  const note = `${whole(answers)} answers · ${together ? "earlier" : last.state}`;
  return (
    <a href={href(`/models/${model.id}/epochs/${last.number}`)}>
      <rect
        class={`node epoch ${together ? "settled" : last.state}`}
        x={x}
        y={y}
        width={width}
        height={height}
        rx="4"
      />
      <text class="node-name" x={x + 12} y={y + 20}>
        {name}{" "}
      </text>
      <text class="node-note" x={x + 12} y={y + 37}>
        {note}
      </text>
    </a>
  );
}

/** The way back, beneath everything. */
function PaidBack(of: {
  readonly layout: ReturnType<typeof lineageLayout>;
  readonly text: string;
}): JSX.Element {
  const { layout, text } = of;
  const y = layout.height - 26;
  const [right, left] = [915, 325];
  return (
    <g class="paid-back">
      <path d={`M${right} ${y - 22}v10q0 12 -12 12H${left + 12}q-12 0 -12 -12v-14`} />
      <path class="arrow" d={`M${left - 5} ${y - 20}l5 -8l5 8z`} />
      <rect x={(left + right) / 2 - 165} y={y - 14} width="330" height="28" rx="14" />
      <text x={(left + right) / 2} y={y + 5} text-anchor="middle">
        {text}
      </text>
    </g>
  );
}

/** A name in two lines at most, around its middle. */
function NodeName(of: { readonly x: number; readonly y: number; readonly text: string }): JSX.Element {
  const lines = linesOf(of.text, 14);
  return (
    <text class="node-name" x={of.x} y={of.y + (lines.length === 1 ? 12 : 0)} text-anchor="middle">
      {lines.map((line, index) => (
        <tspan key={line} x={of.x} dy={index === 0 ? 0 : 21}>
          {line}
        </tspan>
      ))}{" "}
    </text>
  );
}

function linesOf(text: string, most: number): readonly string[] {
  if (text.length <= most) return [text];
  const at = text.lastIndexOf(" ", most);
  const first = at > 0 ? text.slice(0, at) : text.slice(0, most);
  return [first, clip(text.slice(first.length).trim(), most)];
}

const clip = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`;
