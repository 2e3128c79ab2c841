/** Whether the service answers, what it is, how much room its open epoch has, and when the next is due. */
import { z } from "zod";
import type { App, ServiceContext } from "../context.ts";
import { route } from "../route.ts";

const healthSchema = z.object({
  status: z.enum(["ok", "draining"]),
  version: z.string(),
  chainId: z.number().int(),
  local: z.boolean().describe("the chain lives in the operator's process: play money"),
  insecureKeys: z.boolean().describe("proving keys of a known secret: for development only"),
  modelId: z.string(),
  openEpoch: z.number().int(),
  room: z.number().int().describe("answers that the open epoch takes"),
  dueBy: z
    .number()
    .int()
    .optional()
    .describe(
      "seconds since 1970: when the earliest receipt is due whose epoch is not on chain; absent if none is",
    ),
});

/** Adds the route. */
export function healthRoutes(app: App, context: ServiceContext): void {
  const { session, model, version } = context;
  route(app, {
    method: "GET",
    url: "/health",
    summary: "whether the service answers, and what it is",
    tag: "service",
    answers: { 200: { description: "it is up", schema: healthSchema } },
    handle: () => {
      const due = context.due.now();
      return {
        status: context.status(),
        version,
        chainId: session.chain.chainId,
        local: session.chain.kind === "local",
        insecureKeys: session.keys.manifest.insecure,
        modelId: model.id,
        openEpoch: context.answering.epoch(),
        room: Math.max(0, context.desk.room()),
        ...(due === undefined ? {} : { dueBy: due.dueBy }),
      };
    },
  });
}
