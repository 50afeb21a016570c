/** Manifests: reading; `manifest-put.ts` and `manifest-delete.ts` do the rest. OCI distribution-spec "Pulling manifests" (end-3). */
import type { Digest } from "../../oci/index.ts";
import { recoverManifest } from "../storage/recover.ts";
import type { RepositoryMetadata, StoredManifest } from "../storage/types.ts";
import { etagOf, isHeld } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { isDamaged } from "./healing.ts";
import { manifestContent } from "./held.ts";
import { deleteManifest, deleteTag } from "./manifest-delete.ts";
import { putManifest } from "./manifest-put.ts";
import type { Route } from "./route.ts";
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

/** What the repository knows of a manifest; read from its bytes and written again, where that is damaged. */
async function storedManifest(
  desk: Desk,
  repository: RepositoryMetadata,
  digest: Digest,
  signal: AbortSignal,
): Promise<StoredManifest | undefined> {
  if (!(await isDamaged(async () => repository.manifest(digest, { signal }))))
    return repository.manifest(digest, { signal });
  return repository.exclusively(
    async (held) => {
      const recovered = await recoverManifest(desk.storage, held, digest, new Set([digest]), { signal });
      if (recovered !== undefined) await held.putManifest(recovered, undefined, { signal });
      return held.manifest(digest, { signal });
    },
    { signal },
  );
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
    return digest === undefined ? undefined : storedManifest(desk, repository, digest, signal);
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
  exchange.send(200, bytes, headers);
}
