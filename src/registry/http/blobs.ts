/** Blobs: reading, and taking them away. OCI distribution-spec "Pulling blobs" (end-2), "Deleting Blobs" (end-10). */
import type { OutgoingHttpHeaders } from "node:http";

import { readAll } from "../../content/index.ts";
import type { Digest } from "../../oci/index.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { RepositoryMetadata } from "../storage/types.ts";
import { checkConditions, etagOf, isHeld } from "./conditions.ts";
import type { Desk } from "./desk.ts";
import { refuseMethod, type Exchange } from "./exchange.ts";
import { parseRange } from "./ranges.ts";
import type { Route } from "./route.ts";
import { sendContent } from "./send-content.ts";

type BlobRoute = Extract<Route, { kind: "blob" }>;

/** Bytes up to which a blob that is read stays in memory: configs, mostly. */
const SMALL = 64 * 1024;

export async function answerBlob(desk: Desk, exchange: Exchange, route: BlobRoute): Promise<void> {
  switch (exchange.method) {
    case "GET":
    case "HEAD":
      return sendBlob(desk, exchange, route);
    case "DELETE":
      return deleteBlob(desk, exchange, route);
    default:
      return refuseMethod(exchange, "GET", "HEAD", "DELETE");
  }
}

async function sendBlob(desk: Desk, exchange: Exchange, { repository, digest }: BlobRoute): Promise<void> {
  const { headers, method, signal } = exchange;
  const { blobs } = desk.storage;
  const isThere = await has(desk, exchange, digest, desk.repository(repository));
  const cached = isThere ? desk.cache.get(digest) : undefined;
  const size = cached?.bytes.byteLength ?? (isThere ? (await blobs.stat(digest, { signal }))?.size : undefined);
  if (size === undefined) throw unknownBlob(repository, digest);

  const described = describe(digest);
  if (isHeld(headers, digest)) return exchange.empty(304, described);
  if (method === "HEAD") return exchange.empty(200, { ...described, "Content-Length": size });
  const isCurrent = headers["if-range"] === undefined || headers["if-range"] === etagOf(digest);
  const range = isCurrent ? parseRange(headers.range, size) : undefined;
  if (range === "unsatisfiable") {
    throw new RegistryRefusal(416, "SIZE_INVALID", `the blob has ${size} bytes`, {
      headers: { "Content-Range": `bytes */${size}` },
    });
  }
  const bytes = cached?.bytes ?? (size <= SMALL ? await readSmall(desk, exchange, digest) : undefined);
  if (range !== undefined) described["Content-Range"] = `bytes ${range.start}-${range.end}/${size}`;
  const status = range === undefined ? 200 : 206;
  if (bytes !== undefined) {
    const part = range === undefined ? bytes : bytes.subarray(range.start, range.end + 1);
    return exchange.send(status, part, described);
  }
  const content = blobs.read(digest, { signal, transient: true, ...(range === undefined ? {} : { range }) });
  const length = range === undefined ? size : range.end - range.start + 1;
  await sendContent(exchange, content, desk.limits, () => {
    exchange.head(status, { ...described, "Content-Length": length });
  });
}

/**
 * Whether the repository has it. Who asks by HEAD is about to push what refers to it, and sends nothing when it is there: so
 * from then on it stays for the collector's grace period.
 */
async function has(
  desk: Desk,
  { method, signal }: Exchange,
  digest: Digest,
  repository: RepositoryMetadata,
): Promise<boolean> {
  const key = `${repository.name}@${digest}`;
  if (method !== "HEAD" || desk.kept.has(key)) return repository.hasBlob(digest, { signal });
  const isThere =
    (await repository.touchBlob(digest, { signal })) && (await desk.storage.blobs.touch(digest, { signal }));
  if (isThere) desk.kept.add(key);
  return isThere;
}

async function readSmall(desk: Desk, { signal }: Exchange, digest: Digest): Promise<Uint8Array> {
  const bytes = await readAll(desk.storage.blobs.read(digest, { signal }), { signal });
  desk.cache.set(digest, { bytes });
  return bytes;
}

async function deleteBlob(desk: Desk, exchange: Exchange, { repository, digest }: BlobRoute): Promise<void> {
  const { headers, signal } = exchange;
  await desk.repository(repository).exclusively(
    async (held) => {
      if (!(await held.hasBlob(digest, { signal }))) throw unknownBlob(repository, digest);
      checkConditions(headers, `${repository}@${digest}`, digest);
      for await (const { descriptor, references } of held.manifests({ signal })) {
        if (references.includes(digest)) throw inUse(digest, descriptor.digest);
      }
      await desk.recordAllowed(exchange, { action: "delete", repository, reference: digest, digest });
      await held.unlinkBlob(digest);
    },
    { signal },
  );
  exchange.empty(202);
}

function describe(digest: Digest): OutgoingHttpHeaders {
  return {
    "Content-Type": "application/octet-stream",
    "Docker-Content-Digest": digest,
    ETag: etagOf(digest),
    "Accept-Ranges": "bytes",
    "Cache-Control": "max-age=31536000, immutable",
  };
}

function unknownBlob(repository: string, digest: Digest): RegistryRefusal {
  return new RegistryRefusal(404, "BLOB_UNKNOWN", `${repository} has no blob ${digest}`);
}

function inUse(digest: Digest, manifest: Digest): RegistryRefusal {
  return new RegistryRefusal(405, "UNSUPPORTED", `${digest} is part of the manifest ${manifest}`, {
    hint: "Delete the manifests that refer to a blob before the blob.",
  });
}
