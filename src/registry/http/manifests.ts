/** Manifests: reading; `manifest-put.ts` and `manifest-delete.ts` do the rest. OCI distribution-spec "Pulling manifests" (end-3). */
import { etagOf, isHeld } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { manifestContent } from "./held.ts";
import { deleteManifest, deleteTag } from "./manifest-delete.ts";
import { putManifest } from "./manifest-put.ts";
import type { Route } from "./route.ts";
import { sendBody } from "./send-content.ts";
import { readable, unknownManifest } from "./unknown-manifest.ts";

type ManifestRoute = Extract<Route, { kind: "manifest" }>;

export async function answerManifest(desk: Desk, exchange: Exchange, route: ManifestRoute): Promise<void> {
  const { repository, reference } = route;
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return sendManifest(desk, exchange, route);
    case "PUT":
      return putManifest(desk, exchange, repository, reference);
    case "DELETE":
      if (reference.tag !== undefined) return deleteTag(desk, exchange, repository, reference.tag);
      return deleteManifest(desk, exchange, repository, reference.digest);
    default:
      return refuseMethod(exchange, "GET", "HEAD", "PUT", "DELETE");
  }
}

/** What a client accepts does not change what it gets: a digest names one sequence of bytes, and a registry converts nothing. */
async function sendManifest(
  desk: Desk,
  exchange: Exchange,
  { repository: name, reference }: ManifestRoute,
): Promise<void> {
  const { signal } = exchange;
  const repository = desk.repository(name);
  const stored = await readable(name, reference, async () => {
    const digest = reference.digest ?? (await repository.tag(reference.tag, { signal }));
    return digest === undefined ? undefined : repository.manifest(digest, { signal });
  });
  if (stored === undefined) throw unknownManifest(name, reference);
  const { digest } = stored.descriptor;
  const { bytes, warning } = await manifestContent(desk, stored.descriptor);
  const headers = {
    "Content-Type": stored.descriptor.mediaType,
    "Docker-Content-Digest": digest,
    ETag: etagOf(digest),
    ...(warning === undefined ? {} : { Warning: warning }),
  };
  if (isHeld(exchange.headers, digest)) return exchange.empty(304, headers);
  await sendBody(exchange, desk.limits, bytes, headers);
}
