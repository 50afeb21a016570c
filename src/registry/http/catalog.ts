import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { linkTo, parsePage, takePage } from "./pages.ts";
import { sendJson } from "./send-content.ts";

/**
 * The repositories that the client may read and that hold a manifest, in byte order. Not part of OCI distribution-spec;
 * distribution's `GET /v2/_catalog`, with its pages.
 */
export async function answerCatalog(desk: Desk, exchange: Exchange): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return refuseMethod(exchange, "GET", "HEAD");
  const { limit, last } = parsePage(exchange, desk.limits.pageSize);
  const { names, hasMore } = await takePage(readable(desk, exchange, last), limit);
  const next = linkTo(exchange, limit, hasMore ? names.at(-1) : undefined);
  await sendJson(exchange, desk.limits, { repositories: names }, next);
}

async function* readable(
  desk: Desk,
  exchange: Exchange,
  last: string | undefined,
): AsyncGenerator<string, void, undefined> {
  const { signal } = exchange;
  for await (const name of desk.storage.metadata.repositories({ signal, ...(last === undefined ? {} : { last }) })) {
    if ((await desk.mayRead(exchange, name, true)) && (await hasManifest(desk, name))) yield name;
  }
}

async function hasManifest(desk: Desk, name: string): Promise<boolean> {
  for await (const _ of desk.repository(name).manifests()) return true;
  return false;
}
