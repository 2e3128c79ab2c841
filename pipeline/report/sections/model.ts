/** The model: how good it is, what is fixed about it on chain, and how sure that is. */
import { mark } from "../assurance.ts";
import type { ReportData } from "../data.ts";
import { counted, figure, grouped, percent } from "../format.ts";
import { type Html, html } from "../html.ts";
import { facts, hash, section } from "./parts.ts";

/** Accuracy and commitments. */
export function modelSection({ model }: ReportData): Html {
  return section(
    "model",
    "Model",
    html`A frozen, public backbone turns content into ${counted(model.features, "small integer", "small integers")}, and a ridge
regression turns these into an answer. Its weights stay private, bound by a public commitment.`,
    facts([
      model.accuracy === undefined
        ? undefined
        : [
            "Accuracy",
            html`${percent(model.accuracy, 2)}${model.testSamples === undefined ? undefined : html` on ${counted(model.testSamples, "sample that was", "samples that were")} not contributed`} ${mark("reproducible")}`,
          ],
      [
        "From data to weights",
        model.trainingProven
          ? html`${mark("proven")} the optimum of exactly the committed samples`
          : html`${mark("committed")} not yet proven; fixed on chain before the first answer was paid for`,
      ],
      [
        "Fitted to",
        html`${counted(model.samples, "sample", "samples")}, ${counted(model.classes, "class", "classes")}, λ = ${grouped(model.lambda)}`,
      ],
      model.weightErrorBound === undefined
        ? undefined
        : [
            "Distance from the exact optimum",
            html`at most ${figure(model.weightErrorBound)} (norm of what rounding left over, by λ)`,
          ],
      ["Backbone, SHA-256", html`${hash(model.backboneHash)} ${mark("reproducible")}`],
      ["Model", hash(model.id)],
      ["Operator", hash(model.operator)],
      ["Commitment of the weights W", hash(model.commitW)],
      ["Commitment of the moments A", hash(model.commitA)],
      model.txHash === undefined || model.txHash === ""
        ? undefined
        : ["Committed in transaction", hash(model.txHash)],
    ]),
  );
}
