/**
 * Structured logs, one JSON line each, on standard error: standard output belongs to the command's result.
 *
 * Nothing secret goes in. Only what is listed here is logged of a request (no body, no header but the agent's
 * name), and should a caller pass headers or keys to the logger all the same, they are struck out by path.
 */

import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import { type DestinationStream, pino } from "pino";

const SECRET_NAMES = [
  "authorization",
  '["idempotency-key"]',
  '["payment-signature"]',
  "cookie",
  "privateKey",
  "signature",
  "token",
  "master",
];

/** Opens the log. `QUITTANCE_LOG` sets the level: trace, debug, info (the default), warn, error, silent. */
export function openLogger(destination: DestinationStream = pino.destination(2)): FastifyBaseLogger {
  const asked = process.env["QUITTANCE_LOG"] ?? "info";
  const level = asked === "silent" || asked in pino.levels.values ? asked : "info";
  const paths = SECRET_NAMES.flatMap((name) => {
    const join = (prefix: string): string =>
      name.startsWith("[") ? `${prefix}${name}` : `${prefix}.${name}`;
    return [name, join("*"), join("*.*"), join("headers"), join("req.headers"), join("request.headers")];
  });
  return pino(
    {
      name: "quittance",
      level,
      redact: { paths, censor: "(kept back)" },
      serializers: {
        req: (request: FastifyRequest) => ({
          method: request.method,
          // A query is no place for a secret, and yet people put them there.
          path: request.url?.split("?")[0],
          from: request.ip,
        }),
        res: (reply: FastifyReply) => ({ status: reply.statusCode }),
        err: pino.stdSerializers.err,
      },
    },
    destination,
  );
}
