/** What is counted, for Prometheus. The only importer of prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** The counters of an open service. */
export type Metrics = {
  readonly answered: (replayed: boolean) => void;
  readonly refused: (code: string) => void;
  readonly batch: (size: number) => void;
  readonly request: (route: string, status: number, seconds: number) => void;
  /** The text that Prometheus reads, and its media type. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
};

/** Opens the counters. Gauges are asked when they are read. */
export function openMetrics(gauges: {
  readonly queueDepth: () => number;
  readonly epochRoom: () => number;
  /** Seconds until the first epoch is due; undefined where none is. */
  readonly dueSeconds: () => number | undefined;
}): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const answers = new Counter({
    name: "quittance_answers_total",
    help: "answers, with whether they were paid now or replayed",
    labelNames: ["kind"],
    registers,
  });
  const refused = new Counter({
    name: "quittance_refused_total",
    help: "requests that were refused, by code",
    labelNames: ["code"],
    registers,
  });
  const batches = new Histogram({
    name: "quittance_batch_size",
    help: "answers in one run of the backbone",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const latency = new Histogram({
    name: "quittance_request_seconds",
    help: "time from request to response",
    labelNames: ["route", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  new Gauge({
    name: "quittance_queue_depth",
    help: "requests that wait or are being answered",
    registers,
    collect() {
      this.set(gauges.queueDepth());
    },
  });
  new Gauge({
    name: "quittance_epoch_room",
    help: "answers that the open epoch still takes",
    registers,
    collect() {
      this.set(gauges.epochRoom());
    },
  });
  new Gauge({
    name: "quittance_due_seconds",
    help: "seconds until the earliest receipt is due whose epoch is not on chain; no sample where there is none",
    registers,
    collect() {
      const seconds = gauges.dueSeconds();
      if (seconds === undefined) this.remove();
      else this.set(seconds);
    },
  });
  return {
    answered: (replayed) => answers.inc({ kind: replayed ? "replayed" : "paid" }),
    refused: (code) => refused.inc({ code }),
    batch: (size) => batches.observe(size),
    request: (route, status, seconds) => latency.observe({ route, status: String(status) }, seconds),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
