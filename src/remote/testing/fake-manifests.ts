/** Manifests of a fake registry: read, written, deleted, and listed by their subject. */
import { digestOf, isDigest, isTag, MediaType } from "../../oci/index.ts";
import type { FakeManifest, FakeRepository } from "./fake-content.ts";
import type { Exchange } from "./fake-exchange.ts";

/** As much of a manifest as a registry looks at. */
interface Document {
  readonly config?: { readonly mediaType: string; readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export async function manifests(exchange: Exchange, name: string, reference: string): Promise<void> {
  const repository = exchange.repository(name);
  if (!isTag(reference) && !isDigest(reference)) return exchange.refuse(400, "MANIFEST_INVALID");
  if (exchange.method === "PUT") return put(exchange, repository, reference);
  if (exchange.method === "DELETE") return remove(exchange, repository, reference);
  const digest = repository.digest(reference);
  const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
  if (digest === undefined || manifest === undefined) return exchange.refuse(404, "MANIFEST_UNKNOWN");
  const named = exchange.options.digestHeader === false ? {} : { "docker-content-digest": digest };
  exchange.answer(200, { "content-type": manifest.mediaType, etag: `"${digest}"`, ...named }, manifest.bytes);
}

async function put(exchange: Exchange, repository: FakeRepository, reference: string): Promise<void> {
  const bytes = await exchange.bytes();
  const digest = isDigest(reference)
    ? digestOf(bytes, reference.startsWith("sha512") ? "sha512" : "sha256")
    : digestOf(bytes);
  if (isDigest(reference) && digest !== reference) return exchange.refuse(400, "DIGEST_INVALID");
  const document = parse(bytes);
  if (document === undefined) return exchange.refuse(400, "MANIFEST_INVALID");
  if (exchange.options.checksBlobs !== false && !isComplete(repository, document)) {
    return exchange.refuse(400, "MANIFEST_BLOB_UNKNOWN");
  }
  if (!holds(exchange, repository, reference)) return exchange.refuse(412, "PRECONDITION_FAILED");
  repository.manifests.set(digest, { mediaType: exchange.header("content-type") ?? MediaType.manifest, bytes });
  if (isTag(reference)) repository.tags.set(reference, digest);
  const subject = document.subject?.digest;
  const hasSubject = subject !== undefined && exchange.options.referrers !== false;
  exchange.answer(201, {
    location: exchange.location(exchange.url.pathname),
    ...(exchange.options.digestHeader === false ? {} : { "docker-content-digest": digest }),
    ...(hasSubject ? { "oci-subject": subject } : {}),
  });
}

function remove(exchange: Exchange, repository: FakeRepository, reference: string): void {
  const deletes = exchange.options.deletes ?? "all";
  if (deletes === "none" || (deletes === "digests" && isTag(reference))) return exchange.refuse(405, "UNSUPPORTED");
  const digest = repository.digest(reference);
  if (digest === undefined) return exchange.refuse(404, "MANIFEST_UNKNOWN");
  if (!holds(exchange, repository, reference)) return exchange.refuse(412, "PRECONDITION_FAILED");
  if (isTag(reference)) repository.tags.delete(reference);
  else repository.deleteManifest(digest);
  exchange.answer(202);
}

/** Whether the conditions of the request hold, where the registry minds them. */
function holds(exchange: Exchange, repository: FakeRepository, reference: string): boolean {
  if (exchange.options.conditional !== true) return true;
  const actual = repository.digest(reference);
  const match = exchange.header("if-match");
  if (match !== undefined && match !== `"${actual ?? ""}"`) return false;
  return exchange.header("if-none-match") !== "*" || actual === undefined;
}

/** Lists the manifests that name `subject`. */
export function referrers(exchange: Exchange, name: string, subject: string): void {
  if (exchange.options.referrers === false) return exchange.answer(404, {}, "404 page not found\n");
  if (!isDigest(subject)) return exchange.refuse(400, "DIGEST_INVALID");
  const wanted = exchange.query("artifactType");
  const found = [...exchange.repository(name).manifests]
    .filter(([, { bytes }]) => parse(bytes)?.subject?.digest === subject)
    .map(([digest, manifest]) => describe(digest, manifest))
    .filter(({ artifactType }) => wanted === undefined || artifactType === wanted);
  const { page, next } = pageOf(exchange, found, ({ digest }) => digest);
  const headers = { ...next, ...(wanted === undefined ? {} : { "oci-filters-applied": "artifactType" }) };
  const index = { schemaVersion: 2, mediaType: MediaType.index, manifests: page };
  exchange.json(200, index, { "content-type": MediaType.index, ...headers });
}

function describe(digest: string, { mediaType, bytes }: FakeManifest) {
  const { artifactType, config, annotations } = parse(bytes) ?? {};
  return { mediaType, digest, size: bytes.byteLength, artifactType: artifactType ?? config?.mediaType, annotations };
}

/** The entries after `last`, as many as one page holds, and the Link to the next one. */
export function pageOf<T>(
  exchange: Exchange,
  entries: readonly T[],
  keyOf: (entry: T) => string,
): { readonly page: readonly T[]; readonly next: Readonly<Record<string, string>> } {
  const last = exchange.query("last");
  const start = last === undefined ? 0 : entries.findIndex((entry) => keyOf(entry) === last) + 1;
  const size = Math.min(Number(exchange.query("n") ?? Infinity), exchange.options.pageSize ?? Infinity);
  const page = entries.slice(start, start + size);
  const end = page.at(-1);
  if (end === undefined || start + size >= entries.length) return { page, next: {} };
  const query = new URLSearchParams(exchange.url.searchParams);
  query.set("last", keyOf(end));
  return { page, next: { link: `<${exchange.location(`${exchange.url.pathname}?${query.toString()}`)}>; rel="next"` } };
}

function isComplete(repository: FakeRepository, { config, layers = [], manifests: members = [] }: Document): boolean {
  const blobs = [...(config === undefined ? [] : [config]), ...layers];
  const held = blobs.every(({ digest }) => repository.blobs.has(digest));
  return held && members.every(({ digest }) => repository.manifests.has(digest));
}

function parse(bytes: Uint8Array): Document | undefined {
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof document === "object" && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}
