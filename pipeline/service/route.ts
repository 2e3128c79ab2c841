/**
 * Declares a route once: zod schemas check what comes in, and the same schemas are what `/openapi.json` says.
 *
 * Fastify's own validation and serialisation are switched off (`app.ts`): two validators would disagree some
 * day, and the one that a route's types come from should be the one that is obeyed.
 */
import type { FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { zodToJsonSchema } from "zod-to-json-schema";
import type { App } from "./context.ts";
import { ServiceError } from "./errors.ts";

/** One possible answer, for the documentation. Without a schema its content is of `type`. */
export type Documented = {
  readonly description: string;
  readonly schema?: z.ZodTypeAny;
  /** Media type; JSON unless told otherwise. */
  readonly type?: string;
};

/** What a route is. Parts without a schema are not looked at. */
export type RouteSpec<P, Q, H, B> = {
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly summary: string;
  readonly tag: string;
  readonly params?: z.ZodType<P, z.ZodTypeDef, unknown>;
  readonly query?: z.ZodType<Q, z.ZodTypeDef, unknown>;
  /** Header names in lower case. */
  readonly headers?: z.ZodType<H, z.ZodTypeDef, unknown>;
  readonly body?: z.ZodType<B, z.ZodTypeDef, unknown>;
  readonly answers: Readonly<Record<number, Documented>>;
  /** Answers with what is sent as JSON (bigints as decimal texts), or sends through `reply`. */
  readonly handle: (of: {
    readonly params: P;
    readonly query: Q;
    readonly headers: H;
    readonly body: B;
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
  }) => unknown;
};

/** The body of every refusal. */
export const errorSchema = z.object({
  error: z.object({
    code: z.string().describe("for programs"),
    message: z.string().describe("for people: what to do"),
  }),
});

/** Adds a route. A request that does not fit its schemas is refused with 400. */
export function route<P = unknown, Q = unknown, H = unknown, B = unknown>(
  app: App,
  spec: RouteSpec<P, Q, H, B>,
): void {
  app.route({
    method: spec.method,
    url: spec.url,
    schema: documentation(spec),
    handler: async (request, reply) =>
      spec.handle({
        params: parsed(spec.params, request.params, "path"),
        query: parsed(spec.query, request.query, "query"),
        headers: parsed(spec.headers, request.headers, "headers"),
        body: parsed(spec.body, request.body, "body"),
        request,
        reply,
      }),
  });
}

function parsed<T>(
  schema: z.ZodType<T, z.ZodTypeDef, unknown> | undefined,
  value: unknown,
  where: string,
): T {
  if (schema === undefined) return undefined as T;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (where === "path" && issue?.code === "invalid_string") throw notInPath(value, issue);
  const place = [where, ...(issue?.path ?? [])].join(".");
  throw new ServiceError(
    400,
    "bad_request",
    `${place}: ${issue?.message ?? "not valid"}. /openapi.json says what this route takes.`,
  );
}

/** People meet a wrong address too, in the explorer: it says in words what it is not. */
function notInPath(value: unknown, issue: z.ZodIssue): ServiceError {
  const given = (value as Record<string, unknown> | undefined)?.[String(issue.path[0])];
  const text = String(given).slice(0, 80);
  return new ServiceError(
    400,
    "bad_request",
    `"${text}" is not ${issue.message}. /openapi.json says what this route takes.`,
  );
}

/** A JSON schema as OpenAPI 3 takes it. */
function jsonSchema(schema: z.ZodTypeAny): object {
  const { $schema: _, ...json } = zodToJsonSchema(schema, { target: "openApi3", $refStrategy: "none" }) as {
    $schema?: string;
  };
  return json;
}

function documentation<P, Q, H, B>(spec: RouteSpec<P, Q, H, B>): Record<string, unknown> {
  const { summary, tag, params, query, headers, body, answers } = spec;
  const response = Object.fromEntries(
    Object.entries(answers).map(([status, { description, schema, type = "application/json" }]) => [
      status,
      {
        description,
        content: { [type]: { schema: schema === undefined ? { type: "string" } : jsonSchema(schema) } },
      },
    ]),
  );
  return {
    summary,
    tags: [tag],
    ...(params === undefined ? {} : { params: jsonSchema(params) }),
    ...(query === undefined ? {} : { querystring: jsonSchema(query) }),
    ...(headers === undefined ? {} : { headers: jsonSchema(headers) }),
    ...(body === undefined ? {} : { body: jsonSchema(body) }),
    response: {
      ...response,
      "4XX": { description: "refused", content: { "application/json": { schema: jsonSchema(errorSchema) } } },
    },
  };
}
