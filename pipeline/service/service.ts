/**
 * The service of one project: opened, listened with, and closed in the right order.
 */
import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { openAnswering } from "../answering.ts";
import { currentModel } from "../commit.ts";
import { sameAddress } from "../engine/ethers.ts";
import { checkFee } from "../infer.ts";
import type { Work } from "../jobs/spec.ts";
import type { Project } from "../project.ts";
import type { Session } from "../session.ts";
import { VERSION } from "../version.ts";
import { createApp } from "./app.ts";
import { type App, DEFAULT_SETTINGS, type ServiceContext, type ServiceSettings } from "./context.ts";
import { openDesk } from "./desk.ts";
import { openDueWatch } from "./due.ts";
import { openJobs } from "./jobs.ts";
import { openLogger } from "./logs.ts";
import { openMetrics } from "./metrics.ts";
import { openTill } from "./payment.ts";
import { openSigners } from "./signers.ts";

/** What {@link createService} needs. Project and session stay the caller's to close, after the service. */
export type ServiceOptions = {
  readonly project: Project;
  readonly session: Session;
  /** Price of an answer in fee units. */
  readonly feeUnits?: number;
  readonly settings?: Partial<ServiceSettings>;
  readonly logger?: FastifyBaseLogger;
  /** Lets whoever has it settle over HTTP; nobody may without one. */
  readonly operatorToken?: string;
  /** Where proofs are made. */
  readonly work?: Work;
};

/** While it closes, connections that have become idle are looked for so often. */
const IDLE_LOOK_MS = 50;

/** An open service. */
export type Service = {
  readonly app: App;
  readonly context: ServiceContext;
  /** Starts to listen; port 0 takes a free one. Returns the address. */
  listen(of: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes nothing new, finishes what is in hand, and ends. */
  close(): Promise<void>;
};

/**
 * Opens the service of a project's model. Throws NoModelError, FeeError, {@link OtherOperatorError}, and what
 * reading the project's receipts throws.
 */
export async function createService(of: ServiceOptions): Promise<Service> {
  const { project, session, feeUnits = 100, logger = openLogger(), work = { workers: "local" } } = of;
  checkFee(feeUnits, session.profile);
  const model = currentModel(project);
  if (!sameAddress(await session.contracts.operatorOf(model.id), session.operator.address))
    throw new OtherOperatorError(session.operator.address, model.id);
  const settings = { ...DEFAULT_SETTINGS, ...of.settings };
  const signers = openSigners({
    chainId: session.chain.chainId,
    vault: session.deployment.vault,
  });
  const notice = (line: string): void => logger.warn(line);
  const answering = await openAnswering({ project, session, notice, signAll: signers.signAll }).catch(
    async (error) => {
      await signers.close();
      throw error;
    },
  );
  let draining = false;
  const till = openTill({ session, answering, signers, feeUnits });
  const due = await openDueWatch({ answering, session, logger, folder: project.folder }).catch(
    async (error) => {
      await answering.close();
      await signers.close();
      throw error;
    },
  );
  const metrics = openMetrics({
    queueDepth: () => desk.depth(),
    epochRoom: () => desk.room(),
    dueSeconds: () => due.now()?.left,
  });
  const desk = openDesk({ answering, till, feeUnits, settings, metrics });
  const jobs = openJobs((job, error) => {
    if (error === undefined) logger.info({ job: job.id, kind: job.kind }, "job done");
    else logger.error({ job: job.id, kind: job.kind, err: error }, "job failed");
  });
  const context: ServiceContext = {
    version: VERSION,
    project,
    session,
    profile: session.profile,
    model: answering.model,
    feeUnits,
    settings,
    answering,
    till,
    desk,
    jobs,
    metrics,
    due,
    work,
    ...(of.operatorToken === undefined ? {} : { operatorToken: of.operatorToken }),
    status: () => (draining ? "draining" : "ok"),
  };
  const app = await createApp(context, logger);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    draining = true;
    due.close();
    // Requests in hand are answered; then the threads and the graph can go without being cut off.
    await desk.drain();
    await jobs.close();
    // A connection whose last response was being sent when closing began is idle only afterwards, and would
    // be waited for until its keep-alive runs out.
    const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_LOOK_MS);
    await app.close().finally(() => clearInterval(idle));
    await answering.close();
    await signers.close();
  };
  return {
    app,
    context,
    async listen({ host, port }) {
      await app.listen({ host, port });
      const address = app.server.address() as AddressInfo;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}

/** The key at hand is not of the model's operator: its receipts would hold against nobody. */
export class OtherOperatorError extends Error {
  override readonly name = "Service.OtherOperator";
  constructor(address: string, modelId: string) {
    super(
      `${address} is not the operator of model ${modelId}. Put the key of the account that committed it into QUITTANCE_OPERATOR_KEY.`,
    );
  }
}
