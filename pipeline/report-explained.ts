/** Turns explanations of answers into what the report shows of them. */
import type { ContentKind } from "./contents.ts";
import type { ExplainedSample, Explanation } from "./explain.ts";
import type { ContentFacts, ExplainedSampleFacts, ExplanationFacts } from "./report/data.ts";

/** The facts of an explanation, JSON-able. */
export function explainedFacts(explanation: Explanation): ExplanationFacts {
  const {
    receipt,
    question,
    kind,
    answerName,
    score,
    samples,
    helped,
    hurt,
    contributors,
    training,
    provider,
  } = explanation;
  return {
    number: receipt.sequence + 1,
    answer: answerName,
    score,
    samples,
    provider,
    training,
    ...contentFacts("question", question, kind),
    helped: helped.map((sample) => sampleFacts(sample, kind)),
    hurt: hurt.map((sample) => sampleFacts(sample, kind)),
    contributors: contributors.map(({ name, influence }) => ({ name, influence })),
  };
}

function sampleFacts(sample: ExplainedSample, kind: ContentKind): ExplainedSampleFacts {
  const { influence, leaveOneOut, contributor, labelName, content, inclusion } = sample;
  return {
    influence,
    leaveOneOut,
    contributor,
    label: labelName,
    ...contentFacts("content", content, kind),
    batch: String(inclusion.batch),
    place: inclusion.place + 1,
    leaf: String(inclusion.leaf),
    root: String(inclusion.root),
    opens: inclusion.opens,
    ...(inclusion.contentMatches === undefined ? {} : { contentMatches: inclusion.contentMatches }),
  };
}

function contentFacts<K extends string>(
  key: K,
  content: Uint8Array | undefined,
  kind: ContentKind,
): Partial<Record<K, ContentFacts>> {
  if (content === undefined) return {};
  const facts: ContentFacts =
    kind.kind === "picture" && content.length === kind.width * kind.height
      ? {
          picture: {
            width: kind.width,
            height: kind.height,
            pixels: Buffer.from(content).toString("base64"),
          },
        }
      : { text: kind.kind === "text" ? new TextDecoder().decode(content) : `${content.length} bytes` };
  return { [key]: facts } as Partial<Record<K, ContentFacts>>;
}
