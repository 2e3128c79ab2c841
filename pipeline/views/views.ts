/**
 * The public views of a project: what the service answers and an export writes. Each is made from what the
 * project and its chain hold at the moment, and kept until either has moved on (`revision`).
 */
import type { ModelState } from "../commit.ts";
import type { Project } from "../project.ts";
import type { Session } from "../session.ts";
import { bundlePath } from "./bundles.ts";
import { contributorSummaries, contributorView } from "./contributors.ts";
import { datanetViews } from "./datanets.ts";
import { epochView, lastEpoch } from "./epochs.ts";
import { modelSummaries, modelView } from "./models.ts";
import { openSource, type Source, type SourceOptions } from "./source.ts";
import type {
  ContributorSummary,
  ContributorView,
  DatanetView,
  EpochView,
  ModelSummary,
  ModelView,
  Views,
} from "./types.ts";

/** Views on demand. Ids and addresses are taken in any case; what is not there is undefined. */
export type OpenViews = {
  /** Changes whenever any view may have changed: what a cache may be keyed by. */
  readonly revision: () => Promise<string>;
  readonly datanets: () => Promise<readonly DatanetView[]>;
  readonly datanet: (id: string) => Promise<DatanetView | undefined>;
  readonly models: () => Promise<readonly ModelSummary[]>;
  readonly model: (id: string) => Promise<ModelView | undefined>;
  readonly epoch: (model: string, number: number) => Promise<EpochView | undefined>;
  /** Where the bundle of an epoch lies; `model` undefined means the current one. */
  readonly bundle: (model: string | undefined, number: number) => Promise<string | undefined>;
  readonly contributors: () => Promise<readonly ContributorSummary[]>;
  readonly contributor: (address: string) => Promise<ContributorView | undefined>;
};

/** Most views that are kept at a time. */
const KEPT = 500;

/** Opens the views of a project. */
export function openViews(project: Project, session: Session, options: SourceOptions = {}): OpenViews {
  const read = openSource(project, session, options);
  let known: { readonly revision: string; readonly made: Map<string, Promise<unknown>> } = {
    revision: "",
    made: new Map(),
  };
  // Two requests at a time must not both read the chain's news and append them twice.
  let turn: Promise<unknown> = Promise.resolve();
  const fresh = (): Promise<Source> => {
    const next = turn.then(read);
    turn = next.catch(() => {});
    return next;
  };
  const cached = async <T>(name: string, make: (source: Source) => Promise<T>): Promise<T> => {
    const source = await fresh();
    if (known.revision !== source.revision) known = { revision: source.revision, made: new Map() };
    const { made } = known;
    let view = made.get(name) as Promise<T> | undefined;
    if (view === undefined) {
      view = make(source);
      if (made.size >= KEPT) made.clear();
      made.set(name, view);
      view.catch(() => made.delete(name));
    }
    return view;
  };
  const modelOf = ({ models }: Source, id: string): ModelState | undefined =>
    models.find((model) => model.id.toLowerCase() === id.toLowerCase());
  const datanets = (): Promise<readonly DatanetView[]> => cached("datanets", datanetViews);
  return {
    revision: async () => (await fresh()).revision,
    datanets,
    datanet: async (id) => (await datanets()).find((one) => one.id === id),
    models: () => cached("models", modelSummaries),
    model: (id) =>
      cached(`model/${id.toLowerCase()}`, async (source) => {
        const model = modelOf(source, id);
        return model === undefined ? undefined : modelView(source, model);
      }),
    epoch: (id, number) =>
      cached(`epoch/${id.toLowerCase()}/${number}`, async (source) => {
        const model = modelOf(source, id);
        return model === undefined ? undefined : epochView(source, model, number);
      }),
    bundle: async (id, number) => {
      const { models } = await fresh();
      const model =
        id === undefined ? models[0] : models.find((one) => one.id.toLowerCase() === id.toLowerCase());
      return model === undefined ? undefined : bundlePath(project, model.id, number);
    },
    contributors: () => cached("contributors", contributorSummaries),
    contributor: (address) =>
      cached(`contributor/${address.toLowerCase()}`, (source) => contributorView(source, address)),
  };
}

/** Everything at once, for an export. */
export async function buildViews(
  project: Project,
  session: Session,
  options: SourceOptions = {},
): Promise<Views> {
  const source = await openSource(project, session, options)();
  const epochs: EpochView[] = [];
  for (const model of source.models) {
    for (let number = 1; number <= lastEpoch(source, model); number++) {
      const view = await epochView(source, model, number);
      if (view !== undefined) epochs.push(view);
    }
  }
  const contributors: ContributorView[] = [];
  const summaries = await contributorSummaries(source);
  for (const { address } of summaries) {
    const view = await contributorView(source, address);
    if (view !== undefined) contributors.push(view);
  }
  return {
    datanets: await datanetViews(source),
    models: await modelSummaries(source),
    modelViews: await Promise.all(source.models.map((model) => modelView(source, model))),
    epochs,
    contributorSummaries: summaries,
    contributors,
  };
}
