/**
 * The HTTP application: limits, headers, errors and documentation that all routes share.
 *
 * Everything is same-origin: no CORS header is sent, and a request that changes something is refused when a
 * browser says that it comes from another page. Behind TLS and a proxy the service says nothing else; it
 * terminates no TLS itself.
 */
import type { Duplex } from "node:stream";
import rateLimit from "@fastify/rate-limit";
import swagger from "@fastify/swagger";
import fastify, {
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import type { App, ServiceContext } from "./context.ts";
import { asRefusal, errorBody, ServiceError } from "./errors.ts";
import { healthRoutes } from "./routes/health.ts";
import { inferRoutes } from "./routes/infer.ts";
import { jobRoutes } from "./routes/jobs.ts";
import { metricRoutes } from "./routes/metrics.ts";
import { receiptRoutes } from "./routes/receipts.ts";
import { rpcRoutes } from "./routes/rpc.ts";
import { termsRoutes } from "./routes/terms.ts";
import { viewRoutes } from "./routes/views.ts";
import { explorerRoutes } from "./static.ts";

/** Bytes of a body. */
const BODY_LIMIT = 1 << 20;
/** A request that has not arrived after this long is given up. */
const REQUEST_TIMEOUT_MS = 30_000;

const HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "content-security-policy":
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; img-src 'self' data:; " +
    "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
};

/** Makes the application with all its routes; it listens when it is told to. */
export async function createApp(context: ServiceContext, logger: FastifyBaseLogger): Promise<App> {
  const app = fastify({
    loggerInstance: logger,
    // One line a request, when it is answered (below).
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    trustProxy: context.settings.trustProxy,
    forceCloseConnections: "idle",
    return503OnClosing: true,
    routerOptions: { maxParamLength: 256 },
    frameworkErrors: (error, _request, reply) => {
      const { status, code, message } = asRefusal(error);
      void (reply as FastifyReply).code(status).send(errorBody(code, message));
    },
    clientErrorHandler: (error, socket) => refuseSocket(error as NodeJS.ErrnoException, socket),
  }) as unknown as App;
  app.removeContentTypeParser("text/plain");
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data, plain));
  app.setErrorHandler((error, request, reply) => {
    const refusal = asRefusal(error);
    // What the operator has to see to: a defect, a full disk, a chain that does not answer. Not a full queue.
    if (refusal.status >= 500 && refusal.cause !== undefined)
      request.log.error({ err: refusal.cause }, refusal.code);
    context.metrics.refused(refusal.code);
    void reply.code(refusal.status).headers(refusal.headers).send(errorBody(refusal.code, refusal.message));
  });
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send(errorBody("not_found", "There is nothing here. /openapi.json lists what is."));
  });
  app.addHook("onRequest", async (request) => refuseOtherOrigins(request));
  app.addHook("onSend", async (_request, reply) => {
    reply.headers(HEADERS);
    if (context.status() === "draining") reply.header("connection", "close");
  });
  app.addHook("onResponse", async (request, reply) => {
    const ms = Math.round(reply.elapsedTime * 10) / 10;
    request.log.info({ req: request, res: reply, ms }, "request");
  });
  await app.register(rateLimit, {
    global: true,
    max: context.settings.ratePerAddress,
    timeWindow: 60_000,
    cache: 10_000,
    errorResponseBuilder: (_request, { ttl }) =>
      new ServiceError(
        429,
        "rate_limited",
        `Too many requests from this address. Wait ${Math.ceil(ttl / 1_000)} s and go on more slowly.`,
      ),
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.0.3",
      info: {
        title: "Quittance",
        version: context.version,
        description:
          "Paid answers with signed receipts, and what pays the people whose data taught the model.",
      },
    },
  });
  addRoutes(app, context);
  if (context.settings.explorer) await explorerRoutes(app, context);
  await app.ready();
  return app;
}

/** Every route module. */
function addRoutes(app: App, context: ServiceContext): void {
  metricRoutes(app, context);
  healthRoutes(app, context);
  termsRoutes(app, context);
  inferRoutes(app, context);
  receiptRoutes(app, context);
  jobRoutes(app, context);
  rpcRoutes(app, context);
  viewRoutes(app, context);
  app.get("/openapi.json", { schema: { summary: "this document", tags: ["service"] } }, async () =>
    app.swagger(),
  );
}

const SOCKET_ERRORS: Readonly<Record<string, readonly [status: string, code: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "headers_too_large",
    "The headers are larger than 16 KiB. Send smaller ones.",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "too_slow", "The request took too long to arrive."],
};

/** Bytes that are no HTTP: there is no request to answer, only a socket. */
function refuseSocket({ code = "" }: NodeJS.ErrnoException, socket: Duplex): void {
  if (code === "ECONNRESET" || !socket.writable) return;
  const [status, name, message] = SOCKET_ERRORS[code] ?? [
    "400 Bad Request",
    "bad_request",
    "These bytes are no HTTP request.",
  ];
  const body = JSON.stringify(errorBody(name, message));
  const headers = `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close`;
  socket.end(`HTTP/1.1 ${status}\r\n${headers}\r\n\r\n${body}`);
}

/** Another page must not make a visitor's browser ask here. */
function refuseOtherOrigins({ method, headers }: FastifyRequest): void {
  const { origin, host } = headers;
  if (method === "GET" || method === "HEAD" || origin === undefined) return;
  const from = URL.canParse(origin) ? new URL(origin) : undefined;
  const here = `${from?.protocol}//${host}`;
  if (from !== undefined && URL.canParse(here) && new URL(here).host === from.host) return;
  throw new ServiceError(
    403,
    "other_origin",
    "Pages of another origin may not ask here. Call from a program, or from this page.",
  );
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
