/**
 * The words that say how sure a line is, and which word holds for which claim. This is the one place that
 * decides it: sections only ask, and a report can never claim more than the protocol gives at this stage.
 */
import type { ReportData } from "./data.ts";
import { type Html, html } from "./html.ts";

/** How sure a claim is, from strongest to weakest. */
export type Assurance = "proven" | "reproducible" | "attested" | "governed" | "committed";

const MEANING: Readonly<Record<Assurance, string>> = {
  proven:
    "It follows from zero-knowledge proofs that the contract checked. Nobody, the operator included, can make it come out differently",
  reproducible:
    "Anybody who holds the content can recompute it and must get the same bits. No proof stands on chain.",
  attested:
    "The operator signed it. If it is false, the signature is the evidence; nothing prevents it beforehand.",
  governed: "People vouch for it under rules that are enforced outside the computation.",
  committed:
    "Fixed on chain before anything was paid and impossible to change since, but its correctness is not yet proven.",
};

/** What a word means in this report, for a reader who knows nothing about proofs. */
export function meaning(assurance: Assurance, { run }: ReportData): string {
  if (assurance !== "proven") return MEANING[assurance];
  const except =
    run.keys === "local"
      ? ", except whoever made the proving keys: these are development keys, and their maker could forge proofs."
      : ".";
  return MEANING.proven + except;
}

/** One line of the page's table of claims. */
export type Claim = { readonly claim: string; readonly assurance: Assurance; readonly how: string };

/** The claims of a report and how sure each one is. */
export function claims(data: ReportData): readonly Claim[] {
  const training: Claim = data.model.trainingProven
    ? {
        claim: "The model is the optimum of exactly the committed samples",
        assurance: "proven",
        how: "circuits samples, contributors and model",
      }
    : {
        claim: "The model was trained on the committed samples and nothing else",
        assurance: "committed",
        how: "commitments of the weights, the data's moments, each contributor's gradient and the list of batches",
      };
  return [
    {
      claim: "Each answer is what the committed model says to the committed question",
      assurance: "proven",
      how: "circuit inference",
    },
    {
      claim: "The fees charged are the fees of these answers",
      assurance: "proven",
      how: "circuit inference; the contract charges the sum",
    },
    {
      claim: "Each contributor's influence is computed from the committed model, gradients and questions",
      assurance: "proven",
      how: "circuits adjoint and weights",
    },
    {
      claim: "Each payout is the pool times the contributor's weight over all weights",
      assurance: "proven",
      how: "computed by the contract itself from the proven weights",
    },
    training,
    {
      claim: "The features are the backbone's, for samples and questions",
      assurance: "reproducible",
      how: "the backbone is an integer network, bit-exact on every device and named by its hash",
    },
    {
      claim: "No paid question was left out of the epoch",
      assurance: "attested",
      how: "payers hold receipts that the operator signed; a receipt that is missing here is evidence",
    },
    {
      claim: "The content is honest, original and allowed",
      assurance: "governed",
      how: "contributors sign their batches; judging them is for the datanet's members",
    },
  ];
}

/** What this report does not prove, in plain words; the last section of the page. */
export function notProven(data: ReportData): readonly string[] {
  const lines: string[] = [];
  if (!data.model.trainingProven) {
    lines.push(
      "The link from the data to the weights is committed, not yet proven: the weights, the moments and every " +
        "contributor's gradient were fixed on chain together with the list of signed batches, but no proof yet shows that " +
        "they follow from the records in those batches. An auditor who holds the records can recompute all of them.",
    );
  }
  if (data.run.keys === "local") {
    lines.push(
      "The proving keys are local development keys. Whoever made them could forge proofs, so the contracts accept them " +
        "on a local development chain only. Real use needs keys from a ceremony.",
    );
  }
  lines.push(
    "That the features of a sample or a question come from its content is reproducible by whoever holds the content, not proven.",
    "That every paid question appears here is attested by the operator's signatures, not proven.",
    "That labels are right and content is original is not a matter of proof. A contributor whose labels are wrong tends to " +
      "earn nothing because the data does not help; that is a consequence, not a check. Copies and near-copies of earlier " +
      "content are left out before a batch is signed; one that was shifted, turned or reworded is not recognised. Where a " +
      "datanet asks for verdicts, validators stake on them, and an exact copy can be proven against those who accepted it.",
    "Influence is the exact first-order effect of a contributor's data on the epoch's winning scores, netted over the " +
      "epoch. It is a definition of merit that was agreed beforehand, not the only possible one.",
  );
  return lines;
}

/** The word as a small label; its shape and text differ, not only its colour. */
export function mark(assurance: Assurance): Html {
  return html`<span class="mark mark-${assurance}">${assurance}</span>`;
}
