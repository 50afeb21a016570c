import { RegistryRefusal } from "../refusal.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { linkTo, parsePage, takePage } from "./pages.ts";
import type { Route } from "./route.ts";
import { sendJson } from "./send-content.ts";

/** The tags of a repository. OCI distribution-spec "Listing Tags" (end-8a, end-8b). */
export async function answerTags(
  desk: Desk,
  exchange: Exchange,
  { repository: name }: Extract<Route, { kind: "tags" }>,
): Promise<void> {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return refuseMethod(exchange, "GET", "HEAD");
  const { signal } = exchange;
  const { limit, last } = parsePage(exchange, desk.limits.pageSize);
  const repository = desk.repository(name);
  const list = repository.tags({ signal, limit: limit + 1, ...(last === undefined ? {} : { last }) });
  const { names, hasMore } = await takePage(list, limit);
  if (names.length === 0 && !(await exists(repository))) {
    throw new RegistryRefusal(404, "NAME_UNKNOWN", `there is no repository ${name}`);
  }
  const next = linkTo(exchange, limit, hasMore ? names.at(-1) : undefined);
  await sendJson(exchange, desk.limits, { name, tags: names }, next);
}

/** Whether it holds anything. */
async function exists(repository: RepositoryMetadata): Promise<boolean> {
  for await (const _ of repository.manifests()) return true;
  for await (const _ of repository.blobs()) return true;
  return false;
}
