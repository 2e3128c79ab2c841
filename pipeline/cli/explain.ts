/** `quittance explain`: what taught an answer, for a terminal, as JSON, or as a page. */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { loadProfile } from "../../prover/index.ts";
import { bestProvider, choiceLine } from "../engine/provider.ts";
import { type ExplainedSample, type Explanation, explainReceipts } from "../explain.ts";
import { openProject } from "../project.ts";
import { parseReceipt } from "../receipts.ts";
import { renderExplanations } from "../report/explanation.ts";
import { explainedFacts } from "../report-explained.ts";
import { receiptOfRequest } from "../request-receipt.ts";
import { writeFileAtomic } from "../store.ts";
import { tell, wholeNumber } from "./options.ts";
import { EXIT } from "./output.ts";
import { beside, contentLines } from "./picture.ts";

/** Adds the command to the tree. */
export function addExplainCommand(root: Command): void {
  root
    .command("explain")
    .description(
      "show the training samples that helped and hurt an answer most, and where they are committed",
    )
    .argument("<receipt>", "the receipt's file, or the number of the request")
    .requiredOption("-p, --project <folder>", "the project that answered")
    .option("--top <n>", "samples to show on each side", wholeNumber(1, 1_000), 5)
    .option("--html <file>", "write a page too")
    .addHelpText(
      "after",
      `
Only the operator can: contents and records lie in the project folder. Runs on CUDA, WebGPU or the CPU, whichever
works (QUITTANCE_PROVIDER=cpu to say which). Exits with 0 only if every batch opens and the receipt is in order.

Example:
  quittance explain shop/receipts/…/1/000003.json --project shop
  quittance explain 0x5f…c2 --project shop                    (an answer of quittance serve)
`,
    )
    .action(
      async (file: string, options: { project: string; top: number; html?: string }, command: Command) => {
        const project = openProject({ folder: options.project });
        try {
          const receipt = /^0x[0-9a-fA-F]{64}$/.test(file)
            ? await receiptOfRequest(project, file)
            : parseReceipt(readFileSync(file, "utf8"), file);
          const [explanation] = await explainReceipts({
            project,
            profile: loadProfile(receipt.profile),
            receipts: [receipt],
            top: options.top,
          });
          if (explanation === undefined) throw new Error("unreachable: one receipt has one explanation");
          if (!inOrder(explanation)) process.exitCode = EXIT.doubt;
          if (options.html !== undefined)
            writeFileAtomic(options.html, renderExplanations([explainedFacts(explanation)]));
          const { receipt: _receipt, ...rest } = explanation;
          tell(
            command,
            {
              ...rest,
              requestId: receipt.requestId,
              answer: receipt.opening.answer,
              inOrder: inOrder(explanation),
            },
            [...explanationLines(explanation), `  Scored on ${choiceLine(await bestProvider())}.`].join("\n"),
          );
        } finally {
          project.close();
        }
      },
    );
}

/** Whether everything that was opened gave what was committed. */
export function inOrder({ doubts, helped, hurt }: Explanation): boolean {
  const opens = ({ inclusion }: ExplainedSample): boolean =>
    inclusion.opens && inclusion.contentMatches !== false;
  return doubts.length === 0 && [...helped, ...hurt].every(opens);
}

const TRAINING: Readonly<Record<Explanation["training"], string>> = {
  proven: "proven        these batches, and nothing but them, made the model",
  committed: "attested      these batches are committed with the model; settle proves that they made it",
  unproven: "attested      UNPROVEN MODEL: the operator says that these batches made it",
};

/** An explanation for a terminal. */
export function explanationLines(of: Explanation, width = process.stdout.columns ?? 100): string[] {
  const { receipt, kind, doubts } = of;
  return [
    `  Receipt ${receipt.sequence}: answer ${of.answerName}, score ${of.score.toFixed(3)}, of ${of.samples} samples`,
    ...contentLines(of.question, kind, width - 4).map((line) => `    ${line}`),
    "",
    ...sideLines("helped most", of.helped, of, width),
    ...sideLines("hurt most", of.hurt, of, width),
    "  Contributors to this answer",
    ...of.contributors.slice(0, 5).map(({ name, influence }) => `    ${signed(influence)}  ${name}`),
    "",
    `  ${TRAINING[of.training]}`,
    "  reproducible  influences, leaves and roots: from the records, by whoever holds them",
    "  attested      each batch is its contributor's: it signed the root; the operator signed the receipt",
    "  governed      that a content is honest, original and allowed",
    ...doubts.map((doubt) => `  ✗ the receipt: ${doubt}`),
  ];
}

function sideLines(
  title: string,
  samples: readonly ExplainedSample[],
  of: Explanation,
  width: number,
): string[] {
  if (samples.length === 0) return [`  Nothing ${title.replace(" most", "")}.`, ""];
  const blocks = samples.map((sample) => [
    ...(of.kind.kind === "text" ? [] : contentLines(sample.content, of.kind)),
    `${signed(sample.influence)} label ${sample.labelName}`,
    `left out: ${signed(-sample.leaveOneOut)}`,
    sample.contributor,
    ...inclusionLines(sample),
    ...(of.kind.kind === "text" ? contentLines(sample.content, of.kind, width - 8) : []),
  ]);
  const shown =
    of.kind.kind === "text" ? blocks.flatMap((block) => [...block, ""]) : beside(blocks, width - 4);
  return [`  Samples that ${title}`, ...shown.map((line) => `    ${line}`), ""];
}

/** Where a sample is committed, with the words that hold. */
function inclusionLines({ inclusion }: ExplainedSample): string[] {
  const { batch, place, opens, contentMatches } = inclusion;
  const content =
    contentMatches === undefined ? "content not kept" : contentMatches ? "content ✓" : "CONTENT ✗";
  return [`batch ${batch} no. ${place + 1}`, `${opens ? "root ✓" : "ROOT ✗"} ${content}`];
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(4)}`;
}
