/**
 * The service of one project: opened, listened with, and closed in the right order.
 */
import type { AddressInfo } from "node:net";
import type { FastifyBaseLogger } from "fastify";
import { currentModel } from "../commit.ts";
import type { Project } from "../project.ts";
import type { Session } from "../session.ts";
import { createApp } from "./app.ts";
import { type App, DEFAULT_SETTINGS, type ServiceContext, type ServiceSettings } from "./context.ts";
import { openLogger } from "./logs.ts";

/** What {@link createService} needs. Project and session stay the caller's to close, after the service. */
export type ServiceOptions = {
  readonly project: Project;
  readonly session: Session;
  /** Price of an answer in fee units. */
  readonly feeUnits?: number;
  readonly settings?: Partial<ServiceSettings>;
  readonly logger?: FastifyBaseLogger;
};

/** An open service. */
export type Service = {
  readonly app: App;
  readonly context: ServiceContext;
  /** Starts to listen; port 0 takes a free one. Returns the address. */
  listen(of: { readonly host: string; readonly port: number }): Promise<string>;
  /** Takes nothing new, finishes what is in hand, and ends. */
  close(): Promise<void>;
};

/** The version that the service tells. */
export const VERSION = "0.1.0";

/** Opens the service of a project's model. */
export async function createService(of: ServiceOptions): Promise<Service> {
  const { project, session, feeUnits = 100, settings, logger = openLogger() } = of;
  let draining = false;
  const context: ServiceContext = {
    version: VERSION,
    project,
    session,
    profile: session.profile,
    model: currentModel(project),
    feeUnits,
    settings: { ...DEFAULT_SETTINGS, ...settings },
    status: () => (draining ? "draining" : "ok"),
  };
  const app = await createApp(context, logger);
  return {
    app,
    context,
    async listen({ host, port }) {
      await app.listen({ host, port });
      const address = app.server.address() as AddressInfo;
      const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
      return `http://${name}:${address.port}`;
    },
    async close() {
      draining = true;
      await app.close();
    },
  };
}
