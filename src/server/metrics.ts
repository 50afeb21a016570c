/** What the server counts, for Prometheus. No label is taken from what a client wrote; namespaces are those of the configuration. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry as Metrics } from "prom-client";

import type { RegistryEvent } from "../registry/events.ts";
import type { ExchangeReport } from "../registry/http/index.ts";
import type { Quota, Usage } from "../registry/storage/quota.ts";

const METHODS = new Set(["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"]);
/** Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Whom to ask for what is not counted here. */
export interface MetricSources {
  openUploads(): Promise<number>;
  readonly quotas: readonly Quota[];
  usage(namespace: string): Promise<Usage>;
}

const NO_SOURCES: MetricSources = {
  openUploads: async () => 0,
  quotas: [],
  usage: async () => ({ bytes: 0, manifests: 0 }),
};

export class ServerMetrics {
  readonly #metrics = new Metrics();
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #durations: Histogram<"method" | "route">;
  readonly #bytes: Counter<"direction">;
  readonly #events: Counter<"kind">;
  readonly #deliveries: Counter<"outcome">;
  readonly #collections: Counter<"outcome">;

  /** Asked whenever somebody reads the metrics. */
  sources: MetricSources | undefined;

  constructor() {
    const sources = (): MetricSources => this.sources ?? NO_SOURCES;
    const registers = [this.#metrics];
    collectDefaultMetrics({ register: this.#metrics });
    this.#requests = new Counter({
      name: "skillctl_http_requests_total",
      help: "Requests of the registry's API.",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#durations = new Histogram({
      name: "skillctl_http_request_duration_seconds",
      help: "From a request's headers to the end of its answer.",
      labelNames: ["method", "route"],
      buckets: BUCKETS,
      registers,
    });
    this.#bytes = new Counter({
      name: "skillctl_http_body_bytes_total",
      help: "Bytes of bodies, in and out.",
      labelNames: ["direction"],
      registers,
    });
    this.#events = new Counter({
      name: "skillctl_events_total",
      help: "What happened to manifests and tags.",
      labelNames: ["kind"],
      registers,
    });
    this.#deliveries = new Counter({
      name: "skillctl_webhook_deliveries_total",
      help: "Attempts to deliver an event.",
      labelNames: ["outcome"],
      registers,
    });
    this.#collections = new Counter({
      name: "skillctl_gc_runs_total",
      help: "Runs of the garbage collector.",
      labelNames: ["outcome"],
      registers,
    });
    new Gauge({
      name: "skillctl_open_uploads",
      help: "Uploads under way. Left out while nobody can tell.",
      registers,
      async collect() {
        const open = await sources()
          .openUploads()
          .catch(() => undefined);
        if (open === undefined) this.remove();
        else this.set(open);
      },
    });
    const labelNames = ["namespace", "of"] as const;
    new Gauge({
      name: "skillctl_quota_limit",
      help: "What a namespace with a quota may hold, in bytes and manifests; the empty one is the whole registry.",
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const { namespace, bytes, manifests } of sources().quotas) {
          if (bytes !== undefined) this.set({ namespace, of: "bytes" }, bytes);
          if (manifests !== undefined) this.set({ namespace, of: "manifests" }, manifests);
        }
      },
    });
    new Gauge({
      name: "skillctl_quota_used",
      help: "What a namespace with a quota holds. Left out while nobody can tell.",
      labelNames,
      registers,
      async collect() {
        this.reset();
        const now = sources();
        for (const { namespace } of now.quotas) {
          const used = await now.usage(namespace).catch(() => undefined);
          if (used === undefined) continue;
          this.set({ namespace, of: "bytes" }, used.bytes);
          this.set({ namespace, of: "manifests" }, used.manifests);
        }
      },
    });
  }

  exchange({ method, route, status, duration, bytesIn, bytesOut }: ExchangeReport): void {
    const known = METHODS.has(method) ? method : "other";
    const labels = { method: known, route: route ?? "none" };
    this.#requests.inc({ ...labels, status });
    this.#durations.observe(labels, duration / 1000);
    if (bytesIn > 0) this.#bytes.inc({ direction: "in" }, bytesIn);
    if (bytesOut > 0) this.#bytes.inc({ direction: "out" }, bytesOut);
  }

  event({ kind }: RegistryEvent): void {
    this.#events.inc({ kind });
  }

  delivery(outcome: "delivered" | "failed" | "dropped"): void {
    this.#deliveries.inc({ outcome });
  }

  collection(outcome: "done" | "failed"): void {
    this.#collections.inc({ outcome });
  }

  /** In the text format of Prometheus, and its media type. */
  async text(): Promise<{ readonly body: string; readonly contentType: string }> {
    return { body: await this.#metrics.metrics(), contentType: this.#metrics.contentType };
  }
}
