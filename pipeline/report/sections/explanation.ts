/**
 * What taught an answer: the training samples that helped and hurt it most, each with its influence and the
 * batch that commits to it.
 */
import { mark } from "../assurance.ts";
import type { ContentFacts, ExplainedSampleFacts, ExplanationFacts } from "../data.ts";
import { grouped, signed } from "../format.ts";
import { type Html, html } from "../html.ts";
import { pictureUri } from "../png.ts";
import { details, facts, hash, section } from "./parts.ts";

/** The section, or nothing where no answer is explained. */
export function explanationSection(explanations: readonly ExplanationFacts[] | undefined): Html | undefined {
  if (explanations === undefined || explanations.length === 0) return undefined;
  const proven = explanations.every((one) => one.training === "proven");
  return section(
    "explained",
    explanations.length === 1 ? "An answer explained" : "Answers explained",
    "The training samples that did most for and against an answer. A sample's influence is the rate at which the winning " +
      "score rises with its weight; “left out” is what the score would change by if the model were fitted again without it, exactly. " +
      "Summed over a contributor's samples and the epoch's answers, influences are what is paid for.",
    [
      html`<ul class="marks">
<li>${trainingWords(proven)}</li>
<li>${mark("reproducible")} influences, leaves and roots, for whoever holds the records</li>
<li>${mark("attested")} a batch is its contributor's: it signed the root</li>
<li>${mark("governed")} that a content is honest, original and allowed</li>
</ul>`,
      ...explanations.map(explained),
    ],
  );
}

function trainingWords(proven: boolean): Html {
  if (proven) {
    return html`${mark("proven")} the batches below are among those that, and nothing but them, made the model`;
  }
  const words =
    "the batches below are among those that the model was registered with; that they made it is not proven";
  return html`${mark("committed")} ${words}`;
}

function explained(of: ExplanationFacts): Html {
  return html`
<article class="explained">
<div class="receipt-face">${shown(of.question, `The question of receipt ${of.number}`)}
<h3>Receipt No. ${of.number}: answer ${of.answer} <span class="aside">score ${of.score.toFixed(3)}, ${grouped(of.samples)} samples, scored on ${of.provider}</span></h3></div>
${side("Helped most", of.helped)}
${side("Hurt most", of.hurt)}
${details(
  "Influence of each contributor on this answer",
  facts(
    of.contributors.map(({ name, influence }) => [
      name,
      html`${signed(influence, 0.1)} ${mark("reproducible")}`,
    ]),
  ),
)}
</article>`;
}

function side(title: string, samples: readonly ExplainedSampleFacts[]): Html {
  if (samples.length === 0) return html`<p class="note">${title}: no sample.</p>`;
  return html`<h4>${title}</h4>
<ol class="receipts" aria-label="${title}">${samples.map(slip)}
</ol>`;
}

function slip(sample: ExplainedSampleFacts): Html {
  const { influence, leaveOneOut, contributor, label, batch, place, leaf, root, opens, contentMatches } =
    sample;
  const content =
    contentMatches === undefined
      ? "not kept"
      : contentMatches
        ? "its hash is in the leaf"
        : "NOT WHAT THE LEAF SAYS";
  return html`
<li class="receipt">
<div class="receipt-face">${shown(sample.content, `A training sample of ${contributor}`)}
<p class="receipt-answer"><strong>${signed(influence, 0.1)}</strong> <span class="aside">left out ${signed(-leaveOneOut, 0.1)}</span><br>
label ${label} <span class="aside">by ${contributor}</span></p></div>
${details(
  html`Batch ${batch}, No. ${place}${opens ? "" : " — does not open"}`,
  facts([
    ["Leaf", html`${hash(leaf)} ${mark("reproducible")}`],
    ["Root of the batch", html`${hash(root)} ${mark("attested")}`],
    [
      "Opening",
      opens
        ? html`all leaves hash to the root ${mark("reproducible")}`
        : "THE LEAVES DO NOT HASH TO THE ROOT",
    ],
    ["Content", html`${content} ${mark("reproducible")}`],
  ]),
)}
</li>`;
}

function shown(content: ContentFacts | undefined, alt: string): Html | undefined {
  if (content === undefined) return undefined;
  if (content.picture === undefined)
    return html`<blockquote class="text-content">${content.text}</blockquote>`;
  const { picture } = content;
  return html`<img class="question" src="${pictureUri(picture)}" width="${picture.width}" height="${picture.height}" alt="${alt}">`;
}
