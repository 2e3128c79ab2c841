/**
 * What every route works with. A route module is a file of `routes/` with one function `(app, context) =>
 * void`, listed in `app.ts`; it declares its routes with {@link route}, which checks what comes in by a zod
 * schema and puts the same schema into `/openapi.json`.
 */
import type { FastifyInstance } from "fastify";
import type { Profile } from "../../prover/index.ts";
import type { Answering } from "../answering.ts";
import type { ModelState } from "../commit.ts";
import type { Work } from "../jobs/spec.ts";
import type { Project } from "../project.ts";
import type { Session } from "../session.ts";
import type { Desk } from "./desk.ts";
import type { DueWatch } from "./due.ts";
import type { Jobs } from "./jobs.ts";
import type { Metrics } from "./metrics.ts";
import type { Till } from "./payment.ts";

/** The HTTP application. */
export type App = FastifyInstance;

/** An open service, as its routes see it. */
export type ServiceContext = {
  readonly version: string;
  readonly project: Project;
  readonly session: Session;
  readonly profile: Profile;
  /** The model that answers. */
  readonly model: ModelState;
  /** Price of an answer, in fee units. */
  readonly feeUnits: number;
  readonly settings: ServiceSettings;
  /** The open model, the till that looks at payments, and the desk where requests become batches. */
  readonly answering: Answering;
  readonly till: Till;
  readonly desk: Desk;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  readonly due: DueWatch;
  /** Where proofs are made. */
  readonly work: Work;
  /** Whoever has it may settle; nobody may where it is absent. */
  readonly operatorToken?: string;
  /** Whether new work is taken. */
  readonly status: () => "ok" | "draining";
};

/** What an operator can choose. */
export type ServiceSettings = {
  /** Requests that may wait for their answer; more are refused with 503. */
  readonly maxQueue: number;
  /** Contents in one run of the backbone. */
  readonly maxBatch: number;
  /** Requests a minute of one address, and paid answers a minute of one payer; more are refused with 429. */
  readonly ratePerAddress: number;
  readonly ratePerPayer: number;
  /**
   * Full epochs that may wait to be settled while answers go on; 0 refuses answers until the full one is
   * settled. All are due by the dates in their receipts.
   */
  readonly sealedEpochs: number;
  /** Whether `x-forwarded-for` is believed: only behind a proxy that sets it. */
  readonly trustProxy: boolean;
  /** Benchmarks only: answers without payment, signature and receipt, over the same path. */
  readonly receipts: boolean;
  /** Whether the explorer is served too. */
  readonly explorer: boolean;
};

/** Settings where the operator chooses nothing. */
export const DEFAULT_SETTINGS: ServiceSettings = {
  maxQueue: 1_024,
  maxBatch: 64,
  ratePerAddress: 6_000,
  ratePerPayer: 3_000,
  sealedEpochs: 8,
  trustProxy: false,
  receipts: true,
  explorer: true,
};
