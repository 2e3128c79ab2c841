/**
 * An explanation of an answer, as JSON for its payer. It holds what the payer asked and what it was answered,
 * and pictures or texts that others contributed: whoever serves it asks for the key of the request first.
 */
import { loadProfile } from "../../prover/index.ts";
import type { ContentKind } from "../contents.ts";
import type { ExplainedSample, Explanation } from "../explain.ts";
import type { ContentShown, ExplanationView, SampleView } from "./types.ts";

/** The view of an explanation. */
export function explanationView(explanation: Explanation): ExplanationView {
  const { receipt, question, kind, training } = explanation;
  const above = explanation.contributors.reduce((sum, { influence }) => sum + Math.max(0, influence), 0);
  return {
    model: receipt.modelId.toLowerCase(),
    epoch: receipt.epoch,
    requestId: receipt.requestId.toLowerCase(),
    answer: receipt.opening.answer,
    answerName: explanation.answerName,
    score: explanation.score,
    target:
      loadProfile(receipt.profile).words[receipt.opening.answer]?.reduce((sum, t) => sum + t * t, 0) ?? 1,
    samples: explanation.samples,
    ...(question === undefined ? {} : { question: shown(question, kind) }),
    doubts: explanation.doubts,
    helped: explanation.helped.map((sample) => sampleView(sample, kind)),
    hurt: explanation.hurt.map((sample) => sampleView(sample, kind)),
    contributors: explanation.contributors.map(({ name, account, influence }) => ({
      address: account.toLowerCase(),
      name,
      influence,
      share: above === 0 ? 0 : Math.max(0, influence) / above,
    })),
    words: {
      answer: explanation.settled ? "proven" : "attested",
      influence: "reproducible",
      training: training === "proven" ? "proven" : "open",
      batches: "attested",
      receipt: "attested",
      content: "governed",
    },
  };
}

function sampleView(sample: ExplainedSample, kind: ContentKind): SampleView {
  const { influence, leaveOneOut, contributor, account, labelName, content, inclusion } = sample;
  return {
    influence,
    leaveOneOut,
    contributor,
    address: account.toLowerCase(),
    label: labelName,
    ...(content === undefined ? {} : { content: shown(content, kind) }),
    batch: String(inclusion.batch),
    place: inclusion.place + 1,
    leaf: String(inclusion.leaf),
    root: String(inclusion.root),
    opens: inclusion.opens,
    ...(inclusion.contentMatches === undefined ? {} : { contentMatches: inclusion.contentMatches }),
  };
}

function shown(content: Uint8Array, kind: ContentKind): ContentShown {
  if (kind.kind === "text") return { kind: "text", text: new TextDecoder().decode(content) };
  if (kind.kind !== "picture" || content.length !== kind.width * kind.height)
    return { kind: "bytes", bytes: content.length };
  const { width, height } = kind;
  return { kind: "picture", width, height, pixels: Buffer.from(content).toString("base64") };
}
