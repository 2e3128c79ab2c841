/**
 * What views are made from: the project's models and receipts and the chain's history, each read again only
 * where it has changed. Requests come by the hundred and blocks by the minute, so a refresh costs a question
 * for the latest block, a look at two folders, and nothing more while they are the same.
 */
import { existsSync, statSync } from "node:fs";
import type { ModelState } from "../commit.ts";
import { contentKindOf } from "../contents.ts";
import { projectDatanet } from "../contribute.ts";
import type { Project } from "../project.ts";
import { projectLabels } from "../project-labels.ts";
import { followReceipts, openEpoch, receiptsFolder } from "../receipt-store.ts";
import type { Receipt } from "../receipts.ts";
import type { EpochState } from "../seal.ts";
import type { Session } from "../session.ts";
import { type History, openHistory } from "./history.ts";
import type { ContentView, TokenView } from "./types.ts";

/** A project and its chain at one moment. */
export type Source = {
  readonly project: Project;
  readonly session: Session;
  readonly history: History;
  /** The current model first, then those that it came from. Empty before the first. */
  readonly models: readonly ModelState[];
  /** Datanets of this project: its own, and those of its models. */
  readonly datanets: readonly bigint[];
  readonly labels?: readonly string[];
  readonly content: ContentView;
  /** What the operator calls an account, by the account in lower case. */
  readonly names: ReadonlyMap<string, string>;
  /** What the operator calls a datanet. */
  readonly datanetName: (id: bigint) => string | undefined;
  /** Receipts of an epoch, by their numbers. */
  readonly receipts: (model: ModelState, epoch: number) => readonly Receipt[];
  /** How many answers an epoch has, without reading them where it is sealed. */
  readonly answers: (model: ModelState, epoch: number) => number;
  /** The epoch that takes answers now. */
  readonly openEpoch: (model: ModelState) => number;
  readonly token: (address: string) => Promise<TokenView>;
  /** Fee units of an answer, where the operator has said so. */
  readonly feeUnits?: number;
  /** Changes whenever a view may have changed. */
  readonly revision: string;
};

/** Settings that are not in the project. */
export type SourceOptions = { readonly feeUnits?: number };

/** Opens the source of a project's views; each call of the function that it returns looks for news. */
export function openSource(
  project: Project,
  session: Session,
  { feeUnits }: SourceOptions = {},
): () => Promise<Source> {
  const history = openHistory(session);
  const receipts = receiptReader(project);
  const tokens = new Map<string, TokenView>();
  let kept: Kept = { stamp: "", states: [], names: new Map() };
  const token = async (address: string): Promise<TokenView> => {
    const lower = address.toLowerCase();
    const known = tokens.get(lower) ?? {
      address: lower,
      symbol: await session.contracts.erc20Symbol(address),
      decimals: await session.contracts.erc20Decimals(address),
    };
    tokens.set(lower, known);
    return known;
  };
  return async () => {
    const stamp = stampOf(project);
    if (stamp !== kept.stamp) {
      const states = readModels(project);
      kept = { stamp, states, names: namesOf(project, states) };
    }
    const { states, names } = kept;
    const own = projectDatanet(project);
    const datanets = new Set([...(own === undefined ? [] : [own]), ...states.map((model) => model.datanet)]);
    const labels = projectLabels(project);
    const now = await history.refresh();
    const [current] = states;
    const open = current === undefined ? 0 : openEpoch(project, current);
    const answered = current === undefined ? 0 : receipts(current, open).length;
    const settled = project.readState<{ settled: boolean }>(`${epochsOf(current)}/${open - 1}`)?.settled;
    return {
      project,
      session,
      history: now,
      models: states,
      datanets: [...datanets].sort((a, b) => (a < b ? -1 : 1)),
      ...(labels === undefined ? {} : { labels }),
      content: contentKindOf(project),
      names,
      datanetName: (id) => datanetName(project, states, id),
      receipts,
      answers: (model, epoch) =>
        project.readState<EpochState>(`${epochsOf(model)}/${epoch}`)?.receipts ??
        receipts(model, epoch).length,
      openEpoch: (model) => openEpoch(project, model),
      token,
      ...(feeUnits === undefined ? {} : { feeUnits }),
      revision: [now.head.hash, stamp, open, answered, settled === true ? 1 : 0].join("/"),
    };
  };
}

const epochsOf = (model: ModelState | undefined): string => `epochs/${(model?.id ?? "").slice(2, 18)}`;

type Kept = {
  readonly stamp: string;
  readonly states: readonly ModelState[];
  readonly names: ReadonlyMap<string, string>;
};

/** Changes with the files of models and contributions, which are large and many. */
function stampOf(project: Project): string {
  const current = project.path("state", "model.json");
  const written = existsSync(current) ? statSync(current).mtimeMs : 0;
  return [written, project.listState("lineage").length, project.listState("contributed").length].join("-");
}

/** The current model and its ancestors, nearest first; then any others that the project keeps. */
function readModels(project: Project): readonly ModelState[] {
  const current = project.readState<ModelState>("model");
  if (current === undefined) return [];
  const kept = new Map(
    project
      .listState("lineage")
      .flatMap((name) => project.readState<ModelState>(name) ?? [])
      .map((model) => [model.id, model]),
  );
  const line = [current];
  for (let at = current.parent; at !== undefined; ) {
    const parent = kept.get(at);
    if (parent === undefined || line.includes(parent)) break;
    line.push(parent);
    at = parent.parent;
  }
  return [...line, ...[...kept.values()].filter((model) => !line.includes(model) && model.id !== current.id)];
}

type Named = { readonly name: string; readonly account: string };

function namesOf(project: Project, models: readonly ModelState[]): Map<string, string> {
  const named: Named[] = project
    .listState("contributed")
    .flatMap((state) => project.readState<Named>(state) ?? []);
  for (const model of models) named.push(...model.contributors);
  return new Map(named.map(({ name, account }) => [account.toLowerCase(), name]));
}

function datanetName(project: Project, models: readonly ModelState[], id: bigint): string | undefined {
  const own = project.readState<{ readonly id: bigint; readonly name: string }>("datanet");
  return own?.id === id ? own.name : models.find(({ datanet }) => datanet === id)?.corpus;
}

/** Epochs whose receipts are remembered: the open one and those that somebody looks at. */
const MOST_READERS = 8;

/** Reads receipts as they come: one that was read is not read again, while its epoch is looked at. */
function receiptReader(project: Project): Source["receipts"] {
  const readers = new Map<string, () => readonly Receipt[]>();
  return (model, epoch) => {
    const folder = receiptsFolder(project.folder, model.id, epoch);
    const reader = readers.get(folder) ?? followReceipts(folder);
    readers.delete(folder);
    readers.set(folder, reader);
    const [longestUnused] = readers.keys();
    if (readers.size > MOST_READERS && longestUnused !== undefined) readers.delete(longestUnused);
    return reader();
  };
}
