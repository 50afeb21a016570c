/** Blobs of a fake registry: read whole or from a position on, uploaded at once, as a stream or in chunks, mounted. */
import { digestOf, isDigest } from "../../oci/index.ts";
import { FakeUpload, type FakeRepository } from "./fake-content.ts";
import type { Exchange } from "./fake-exchange.ts";

export function blobs(exchange: Exchange, name: string, digest: string): void {
  const bytes = exchange.repository(name).blobs.get(digest);
  if (exchange.method !== "GET" && exchange.method !== "HEAD") return exchange.refuse(405, "UNSUPPORTED");
  if (bytes === undefined) return exchange.refuse(404, "BLOB_UNKNOWN");
  const headers = { "content-type": "application/octet-stream", "docker-content-digest": digest };
  const from = /^bytes=([0-9]+)-$/.exec(exchange.header("range") ?? "")?.[1];
  if (from === undefined || exchange.options.ranges === false) return exchange.answer(200, headers, bytes);
  const start = Number(from);
  if (start >= bytes.byteLength) return exchange.refuse(416, "BLOB_UNKNOWN");
  const range = `bytes ${start}-${bytes.byteLength - 1}/${bytes.byteLength}`;
  exchange.answer(206, { ...headers, "content-range": range }, bytes.subarray(start));
}

/** `POST …/blobs/uploads/`: begins an upload, unless the content can be taken from elsewhere, or comes along. */
export async function beginUpload(exchange: Exchange, name: string): Promise<void> {
  const repository = exchange.repository(name);
  const mount = exchange.query("mount");
  const from = exchange.query("from");
  const mounted = mount === undefined || from === undefined ? undefined : exchange.repository(from).blobs.get(mount);
  if (mount !== undefined && mounted !== undefined && exchange.options.mounts !== false) {
    repository.blobs.set(mount, mounted);
    return created(exchange, name, mount);
  }
  if (mount !== undefined && exchange.options.mounts === "all") return created(exchange, name, mount);
  const upload = new FakeUpload();
  const isWhole = mount === undefined && exchange.query("digest") !== undefined;
  if (isWhole && exchange.options.singlePost !== false) return finish(exchange, name, repository, upload);
  repository.uploads.set(upload.id, upload);
  const { minChunk } = exchange.options;
  accepted(exchange, name, upload, minChunk === undefined ? {} : { "oci-chunk-min-length": String(minChunk) });
}

/** Everything that can be done to an upload that was begun. */
export async function uploads(exchange: Exchange, name: string, id: string): Promise<void> {
  const repository = exchange.repository(name);
  const upload = repository.uploads.get(id);
  if (upload === undefined) return exchange.refuse(404, "BLOB_UPLOAD_UNKNOWN");
  if (exchange.method === "GET") return accepted(exchange, name, upload, {}, 204);
  if (exchange.method === "DELETE") {
    repository.uploads.delete(id);
    return exchange.answer(204);
  }
  if (isTooLarge(exchange)) return exchange.answer(413, { connection: "close" }, "too large");
  if (exchange.method === "PATCH") {
    if (!isInOrder(exchange, upload)) return accepted(exchange, name, upload, {}, 416);
    if (upload.isShort) return exchange.refuse(400, "SIZE_INVALID");
    const before = upload.size;
    await receive(exchange, upload);
    const isChunk = exchange.header("content-range") !== undefined;
    upload.isShort = isChunk && upload.size - before < (exchange.options.minChunk ?? 0);
    return accepted(exchange, name, upload);
  }
  return finish(exchange, name, repository, upload);
}

async function finish(exchange: Exchange, name: string, repository: FakeRepository, upload: FakeUpload): Promise<void> {
  await receive(exchange, upload);
  const digest = exchange.query("digest") ?? "";
  const bytes = upload.bytes();
  repository.uploads.delete(upload.id);
  if (!isDigest(digest) || digestOf(bytes, digest.startsWith("sha512") ? "sha512" : "sha256") !== digest) {
    return exchange.refuse(400, "DIGEST_INVALID");
  }
  repository.blobs.set(digest, bytes);
  created(exchange, name, digest);
}

async function receive(exchange: Exchange, upload: FakeUpload): Promise<void> {
  for await (const chunk of exchange.body()) upload.append(chunk);
}

function isTooLarge(exchange: Exchange): boolean {
  return Number(exchange.header("content-length") ?? 0) > (exchange.options.maxBody ?? Infinity);
}

/** A chunk must begin where the last one ended and, where chunks have a least length, be no shorter (the last one may). */
function isInOrder(exchange: Exchange, upload: FakeUpload): boolean {
  const range = exchange.header("content-range");
  if (range === undefined) return true;
  const match = /^([0-9]+)-([0-9]+)$/.exec(range);
  return match !== null && Number(match[1]) === upload.size && Number(match[2]) >= Number(match[1]);
}

function accepted(
  exchange: Exchange,
  name: string,
  upload: FakeUpload,
  headers: Readonly<Record<string, string>> = {},
  status = 202,
): void {
  const location = exchange.location(`/v2/${name}/blobs/uploads/${upload.id}?_state=${upload.size}`);
  exchange.answer(status, { location, range: `0-${Math.max(0, upload.size - 1)}`, ...headers });
}

function created(exchange: Exchange, name: string, digest: string): void {
  const location = exchange.location(`/v2/${name}/blobs/${digest}`);
  exchange.answer(201, { location, "docker-content-digest": digest });
}
