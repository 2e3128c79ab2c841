/** `GET /metrics`: counters for Prometheus. Nothing in them names a payer or a request. */
import type { App, ServiceContext } from "../context.ts";
import { route } from "../route.ts";

/** Adds the route, and the hook that feeds it. */
export function metricRoutes(app: App, { metrics }: ServiceContext): void {
  app.addHook("onResponse", async (request, reply) => {
    metrics.request(request.routeOptions.url ?? "none", reply.statusCode, reply.elapsedTime / 1_000);
  });
  route(app, {
    method: "GET",
    url: "/metrics",
    summary: "counters, for Prometheus",
    tag: "service",
    answers: { 200: { description: "Prometheus text", type: "text/plain" } },
    handle: async ({ reply }) => reply.type(metrics.contentType).send(await metrics.text()),
  });
}
