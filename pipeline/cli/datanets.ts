/** Commands about a datanet; contributing to it has a file of its own (contribute.ts). */
import { existsSync, readFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { writeBatchFile } from "../batch-file.ts";
import { signWithdrawal } from "../chain/contracts.ts";
import { DATANET_POLICY } from "../chain/types.ts";
import { createDatanet, NoDatanetError, projectDatanet } from "../contribute.ts";
import { adoptSent, contributionsOf } from "../contributions.ts";
import { checksumAddress, isAddressText, keccak256 } from "../engine/ethers.ts";
import type { Project } from "../project.ts";
import { recordsOf } from "../records.ts";
import { statusOf } from "../validate.ts";
import { addressText, tell, wholeNumber } from "./options.ts";
import { addPlaceOptions, atPlace, type Place } from "./place.ts";
import { addCreationOptions, type Creation, creationOf, projectOption, withSession } from "./project.ts";
import { countOf, table } from "./ui.ts";

type InProject = { readonly project: string };

/** Adds the commands to the tree. */
export function addDataCommands(root: Command): void {
  const datanet = root
    .command("datanet")
    .description("a datanet: who may contribute, on what terms, and what is published of it")
    .addHelpText(
      "after",
      `
Examples:
  quittance datanet create --project shop --name digits --licence CC-BY-4.0 --validated
  quittance datanet show --project shop
  quittance datanet publish --project shop
`,
    );
  addCreate(datanet);
  addShow(datanet);
  addOwnersSteps(datanet);
}

type CreateOptions = InProject &
  Creation & {
    readonly name: string;
    readonly metadata?: string;
    readonly licence: string;
    readonly policy: (typeof DATANET_POLICY)[number];
    readonly validated?: boolean;
    readonly token?: string[];
  };

function addCreate(datanet: Command): void {
  const create = datanet
    .command("create")
    .description("create a datanet and make it the project's: contribute and train use it from now on")
    .addOption(projectOption())
    .requiredOption("--name <name>", "what the project calls it")
    .option("--metadata <file-or-uri>", "a description: its URI and the hash of the file are recorded")
    .option("--licence <name>", "on what terms the data may be used", "")
    .addOption(
      new Option("--policy <who>", "who may contribute").choices([...DATANET_POLICY]).default("open"),
    )
    .option("--validated", "a batch needs an accepting verdict before a model may take it")
    .option("--token <address...>", "tokens that models may be paid in (default: the deployment's own)");
  addCreationOptions(create)
    .addHelpText(
      "after",
      "\nIts terms never change.\n\nExample:\n  quittance datanet create --project shop --name digits --policy allowlist --validated\n",
    )
    .action(async (options: CreateOptions, command: Command) => {
      const { metadata, licence, policy, validated = false, token } = options;
      await withSession(
        { folder: options.project, create: creationOf(options) },
        async (project, session) => {
          const described =
            metadata === undefined
              ? {}
              : existsSync(metadata)
                ? { metadataURI: metadata, metadataHash: keccak256(readFileSync(metadata)) }
                : { metadataURI: metadata };
          const tokens = token === undefined ? {} : { tokens: token.map(addressText) };
          const terms = { ...described, licence, policy, validated, ...tokens };
          const id = await createDatanet({ project, session, name: options.name, terms });
          tell(command, { datanet: id, ...terms }, `  Datanet ${id}, owned by ${session.operator.address}.`);
        },
      );
    });
}

function addShow(datanet: Command): void {
  datanet
    .command("show")
    .description("the project's datanet, its versions, and the batches that this project recorded")
    .addOption(projectOption())
    .addHelpText("after", "\nExample:\n  quittance datanet show --project shop\n")
    .action(async (options: InProject, command: Command) => {
      await withSession({ folder: options.project }, async (project, session) => {
        const id = idOf(project);
        await adoptSent(project, session, id);
        const view = await session.contracts.datanet(id);
        const batches: Array<{
          id: bigint;
          name: string;
          count: number;
          status: string;
          withdrawn: boolean;
        }> = [];
        for (const { id: batch, name, count } of contributionsOf(project, id)) {
          const { withdrawnAt } = await session.contracts.batch(batch);
          const status = await statusOf(session, batch);
          batches.push({ id: batch, name, count, status, withdrawn: withdrawnAt !== 0n });
        }
        const policy = DATANET_POLICY[Number(view.policy)] ?? "open";
        const tokens = await session.contracts.datanetTokens(id);
        const { owner, validated, versions, accepted } = view;
        const licence = (await session.contracts.datanetTerms(id))?.licence ?? "";
        const rows = batches.map((b) => [
          String(b.id),
          b.name,
          String(b.count),
          b.withdrawn ? `${b.status}, withdrawn` : b.status,
        ]);
        tell(
          command,
          { datanet: id, owner, policy, validated, licence, tokens, versions, accepted, batches },
          `  Datanet ${id} of ${owner}: policy ${policy}, ${validated ? "verdicts needed" : "no verdicts"}, ` +
            `${countOf(accepted, "batch", "batches")} accepted, ${countOf(versions, "version")} published; ` +
            `${licence === "" ? "no licence said" : `licence ${licence}`}.\n` +
            table(["batch", "contributor", "samples", "status"], rows),
        );
      });
    });
}

function addOwnersSteps(datanet: Command): void {
  datanet
    .command("publish")
    .description("freeze what was accepted so far as the next version")
    .addOption(projectOption())
    .addHelpText("after", "\nExample:\n  quittance datanet publish --project shop\n")
    .action(async (options: InProject, command: Command) => {
      await withSession({ folder: options.project }, async (project, session) => {
        const { version, ...mined } = await session.contracts.publishDatanet(session.operator, idOf(project));
        session.record("publish datanet", mined);
        tell(command, { version }, `  Version ${version} is published.`);
      });
    });

  datanet
    .command("allow")
    .description("let an account contribute to a datanet with an allowlist")
    .argument("<who...>", "addresses, or on a local chain contributors' names")
    .option("--not", "take the permission back")
    .addOption(projectOption())
    .addHelpText("after", "\nExample:\n  quittance datanet allow writer-11 writer-22 --project shop\n")
    .action(async (who: string[], options: InProject & { not?: boolean }, command: Command) => {
      await withSession({ folder: options.project }, async (project, session) => {
        const [id, allowed] = [idOf(project), options.not !== true];
        const changed: { account: string; allowed: boolean }[] = [];
        for (const one of who) {
          const account = isAddressText(one)
            ? checksumAddress(one)
            : (await session.wallet(`contributor/${one}`)).address;
          const mined = await session.contracts.allowContributor(session.operator, id, account, allowed);
          session.record("allow contributor", mined);
          changed.push({ account, allowed });
        }
        const lines = changed.map(({ account }) => `  ${account} may ${allowed ? "" : "not "}contribute.`);
        tell(command, changed, lines.join("\n"));
      });
    });

  datanet
    .command("export")
    .description("write the records of the datanet's batches into a file, for validators")
    .option("--out <file>", "where it goes", "batches.json")
    .addOption(projectOption())
    .addHelpText(
      "after",
      `
A validator judges what it can open. The file holds features, classes, digests and salts, no contents: hand it to
validators and to nobody else. They judge with "quittance validate --batches FILE", with no project of their own.

Example:
  quittance datanet export --project shop --out batches.json
`,
    )
    .action(async (options: InProject & { out: string }, command: Command) => {
      await withSession({ folder: options.project }, async (project, session) => {
        const { deployment, profile } = session;
        const datanet = idOf(project);
        await adoptSent(project, session, datanet);
        const batches = contributionsOf(project, datanet).map(({ id, root }) => ({
          ...{ id, records: recordsOf(project, root, profile) },
        }));
        const { chainId, datanets } = deployment;
        writeBatchFile(options.out, { chainId, datanets, datanet, profile: profile.name, batches });
        tell(
          command,
          { file: options.out, datanet, batches: batches.map(({ id }) => id) },
          `  ${options.out}: ${countOf(batches.length, "batch", "batches")}. Validators only.`,
        );
      });
    });

  const withdraw = datanet
    .command("withdraw")
    .description("take a batch back, as its contributor: later models may not use it")
    .argument("<batch>", "the batch's number", wholeNumber(1, Number.MAX_SAFE_INTEGER));
  addPlaceOptions(withdraw, { model: false })
    .addHelpText(
      "after",
      `
For good; its number stays. Models that were committed before keep what they learned: "quittance forget" makes one without.
On a chain that is not local the contributor signs with QUITTANCE_CONTRIBUTOR_KEY, and needs no operator's project.

Example:
  quittance datanet withdraw 3 --project shop
`,
    )
    .action(async (batch: number, options: Place, command: Command) => {
      await atPlace(options, "contributor", async (session, { project }) => {
        const id = BigInt(batch);
        if (project === undefined) {
          const contributor = await session.wallet("contributor/you");
          await session.contracts.withdrawBatch(contributor, id);
          tell(command, { batch: id, contributor: contributor.address }, `  Batch ${id} is withdrawn.`);
          return;
        }
        const kept = contributionsOf(project, idOf(project)).find((one) => one.id === id);
        if (kept === undefined) throw new UnknownBatchError(id);
        const contributor = await session.wallet(`contributor/${kept.name}`);
        const signature = await signWithdrawal(contributor, session.deployment, id);
        session.record(
          "withdraw batch",
          await session.contracts.withdrawBatch(session.operator, id, signature),
        );
        tell(command, { batch: id, contributor: kept.name }, `  Batch ${id} of ${kept.name} is withdrawn.`);
      });
    });
}

function idOf(project: Project): bigint {
  const id = projectDatanet(project);
  if (id === undefined) throw new NoDatanetError(project.folder);
  return id;
}

/** Not a batch of this project. */
export class UnknownBatchError extends Error {
  override readonly name = "Datanet.UnknownBatch";
  constructor(batch: bigint) {
    super(`Batch ${batch} was not recorded from this project. "quittance datanet show" lists its batches.`);
  }
}
