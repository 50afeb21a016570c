/** Spans of OpenTelemetry, which cost nothing until whoever runs the server sets its SDK up. */
import type { IncomingMessage } from "node:http";

import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";

import type { ExchangeReport } from "../registry/http/index.ts";

const tracer = trace.getTracer("skillimage");

/** Runs `handle` in a span, as a part of the trace that the request belongs to, if it says so. */
export async function traced(request: IncomingMessage, handle: () => Promise<ExchangeReport>): Promise<ExchangeReport> {
  const parent = propagation.extract(context.active(), request.headers);
  const span = tracer.startSpan(`${request.method} /v2/`, { kind: SpanKind.SERVER }, parent);
  const report = await context.with(trace.setSpan(parent, span), handle);
  span.updateName(`${report.method} ${report.route ?? "none"}`);
  span.setAttributes({
    "http.request.method": report.method,
    "http.route": report.route ?? "none",
    "http.response.status_code": report.status,
    "http.request.body.size": report.bytesIn,
    "http.response.body.size": report.bytesOut,
    "skillctl.request_id": report.requestId,
    ...(report.repository === undefined ? {} : { "skillctl.repository": report.repository }),
  });
  if (report.failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
  if (report.failure instanceof Error) span.recordException(report.failure);
  span.end();
  return report;
}
