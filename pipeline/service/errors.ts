/**
 * What the service refuses, and how it says so: always `{"error":{"code","message"}}`, where the message says
 * what to do. A code is for programs and never changes; a stack trace or the text of an unknown error never
 * leaves the machine.
 */

/** A refusal with its HTTP status. `headers` go with it. */
export class ServiceError extends Error {
  override readonly name = "Service.Refused";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The body of a refusal. */
export type ErrorBody = { readonly error: { readonly code: string; readonly message: string } };

/** The body that tells of a refusal. */
export function errorBody(code: string, message: string): ErrorBody {
  return { error: { code, message } };
}

/** A refusal for now: the caller waits and asks again with the same idempotency key. */
export function busy(code: string, message: string, retryAfterSeconds: number): ServiceError {
  return new ServiceError(503, code, message, { "retry-after": String(retryAfterSeconds) });
}

/** Nothing is known by that name. */
export function notFound(what: string): ServiceError {
  return new ServiceError(404, "not_found", what);
}

/** What Fastify finds wrong with a request before a route sees it, in our words. */
const FRAMEWORK: Readonly<Record<string, readonly [status: number, code: string, message: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: [
    413,
    "body_too_large",
    "The body is larger than 1 MiB. Send a smaller content.",
  ],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    "media_type",
    "Send the body as JSON, with content-type: application/json.",
  ],
  FST_ERR_CTP_EMPTY_JSON_BODY: [
    400,
    "bad_request",
    "The body is empty. Send JSON; /openapi.json says which.",
  ],
  FST_ERR_CTP_INVALID_JSON_BODY: [
    400,
    "bad_request",
    "The body is not JSON. /openapi.json says what to send.",
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    400,
    "bad_request",
    "The body is not as long as its content-length says.",
  ],
  FST_ERR_BAD_URL: [400, "bad_request", "The path is not a valid one. Escape it as a URL requires."],
  FST_ERR_ASYNC_CONSTRAINT: [400, "bad_request", "The request's constraints cannot be met."],
};

/** Our own errors that are nobody's mistake, by name: for now it cannot be done. */
const FOR_NOW: Readonly<Record<string, readonly [code: string, message: string]>> = {
  "Rpc.Unreachable": [
    "chain_unavailable",
    "The chain does not answer. Try again with the same idempotency key.",
  ],
  "Rpc.Response": [
    "chain_unavailable",
    "The chain refused a question. Try again with the same idempotency key.",
  ],
  "Logs.BlockRefused": ["chain_unavailable", "The chain's node does not give its history. Try again later."],
  "Logs.Busy": ["chain_unavailable", "The chain's node is asked too often. Try again in a minute."],
  "Events.Unsteady": ["chain_unavailable", "The chain is changing. Try again in a moment."],
  "Events.NotYetDeployed": ["chain_unavailable", "The chain's node has to catch up. Try again later."],
  "History.BlockGone": ["chain_unavailable", "The chain is changing. Try again in a moment."],
  "Ledger.Unsteady": ["chain_unavailable", "The chain is changing. Try again with the same idempotency key."],
  "KeyValue.Failed": ["storage_unavailable", "Requests cannot be looked up. Try again later."],
  "Store.WriteError": [
    "storage_unavailable",
    "Nothing can be kept, so nothing is answered. Try again later.",
  ],
};

/** Any error as a refusal: our own as it is, Fastify's in our words, the rest as a defect without details. */
export function asRefusal(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  const known = code === undefined ? undefined : FRAMEWORK[code];
  if (known !== undefined) return new ServiceError(known[0], known[1], known[2], {}, error);
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    const message = "The request is not a valid one. /openapi.json says what each route takes.";
    return new ServiceError(statusCode, "bad_request", message, {}, error);
  }
  const passing = FOR_NOW[(error as Error | undefined)?.name ?? ""];
  if (passing !== undefined) return new ServiceError(503, ...passing, { "retry-after": "5" }, error);
  const message = "This should not happen. Nothing was paid; the operator's log has the details.";
  return new ServiceError(500, "defect", message, {}, error);
}
