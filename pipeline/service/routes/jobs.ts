/**
 * Settling, and the progress of long work.
 *
 * Only the operator may settle: it costs gas and closes the epoch. The job's state is for everybody who knows
 * its random number; it says nothing that the chain does not.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { settleEpoch } from "../../settle.ts";
import type { App, ServiceContext } from "../context.ts";
import { busy, notFound, ServiceError } from "../errors.ts";
import type { Job, JobEvent } from "../jobs.ts";
import { errorSchema, route } from "../route.ts";

/** A comment now and then, so that nobody in between takes a quiet stream for a dead one. */
const HEARTBEAT_MS = 15_000;
const MOST_STREAMS = 200;

const progressSchema = z.object({ step: z.string(), done: z.number(), total: z.number() });
const jobSchema = z.object({
  job: z.string(),
  kind: z.string(),
  startedAt: z.string(),
  status: z.enum(["running", "done", "failed"]),
  progress: progressSchema.optional(),
  end: z
    .object({ ok: z.boolean(), error: z.string().optional(), result: z.record(z.unknown()).optional() })
    .optional(),
});
const paramsSchema = z.object({ id: z.string().uuid("a job's id") });

/** Adds the routes. */
export function jobRoutes(app: App, context: ServiceContext): void {
  const { project, session, desk, jobs, work } = context;
  route(app, {
    method: "POST",
    url: "/epochs/settle",
    summary: "closes the open epoch and settles it in the background; answers go on into the next one",
    tag: "operator",
    headers: z.object({ authorization: z.string().optional().describe("`Bearer TOKEN`") }),
    answers: {
      202: { description: "the job", schema: z.object({ job: z.string() }) },
      401: { description: "the token is missing or wrong", schema: errorSchema },
      403: { description: "no token is set up", schema: errorSchema },
    },
    async handle({ headers, reply }) {
      checkOperator(context, headers.authorization);
      if (context.status() === "draining") throw busy("draining", "The service is being stopped.", 5);
      const job = jobs.start("settle", async (ui, signal) => {
        const seal = (): ReturnType<typeof desk.seal> => desk.seal();
        const settled = await settleEpoch({ project, session, ui, work: { ...work, signal }, seal });
        const { epoch, receipts, proofs } = settled;
        const { model } = settled.bundle;
        return {
          epoch,
          model: model.id,
          receipts: receipts.length,
          proofs: proofs.length,
          bundle: `/epochs/${model.id}-${epoch}/bundle`,
        };
      });
      reply.code(202).header("location", `/jobs/${job.id}`);
      return { job: job.id };
    },
  });

  const jobOf = (id: string): Job => {
    const job = jobs.get(id);
    if (job === undefined)
      throw notFound(
        "No job of that number is known; a restart forgets them. Settling again goes on where it was.",
      );
    return job;
  };
  route(app, {
    method: "GET",
    url: "/jobs/:id",
    summary: "how far a job is",
    tag: "operator",
    params: paramsSchema,
    answers: { 200: { description: "the job", schema: jobSchema } },
    handle({ params }) {
      const job = jobOf(params.id);
      return { job: job.id, kind: job.kind, startedAt: job.startedAt, ...job.state() };
    },
  });

  let streams = 0;
  route(app, {
    method: "GET",
    url: "/jobs/:id/events",
    summary: "a job's progress as server-sent events; Last-Event-ID goes on after an event",
    tag: "operator",
    params: paramsSchema,
    headers: z.object({
      "last-event-id": z
        .string()
        .regex(/^[0-9]{1,15}$/, "a number")
        .optional(),
    }),
    answers: {
      200: {
        description: "events `progress` {step,done,total} and `end` {ok,error?}",
        type: "text/event-stream",
      },
    },
    async handle({ params, headers, reply }) {
      const job = jobOf(params.id);
      if (streams >= MOST_STREAMS)
        throw new ServiceError(
          503,
          "too_many_streams",
          "Too many are watching. Ask GET /jobs/ID now and then.",
          {
            "retry-after": "10",
          },
        );
      streams += 1;
      try {
        await stream(reply, job, Number(headers["last-event-id"] ?? 0));
      } finally {
        streams -= 1;
      }
      return reply;
    },
  });
}

/** Sends events until the job or the connection ends. */
async function stream(reply: FastifyReply, job: Job, after: number): Promise<void> {
  const { raw } = reply;
  const controller = new AbortController();
  raw.on("close", () => controller.abort());
  reply.hijack();
  raw.writeHead(200, {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  });
  const heartbeat = setInterval(() => raw.write(": still here\n\n"), HEARTBEAT_MS);
  try {
    for await (const { id, event, data } of job.events(after, controller.signal))
      raw.write(eventText({ id, event, data } as JobEvent));
  } finally {
    clearInterval(heartbeat);
    raw.end();
  }
}

function eventText({ id, event, data }: JobEvent): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Throws {@link ServiceError} unless this is the operator. Takes the same time for every wrong token. */
function checkOperator({ operatorToken }: ServiceContext, authorization: string | undefined): void {
  if (operatorToken === undefined)
    throw new ServiceError(
      403,
      "no_operator_token",
      "Settling over HTTP is switched off. Start the service with QUITTANCE_OPERATOR_TOKEN (or _FILE), or stop it and run: quittance settle",
    );
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  const given = /^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "";
  if (!timingSafeEqual(digest(given), digest(operatorToken)))
    throw new ServiceError(
      401,
      "not_the_operator",
      "Send authorization: Bearer TOKEN, with the operator's token.",
      {
        "www-authenticate": "Bearer",
      },
    );
}
