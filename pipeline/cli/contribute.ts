/**
 * `quittance contribute`: in a project, or in three steps on two machines, so that a contributor's key stays
 * where it is.
 *
 *     --prepare FILE   operator      what one contributor has to sign
 *     --sign FILE      contributor   looks at it, and signs; needs no project
 *     --signed FILE    operator      records what was signed
 */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import type { DuplicateMode } from "../admit.ts";
import { openBackbone } from "../backbone/backbone.ts";
import { contribute, openTrainingBackbone } from "../contribute.ts";
import { loadCorpus } from "../corpus/folder.ts";
import type { Desk } from "../desk.ts";
import type { Account } from "../engine/ethers.ts";
import { recordSigned, requestSignatures } from "../handover.ts";
import { type OwnSamples, type ReviewedRequest, reviewRequest, signRequest } from "../handover-check.ts";
import { readRequest, type SignedBatches, type SigningRequest, writeSigned } from "../handover-file.ts";
import { className } from "../project-labels.ts";
import { checkLines } from "./check.ts";
import { addDataOptions, type DataOptions, encoderOf, readData } from "./data.ts";
import { addressText, duplicatesOption, tell, wholeNumber } from "./options.ts";
import { atPlace } from "./place.ts";
import { addCreationOptions, type Creation, creationOf, withSession } from "./project.ts";
import { countOf, openUi, table, type Ui } from "./ui.ts";

type Options = Partial<DataOptions> &
  Creation & {
    readonly contributor?: string;
    readonly duplicates: DuplicateMode;
    readonly prepare?: string;
    readonly account?: string;
    readonly sign?: string;
    readonly datanet?: number;
    readonly out?: string;
    readonly send?: boolean;
    readonly signed?: string;
  };

/** Adds the command to the tree. */
export function addContributeCommand(root: Command): void {
  const command = root
    .command("contribute")
    .description("sign batches of samples as their contributors, and record them on chain")
    .addOption(new Option("-p, --project <folder>", "the project folder (all but --sign)"))
    .option("--contributor <name>", "only this contributor's samples")
    .addOption(duplicatesOption())
    .option("--prepare <file>", "operator: write what this contributor has to sign, and sign nothing")
    .option(
      "--account <address>",
      "with --prepare: the contributor's, where the project does not know it",
      addressText,
    )
    .option("--sign <file>", "contributor: look at what --prepare wrote; with --out or --send, sign it")
    .option("--out <file>", "with --sign: where the signatures go, for the operator")
    .option("--send", "with --sign: record the batches oneself, and pay the gas")
    .option(
      "--datanet <number>",
      "with --sign: sign for this datanet alone",
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option("--signed <file>", "operator: record what the contributor signed");
  addCreationOptions(addDataOptions(command, { required: false }))
    .addHelpText(
      "after",
      `
"train" on the same data finds the batches again. In a local project the contributors' wallets are derived from its
secret. On other chains a contributor signs where its key is: the operator prepares a request (it holds that
contributor's contents, labels, features and salts, and nobody else's: hand it to nobody else), the contributor looks at
it and signs, the operator records it. --sign needs no project, only the deployment file, the chain and the key in
QUITTANCE_CONTRIBUTOR_KEY; with --data it compares every sample with your own, with --backbone it recomputes the
features. Without --out and --send it only looks. It exits with 1 where something is in doubt, and signs nothing then.

Examples:
  quittance contribute --project shop --data ./digits
  quittance contribute --project shop --data ./digits --contributor writer-2154 --prepare request.json --account 0x…
  quittance contribute --sign request.json --deployment deployment.json --chain http://127.0.0.1:8545 --data ./mine
  quittance contribute --sign request.json --deployment deployment.json --chain http://127.0.0.1:8545 --out signed.json
  quittance contribute --project shop --signed signed.json
`,
    )
    .action(async (options: Options, command: Command) => {
      const { prepare, sign, signed } = options;
      if ([prepare, sign, signed].filter((one) => one !== undefined).length > 1)
        throw new InvalidArgumentError("--prepare, --sign and --signed are three steps: one in each call.");
      if (sign !== undefined) await signHere(sign, options, command);
      else if (signed !== undefined) await recordHere(signed, options, command);
      else if (prepare !== undefined) await prepareHere(prepare, options, command);
      else await contributeHere(options, command);
    });
}

/** Signs and records, in a project. */
async function contributeHere(options: Options, command: Command): Promise<void> {
  refuseOthers(options, "a project alone", ["account", "out", "send", "datanet"]);
  const { contributor: only } = options;
  await withData(options, "contributor", async (of) => {
    const { datanet, contributors } = await contribute({ ...of, ...(only === undefined ? {} : { only }) });
    const rows = contributors.map(({ name, account, batches }) => [
      name,
      account,
      String(batches.reduce((sum, { count }) => sum + count, 0)),
      batches.map(({ id }) => String(id)).join(" "),
    ]);
    tell(
      command,
      { datanet, contributors },
      `  Datanet ${datanet}\n${table(["contributor", "account", "samples", "batch numbers"], rows)}`,
    );
  });
}

/** The operator's first step. */
async function prepareHere(out: string, options: Options, command: Command): Promise<void> {
  refuseOthers(options, "--prepare", ["out", "send", "datanet"]);
  const { contributor, account } = options;
  if (contributor === undefined)
    throw new InvalidArgumentError("Say whose samples: --prepare FILE --contributor NAME.");
  await withData(options, "operator", async (of) => {
    const wanted = { contributor, out, ...(account === undefined ? {} : { account }) };
    const made = await requestSignatures({ ...of, ...wanted });
    const { datanet, asked, there } = made;
    const samples = asked.reduce((sum, { count }) => sum + count, 0);
    const before = there.length === 0 ? "" : `\n  Recorded already: batch ${there.join(", ")}.`;
    const file = asked.length === 0 ? null : out;
    tell(
      command,
      { ...made, file },
      file === null
        ? `  Nothing of ${contributor} is left to sign.${before}`
        : `  ${file}: ${countOf(asked.length, "batch", "batches")}, ${countOf(samples, "sample")} of datanet ${datanet}, for ${made.account} and nobody else.${before}`,
    );
  });
}

/** The operator's second step. */
async function recordHere(file: string, options: Options, command: Command): Promise<void> {
  refuseOthers(options, "--signed", [
    ...(["data", "limit", "backbone", "public", "contributor", "account", "out", "send", "datanet"] as const),
  ]);
  const folder = projectOf(options);
  await withSession({ folder, role: "operator" }, async (project, session) => {
    const batches = await recordSigned({ project, session, file });
    const rows = batches.map(({ id, name, account, count, there }) => [
      ...[String(id), name, account, String(count), there ? "was there already" : "recorded now"],
    ]);
    tell(command, { batches }, table(["batch", "contributor", "account", "samples", ""], rows));
  });
}

/** The contributor's step, with no project. */
async function signHere(file: string, options: Options, command: Command): Promise<void> {
  refuseOthers(options, "--sign", ["project", "contributor", "account", "public", "feeUnitWei"]);
  const { datanet, deployment, chain, out, send = false } = options;
  const ui = openUi(process.stderr);
  const place = {
    ...(deployment === undefined ? {} : { deployment }),
    ...(chain === undefined ? {} : { chain }),
  };
  await atPlace(place, "contributor", async (desk) => {
    const wallet = await desk.wallet("contributor/you");
    const request = readRequest(file);
    const own = ownSamples(options, request);
    const backbone =
      options.backbone === undefined ? undefined : await openBackbone(readFileSync(options.backbone));
    let reviewed: ReviewedRequest;
    try {
      reviewed = await reviewRequest({
        ...{ desk, request, account: wallet.address },
        ...(datanet === undefined ? {} : { datanet: BigInt(datanet) }),
        ...(own === undefined ? {} : { own }),
        ...(backbone === undefined ? {} : { backbone }),
      });
    } finally {
      await backbone?.close();
    }
    for (const line of statement(request, reviewed)) ui.line(line);
    const signed = out !== undefined || send ? await signRequest(desk, wallet, request) : undefined;
    if (signed !== undefined && out !== undefined) writeSigned(out, signed);
    const batches =
      signed !== undefined && send
        ? await sendAll(desk, wallet, signed, reviewed, ui)
        : request.batches.map(({ message }, i) => ({ ...message, batch: reviewed.recorded[i] ?? 0n }));
    const { checks, samples } = reviewed;
    const result = { datanet: reviewed.datanet, account: wallet.address, samples, checks, batches };
    const lines = [
      ...(out === undefined ? [] : [`  ${out}: ${countOf(batches.length, "signature")}, for the operator.`]),
      ...(send ? [`  Recorded: batch ${batches.map(({ batch }) => batch).join(", ")}.`] : []),
      ...(signed === undefined ? ["  Nothing is signed: add --out FILE, or --send."] : []),
    ];
    tell(command, { ...result, signed: signed !== undefined, file: out ?? null }, lines.join("\n"));
  });
}

/** What a signature under this request says, and what of it was looked at. */
function statement(
  { batches, labels }: SigningRequest,
  { checks, datanet, samples }: ReviewedRequest,
): string[] {
  const classes = new Map<number, number>();
  for (const { klass } of batches.flatMap(({ records }) => records))
    classes.set(klass, (classes.get(klass) ?? 0) + 1);
  const counted = [...classes]
    .sort(([a], [b]) => a - b)
    .map(([klass, n]) => `${n} of class ${className(labels, klass)}`);
  const rest = counted.length > 12 ? `, and ${counted.length - 12} classes more` : "";
  return [
    `  You are asked to sign ${countOf(batches.length, "batch", "batches")}, ${countOf(samples, "sample")}, for datanet ${datanet}:`,
    `  ${counted.slice(0, 12).join(", ")}${rest}.`,
    checkLines(checks),
    "  Your signature says: these roots, so many samples each, this datanet, mine. Attested: by you. Who holds it can",
    "  record the batches and change nothing; you can take them back (quittance datanet withdraw). That a model was made",
    "  of them, and what it pays you, is proven by that model's operator, for anybody to verify.",
  ];
}

/** Records batches as their contributor; those that stand on chain already are passed over. */
async function sendAll(
  { contracts }: Desk,
  wallet: Account,
  { batches }: SignedBatches,
  { recorded }: ReviewedRequest,
  ui: Ui,
): Promise<(SignedBatches["batches"][number]["message"] & { readonly batch: bigint })[]> {
  return await ui.step(`Record ${countOf(batches.length, "batch", "batches")}`, async (report) => {
    const sent: (SignedBatches["batches"][number]["message"] & { readonly batch: bigint })[] = [];
    for (const [index, { message, signature }] of batches.entries()) {
      report(index, batches.length);
      const there = recorded[index] ?? 0n;
      // The signature goes with it, although the sender is the contributor: bundles show it to others.
      const batch =
        there === 0n ? (await contracts.contribute(wallet, { ...message, signature })).batchId : there;
      sent.push({ ...message, batch });
    }
    return sent;
  });
}

function ownSamples({ data, limit }: Options, { labels }: SigningRequest): OwnSamples | undefined {
  if (data === undefined) return undefined;
  const { samples } = loadCorpus(data, {
    ...(labels === undefined ? {} : { labels }),
    ...(limit === undefined ? {} : { limit }),
  });
  return { name: data, samples };
}

/** Opens a project, its data and the backbone that reads it. */
async function withData(
  options: Options,
  role: string,
  work: (of: Omit<Parameters<typeof contribute>[0], "only">) => Promise<void>,
): Promise<void> {
  const { data, backbone: brought, public: known, duplicates } = options;
  const folder = projectOf(options);
  if (data === undefined) throw new InvalidArgumentError("Say what to contribute: --data PATH.");
  const ui = openUi(process.stderr);
  const { corpus, publicTexts } = await ui.step("Read the data", async () =>
    readData({ ...options, project: folder, data }),
  );
  const texts = publicTexts === undefined ? {} : { publicTexts };
  await withSession(
    { folder, create: creationOf(options), role },
    async (project, session) => {
      const opened = await openTrainingBackbone({
        ...{ project, session, corpus, ui, ...texts },
        ...(brought === undefined ? {} : { encoder: encoderOf(brought, known) }),
      });
      try {
        await work({ ...{ project, session, corpus, ui, duplicates }, ...opened, ...texts });
      } finally {
        await opened.backbone.close();
      }
    },
    ui,
  );
}

function projectOf({ project }: Options): string {
  if (project === undefined)
    throw new InvalidArgumentError("Say where: --project FOLDER (a contributor without one: --sign FILE).");
  return project;
}

function refuseOthers(options: Options, step: string, names: ReadonlyArray<keyof Options>): void {
  const given = names.filter((name) => options[name] !== undefined);
  if (given.length === 0) return;
  const words = given.map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
  throw new InvalidArgumentError(
    `With ${step}, leave ${words.join(", ")} out: see quittance contribute --help.`,
  );
}
