/**
 * What anybody may see: datanets, models, epochs, contributors, and the bundles to check them by.
 *
 * Each answer carries an ETag that changes when the chain or the project has moved on, so that a page that
 * looks again every few seconds costs a comparison; the views themselves are kept by the same mark.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  contributorSchema,
  contributorSummarySchema,
  datanetSchema,
  epochSchema,
  modelSchema,
  modelSummarySchema,
} from "../../views/schemas.ts";
import { openViews } from "../../views/views.ts";
import type { App, ServiceContext } from "../context.ts";
import { notFound } from "../errors.ts";
import { route } from "../route.ts";

const hex32 = z.string().regex(/^0x[0-9a-fA-F]{64}$/, "a model's id: 0x and 64 hex digits");
const address = z.string().regex(/^0x[0-9a-fA-F]{40}$/, "an address: 0x and 40 hex digits");
const whole = z
  .string()
  .regex(/^[0-9]{1,15}$/, "a number")
  .transform(Number);
const bundleId = z
  .string()
  .regex(/^(0x[0-9a-fA-F]{64}-)?[0-9]{1,15}$/, "an epoch's number, or a model's id, a hyphen and the number");

const OF_MODEL = "No model of that id is served here. GET /models lists those that are.";

/** Adds the routes. */
export function viewRoutes(app: App, { project, session, feeUnits, version }: ServiceContext): void {
  const views = openViews(project, session, { feeUnits });

  /** Whether the caller has the newest already; sets the marks that say so. */
  const unchanged = async (request: FastifyRequest, reply: FastifyReply): Promise<boolean> => {
    const mark = [await views.revision(), request.url, feeUnits, version].join(" ");
    const etag = `"${createHash("sha256").update(mark).digest("base64url").slice(0, 22)}"`;
    reply.header("etag", etag).header("cache-control", "no-cache");
    const known = String(request.headers["if-none-match"] ?? "").replaceAll("W/", "");
    return known.split(/,\s*/).includes(etag);
  };

  /** A GET of a view: 304 where nothing changed, 404 in the given words where there is none. */
  const view = <P, S extends z.ZodTypeAny>(of: {
    readonly url: string;
    readonly summary: string;
    readonly schema: S;
    readonly missing: string;
    readonly params?: z.ZodType<P, z.ZodTypeDef, unknown>;
    readonly make: (params: P) => Promise<Readonly<z.input<S>> | undefined>;
  }): void => {
    const { url, summary, schema, missing, params, make } = of;
    route<P>(app, {
      method: "GET",
      url,
      summary,
      tag: "views",
      ...(params === undefined ? {} : { params }),
      answers: { 200: { description: summary, schema } },
      async handle({ params: asked, request, reply }) {
        if (await unchanged(request, reply)) return reply.code(304).send();
        const made = await make(asked);
        if (made === undefined) throw notFound(missing);
        return made;
      },
    });
  };

  view({
    url: "/datanets",
    summary: "datanets of this project",
    schema: z.array(datanetSchema),
    missing: "",
    make: async () => [...(await views.datanets())] as z.input<typeof datanetSchema>[],
  });
  view({
    url: "/datanets/:id",
    summary: "a datanet with its versions, contributors and batches",
    params: z.object({ id: z.string().regex(/^[0-9]{1,78}$/, "a datanet's number") }),
    schema: datanetSchema,
    missing: "No datanet of that number belongs to this project. GET /datanets lists those that do.",
    make: async ({ id }) => (await views.datanet(id)) as z.input<typeof datanetSchema> | undefined,
  });
  view({
    url: "/models",
    summary: "models, the one that answers first, with all that is needed to pay",
    schema: z.array(modelSummarySchema),
    missing: "",
    make: async () => [...(await views.models())] as z.input<typeof modelSummarySchema>[],
  });
  view({
    url: "/models/:id",
    summary: "a model with its lineage, contributors and books",
    params: z.object({ id: hex32 }),
    schema: modelSchema,
    missing: OF_MODEL,
    make: async ({ id }) => (await views.model(id)) as z.input<typeof modelSchema> | undefined,
  });
  view({
    url: "/models/:id/epochs/:number",
    summary: "an epoch: answers, influence, payouts, proofs and transactions",
    params: z.object({ id: hex32, number: whole }),
    schema: epochSchema,
    missing: "There is no such epoch. GET /models lists the models and their epochs.",
    make: async ({ id, number }) =>
      (await views.epoch(id, number)) as z.input<typeof epochSchema> | undefined,
  });
  view({
    url: "/contributors",
    summary: "everybody who contributed, with what they have earned and are owed",
    schema: z.array(contributorSummarySchema),
    missing: "",
    make: async () => [...(await views.contributors())] as z.input<typeof contributorSummarySchema>[],
  });
  view({
    url: "/contributors/:address",
    summary: "a contributor: batches, earnings, and the transaction that pays what is owed",
    params: z.object({ address }),
    schema: contributorSchema,
    missing: "Nobody of that address contributed to this project. GET /contributors lists who did.",
    make: async ({ address: of }) =>
      (await views.contributor(of)) as z.input<typeof contributorSchema> | undefined,
  });

  route(app, {
    method: "GET",
    url: "/epochs/:id/bundle",
    summary: "the bundle of a settled epoch, with which anybody can check it",
    tag: "views",
    params: z.object({ id: bundleId }),
    answers: { 200: { description: "what `quittance verify` checks", schema: z.object({}).passthrough() } },
    async handle({ params: { id }, request, reply }) {
      const [number, model] = id.split("-").reverse() as [string, string | undefined];
      const path = await views.bundle(model, Number(number));
      if (path === undefined)
        throw notFound(
          "This epoch has no bundle: it is not settled, or there is none of that name. GET /models says.",
        );
      if (await unchanged(request, reply)) return reply.code(304).send();
      return reply.type("application/json; charset=utf-8").send(await readFile(path));
    },
  });
}
