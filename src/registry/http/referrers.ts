import { MediaType, type Descriptor } from "../../oci/index.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { linkTo, parsePage } from "./pages.ts";
import type { Route } from "./route.ts";
import { sendJson } from "./send-content.ts";

/**
 * The manifests whose subject is the one that the path names, as an index. None, rather than an error, where there is no
 * such manifest or repository. OCI distribution-spec "Listing Referrers" (end-12a, end-12b).
 */
export async function answerReferrers(
  desk: Desk,
  exchange: Exchange,
  { repository, digest }: Extract<Route, { kind: "referrers" }>,
): Promise<void> {
  const { method, query, signal } = exchange;
  if (method !== "GET" && method !== "HEAD") return refuseMethod(exchange, "GET", "HEAD");
  const artifactType = query.get("artifactType");
  const { limit, last } = parsePage(exchange, desk.limits.pageSize);
  const manifests: Descriptor[] = [];
  let room = desk.limits.referrersSize;
  let hasMore = false;
  for await (const { descriptor } of desk.repository(repository).referrers(digest, { signal })) {
    if (last !== undefined && descriptor.digest <= last) continue;
    if (artifactType !== null && descriptor.artifactType !== artifactType) continue;
    room -= Buffer.byteLength(JSON.stringify(descriptor)) + 1;
    hasMore = manifests.length >= limit || (room < 0 && manifests.length > 0);
    if (hasMore) break;
    manifests.push(descriptor);
  }
  await sendJson(
    exchange,
    desk.limits,
    { schemaVersion: 2, mediaType: MediaType.index, manifests },
    {
      "Content-Type": MediaType.index,
      ...(artifactType === null ? {} : { "OCI-Filters-Applied": "artifactType" }),
      ...linkTo(exchange, limit, hasMore ? manifests.at(-1)?.digest : undefined),
    },
  );
}
