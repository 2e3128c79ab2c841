/** Commands that change a project: demo, train, infer, settle, claim. */
import { type Command, InvalidArgumentError } from "commander";
import type { ProfileName } from "../../prover/index.ts";
import { type DuplicateMode, foundDuplicates } from "../admit.ts";
import { clockOf } from "../chain/client.ts";
import { currentModel } from "../commit.ts";
import { loadCorpus } from "../corpus/folder.ts";
import { runDemo } from "../demo.ts";
import { firstDue } from "../due.ts";
import { forgetContributors } from "../forget.ts";
import { answerQueries } from "../infer.ts";
import type { WorkPlace } from "../jobs/spec.ts";
import { readVoucherFile } from "../payments/voucher-file.ts";
import type { Project } from "../project.ts";
import { className, projectLabels } from "../project-labels.ts";
import { proveTraining } from "../prove-training.ts";
import { coinOf, type Session } from "../session.ts";
import { settleEpoch } from "../settle.ts";
import { trainModel } from "../train.ts";
import { addClaimCommand } from "./claim.ts";
import { addDataOptions, type DataOptions, encoderOf, readData } from "./data.ts";
import { tellDue } from "./due.ts";
import { addressText, duplicatesOption, profileOption, tell, wholeNumber } from "./options.ts";
import { addCreationOptions, type Creation, creationOf, projectOption, withSession } from "./project.ts";
import { coins, openUi, table, type Ui } from "./ui.ts";
import { workersOption, workOf } from "./work.ts";

/** Adds the commands to the tree. */
export function addProjectCommands(root: Command): void {
  root
    .command("demo")
    .description("the whole job on 1,024 real digits of 12 contributors: train, answer, prove, pay, report")
    .option("-p, --project <folder>", "where to keep it", "out/demo")
    .option("--out <folder>", "where the report and the bundle go", "out")
    .option("--keep", "continue an interrupted demonstration instead of starting afresh")
    .addOption(profileOption().hideHelp())
    .addHelpText("after", "\nExample:\n  quittance demo\n  open out/report.html\n")
    .action(
      async (
        options: { project: string; out: string; keep?: boolean; profile: ProfileName },
        command: Command,
      ) => {
        const ui = openUi(process.stderr);
        const result = await runDemo({
          folder: options.project,
          out: options.out,
          keep: options.keep === true,
          profile: options.profile,
          ui,
        });
        tell(command, result, result.lastLine);
      },
    );

  const train = root
    .command("train")
    .description("record contributed data, fit the model and commit it on chain");
  addDataOptions(train.addOption(projectOption()))
    .option(
      "--lambda <n>",
      "the ridge's regulariser (default: chosen on public data)",
      wholeNumber(1, 4_294_967_295),
    )
    .option(
      "--unproven",
      "register the model as unproven: usable without a training proof, and everything says so",
    )
    .option(
      "--token <address>",
      "what it is paid in, one of the datanet's tokens (default: the deployment's own)",
    )
    .addOption(duplicatesOption())
    .addOption(workersOption());
  addCreationOptions(train)
    .addHelpText(
      "after",
      `
Each contributor's samples become batches; the contributor signs each batch's root and the chain records it. In a local
project the contributors' wallets are derived from the project's secret.

--backbone takes an integer graph (uint8 [n, bytes] in, int8 [n, d] out, the last feature constant) as it is; a float
encoder (MatMul, Gemm, Conv, Relu, pooling) is quantised to integers with ranges measured on public contents.

Texts come as a CSV (columns text, label or category, contributor) or JSONL; labels may be names, up to 77 with the
profile tickets32. --public is a file alike, without contributors: its texts train the backbone and are paid for by
nobody.

Examples:
  quittance train --project shop --data ./digits             (train-images-idx3-ubyte.gz, writers-train.tsv.gz, …)
  quittance train --project shop --data ./digits --limit 2000
  quittance train --project shop --data samples.csv
  quittance train --project shop --data ./digits --chain http://127.0.0.1:8545 --deployment deployment.json
  quittance train --project shop --data ./digits --backbone encoder.onnx
  quittance train --project desk --profile tickets32 --data tickets.csv --public public.csv
`,
    )
    .action(async (options: TrainOptions, command: Command) => {
      const ui = openUi(process.stderr);
      const create = creationOf(options);
      const { corpus, publicTexts } = await ui.step("Read the data", async () => readData(options));
      await withSession({ folder: options.project, create }, async (project, session) => {
        const model = await trainModel({
          project,
          session,
          corpus,
          ui,
          ...(options.lambda === undefined ? {} : { lambda: options.lambda }),
          ...(options.backbone === undefined ? {} : { encoder: encoderOf(options.backbone, options.public) }),
          ...(publicTexts === undefined ? {} : { publicTexts }),
          unproven: options.unproven === true,
          ...(options.token === undefined ? {} : { token: addressText(options.token) }),
          duplicates: options.duplicates,
          work: workOf(options.workers, ui),
        });
        const { w: _w, a: _a, residual: _r, contributors, ...summary } = model;
        tell(
          command,
          {
            ...summary,
            duplicates: foundDuplicates(project),
            contributors: contributors.map(({ gradient: _g, moments: _m, ...rest }) => rest),
          },
          `  Model ${model.id}\n  ${model.samples} samples of ${contributors.length} contributors; ${model.unproven ? "registered as UNPROVEN" : "quittance prove (or settle) proves that its batches made it"}.`,
        );
      });
    });

  root
    .command("prove")
    .description("prove the training: the signed batches, and nothing but them, made the model")
    .addOption(projectOption())
    .addOption(workersOption())
    .addHelpText(
      "after",
      "\nsettle does this too, together with the epoch.\n\nExample:\n  quittance prove --project shop\n",
    )
    .action(async (options: ProveOptions, command: Command) => {
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const model = currentModel(project);
        const work = workOf(options.workers, ui);
        const training = await proveTraining({ project, session, model, ui, work });
        const proofs = training?.proofs.length ?? 0;
        const text =
          training === undefined
            ? "registered as unproven: nothing to prove"
            : `proven with ${proofs} proofs`;
        tell(command, { model: model.id, unproven: model.unproven, proofs }, `  Model ${model.id}: ${text}.`);
      });
    });

  root
    .command("forget")
    .description("fit and commit the model without a contributor; exact, and nothing is recomputed")
    .argument("<contributor...>", "names or addresses")
    .addOption(projectOption())
    .addHelpText(
      "after",
      "\nExample:\n  quittance forget writer-2154 --project shop && quittance prove --project shop\n",
    )
    .action(async (contributors: string[], options: { project: string }, command: Command) => {
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const model = await forgetContributors({ project, session, ui, forget: contributors });
        const { id, parent, samples } = model;
        const left = model.contributors.length;
        tell(
          command,
          { id, parent, samples, contributors: left },
          `  Model ${id}\n  made from ${parent}: ${samples} samples of ${left} contributors.`,
        );
      });
    });

  root
    .command("infer")
    .description("answer paid queries; every answer comes with a signed receipt")
    .addOption(projectOption())
    .requiredOption("-d, --data <path>", "the questions: a folder with IDX files, a CSV or a JSONL file")
    .option("--offset <n>", "skip the first n questions", wholeNumber(0, 1_000_000_000), 0)
    .option("--limit <n>", "ask at most n questions", wholeNumber(1, 100_000))
    .option(
      "--payer <name>",
      "who pays (on a local chain a wallet derived from the project's secret)",
      "payer-1",
    )
    .option("--voucher <file>", "the payer's voucher for these answers; on a local chain one is signed here")
    .option("--fee <units>", "fee units for each answer", wholeNumber(1, 65_535), 100)
    .addHelpText(
      "after",
      `
Every answer is paid with a voucher: one signature of the payer for all that it owes (see "quittance voucher").

Examples:
  quittance infer --project shop --data ./questions --limit 10 --payer alice
  quittance infer --project shop --data ./questions --limit 10 --payer alice --voucher voucher.json
`,
    )
    .action(async (options: InferOptions, command: Command) => {
      const ui = openUi(process.stderr);
      const split = options.limit === undefined ? {} : { limit: options.offset + options.limit };
      const corpus = await ui.step("Read the questions", async () =>
        loadCorpus(options.data, { ...split, part: "test", unlabelled: true }),
      );
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const queries = corpus.samples.slice(options.offset).map((sample) => ({
          content: sample.content,
          payer: options.payer,
          feeUnits: options.fee,
        }));
        const at = { chainId: session.chain.chainId, vault: session.deployment.vault };
        const voucher = options.voucher === undefined ? undefined : readVoucherFile(options.voucher, at);
        if (
          voucher !== undefined &&
          command.getOptionValueSource("payer") === "cli" &&
          session.chain.kind === "local"
        ) {
          const { address } = await session.wallet(`payer/${options.payer}`);
          if (address.toLowerCase() !== voucher.payer.toLowerCase())
            throw new InvalidArgumentError(
              `${options.voucher} is of ${voucher.payer}, and "${options.payer}" is ${address} here: leave out --payer, or give its own voucher.`,
            );
        }
        const vouchers = new Map(voucher === undefined ? [] : [[options.payer, voucher] as const]);
        const text = corpus.text === true;
        const answers = await answerQueries({ project, session, queries, ui, text, vouchers });
        const labels = projectLabels(project);
        const rows = answers.map(({ receipt, path }) => [
          String(receipt.sequence),
          className(labels, receipt.opening.answer),
          String(receipt.feeUnits),
          path,
        ]);
        tell(
          command,
          answers.map((a) => ({
            ...a,
            answer: className(labels, a.receipt.opening.answer),
            receipt: { ...a.receipt },
          })),
          table(["#", "answer", "fee", "receipt"], rows),
        );
        await remind(project, session, ui);
      });
    });

  root
    .command("settle")
    .description("close the epoch: prove it, post the proofs, turn weights into payouts, write the bundle")
    .addOption(projectOption())
    .addOption(workersOption())
    .addHelpText(
      "after",
      "\nCan be interrupted and run again: finished proofs are kept.\n\nExample:\n  quittance settle --project shop\n",
    )
    .action(async (options: ProveOptions, command: Command) => {
      await withSession({ folder: options.project }, async (project, session, ui) => {
        const settled = await settleEpoch({ project, session, ui, work: workOf(options.workers, ui) });
        const coin = await coinOf(session, currentModel(project).token);
        const rows = settled.payouts.map((p) => [p.name, String(p.influence), coins(p.payoutWei, coin)]);
        tell(
          command,
          { epoch: settled.epoch, bundle: settled.bundlePath, payouts: settled.payouts },
          `${table(["contributor", "influence", "payout"], rows)}\n  ${settled.bundlePath}`,
        );
        await remind(project, session, ui);
      });
    });

  addClaimCommand(root);
}

async function remind(project: Project, session: Session, ui: Ui): Promise<void> {
  const clock = { seconds: await clockOf(session.chain), of: "chain" } as const;
  tellDue(await firstDue(project, session), { clock, folder: project.folder, ui });
}

type ProveOptions = { readonly project: string; readonly workers: WorkPlace };
type TrainOptions = Creation &
  DataOptions & {
    readonly workers: WorkPlace;
    readonly lambda?: number;
    readonly unproven?: boolean;
    readonly token?: string;
    readonly duplicates: DuplicateMode;
  };
type InferOptions = {
  readonly project: string;
  readonly data: string;
  readonly offset: number;
  readonly limit?: number;
  readonly payer: string;
  readonly fee: number;
  readonly voucher?: string;
};
