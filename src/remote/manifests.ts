/** Manifests and indexes at one endpoint. OCI distribution-spec "Pulling manifests", "Pushing Manifests", "Deleting". */
import { readAll } from "../content/index.ts";
import { isSkillError, SkillError } from "../errors.ts";
import {
  algorithmOf,
  digestOf,
  isDigest,
  isDocumentType,
  MAX_MANIFEST_SIZE,
  MediaType,
  parseStrictJson,
  type Descriptor,
  type Digest,
} from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { quote } from "../text/index.ts";
import type { Access, RegistryResponse } from "./client-types.ts";
import { readBounded } from "./http/index.ts";
import { hasStatus, RegistryError } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

const ACCEPT = [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerIndex, "*/*;q=0.1"];

/** A document as it came, and what names it. */
export interface FoundDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/**
 * Reads what a tag or digest names. The digest is computed from the bytes; one that was asked for or announced and is
 * another throws `DIGEST_MISMATCH`. `access`: what is to be done next, default `pull`. Throws `NOT_FOUND`, `MANIFEST_TOO_LARGE` above 4 MiB, `MEDIA_TYPE_UNSUPPORTED`.
 */
export async function getManifest(
  repository: RepositoryClient,
  reference: string,
  { access = "pull", ...options }: OperationOptions & { readonly access?: Access } = {},
): Promise<FoundDocument> {
  const response = await repository.request({
    method: "GET",
    path: `manifests/${reference}`,
    headers: { accept: ACCEPT.join(", ") },
    access,
    doing: `read the manifest ${reference}`,
    expect: [200],
    read: async (answer) => readBounded(answer, MAX_MANIFEST_SIZE, () => tooLarge(repository, reference)),
    ...options,
  });
  const bytes = await readAll(response.body);
  const digest = digestFor(repository, reference, response, bytes);
  const mediaType = mediaTypeOf(response, bytes);
  if (isDocumentType(mediaType)) return { bytes, descriptor: { mediaType, digest, size: bytes.byteLength } };
  const what = `${repository.name}: what ${quote(reference)} names is ${quote(mediaType)}`;
  throw new SkillError("MEDIA_TYPE_UNSUPPORTED", `${what}, neither an image manifest nor an index`, {
    hint: "Check the address; or convert the image, for example with skopeo.",
  });
}

/** {@link getManifest} without the bytes, and with `undefined` in place of `NOT_FOUND`. */
export async function headManifest(
  repository: RepositoryClient,
  reference: string,
  options: OperationOptions = {},
): Promise<Descriptor | undefined> {
  try {
    const response = await repository.request({
      method: "HEAD",
      path: `manifests/${reference}`,
      headers: { accept: ACCEPT.join(", ") },
      access: "pull",
      doing: `look for the manifest ${reference}`,
      expect: [200, 404],
      ...options,
    });
    await response.discard();
    if (response.status === 404) return undefined;
    return readHead(reference, response) ?? (await getManifest(repository, reference, options)).descriptor;
  } catch (error) {
    if (hasStatus(error, 405)) return findManifest(repository, reference, options);
    throw error;
  }
}

async function findManifest(
  repository: RepositoryClient,
  reference: string,
  options: OperationOptions,
): Promise<Descriptor | undefined> {
  try {
    return (await getManifest(repository, reference, options)).descriptor;
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** What the headers say; `undefined` when they leave something out. */
function readHead(reference: string, { headers }: RegistryResponse): Descriptor | undefined {
  const mediaType = contentType(headers["content-type"]);
  const digest = isDigest(reference) ? reference : (headers["docker-content-digest"] ?? "");
  const length = headers["content-length"] ?? "";
  if (!isDigest(digest) || !/^[0-9]{1,15}$/.test(length)) return undefined;
  return { mediaType, digest, size: Number(length) };
}

/** What a name must stand for when it is written; `null`: nothing. Registries that do not know conditions ignore them. */
export interface Condition {
  readonly expect?: Digest | null;
}

/**
 * Writes a document under a tag or under its digest; tells whether the registry lists it as the referrer of its subject.
 * Throws `BLOB_MISSING` when the registry misses what it refers to, `CONFLICT` when it knows conditions and `expect`
 * does not hold.
 */
export async function putManifest(
  repository: RepositoryClient,
  reference: string,
  { descriptor, bytes }: FoundDocument,
  { expect, ...options }: OperationOptions & Condition = {},
): Promise<{ readonly isListed: boolean }> {
  try {
    const response = await repository.request({
      method: "PUT",
      path: `manifests/${reference}`,
      headers: { "content-type": descriptor.mediaType, ...conditionHeaders(expect) },
      body: bytes,
      access: "push",
      doing: `write the manifest ${reference}`,
      expect: [200, 201, 202, 204],
      ...options,
    });
    await response.discard();
    checkDigestHeader(repository, response, descriptor.digest);
    return { isListed: response.headers["oci-subject"] !== undefined };
  } catch (error) {
    throw explainPut(error, repository, descriptor);
  }
}

/** Removes a tag, or a manifest by its digest; tells whether it was repeated. Throws what the registry answers. */
export async function deleteManifest(
  repository: RepositoryClient,
  reference: string,
  { expect, ...options }: OperationOptions & Condition = {},
): Promise<{ readonly found: boolean; readonly isRepeated: boolean }> {
  const response = await repository.request({
    method: "DELETE",
    path: `manifests/${reference}`,
    headers: conditionHeaders(expect),
    access: "delete",
    doing: `remove ${isDigest(reference) ? "the manifest" : "the tag"} ${reference}`,
    expect: [200, 202, 204, 404],
    ...options,
  });
  await response.discard();
  return { found: response.status !== 404, isRepeated: response.isRepeated };
}

function conditionHeaders(expect: Digest | null | undefined): Record<string, string> {
  if (expect === undefined) return {};
  return expect === null ? { "if-none-match": "*" } : { "if-match": `"${expect}"` };
}

/** Throws `DIGEST_MISMATCH` when the registry says that it stored something else than it was given. */
export function checkDigestHeader(repository: RepositoryClient, { headers }: RegistryResponse, digest: Digest): void {
  const said = headers["docker-content-digest"];
  if (said === undefined || said === digest || !isDigest(said) || algorithmOf(said) !== algorithmOf(digest)) return;
  throw new SkillError("DIGEST_MISMATCH", `${repository.name} stored ${said} where ${digest} was pushed`, {
    hint: "The content was changed on its way; look at proxies between here and the registry.",
  });
}

/** The digest of what came, in the algorithm in which it was asked for or is announced. */
function digestFor(
  repository: RepositoryClient,
  reference: string,
  { headers }: RegistryResponse,
  bytes: Uint8Array,
): Digest {
  const announced = headers["docker-content-digest"] ?? "";
  const claims = [reference, announced].filter(isDigest);
  for (const claim of claims) {
    const actual = digestOf(bytes, algorithmOf(claim));
    if (actual === claim) continue;
    const what = claim === reference ? "was asked for" : "was announced";
    throw new SkillError("DIGEST_MISMATCH", `${repository.name}: ${claim} ${what}, and what came hashes to ${actual}`, {
      hint: "It was damaged or changed on its way; look at proxies and mirrors between here and the registry.",
    });
  }
  return claims[0] ?? digestOf(bytes);
}

/** Some registries announce every document as JSON; then the document itself says what it is. */
function mediaTypeOf({ headers }: RegistryResponse, bytes: Uint8Array): string {
  const announced = contentType(headers["content-type"]);
  if (isDocumentType(announced)) return announced;
  try {
    const { mediaType } = parseStrictJson(bytes) as { readonly mediaType?: unknown };
    if (typeof mediaType === "string" && isDocumentType(mediaType)) return mediaType;
  } catch {
    // Whatever it is, it is no manifest: the announced type says so to whoever wants to read one.
  }
  return announced;
}

function contentType(header: string | undefined): string {
  return (header ?? "application/octet-stream").split(";", 1)[0]?.trim().toLowerCase() ?? "";
}

function tooLarge(repository: RepositoryClient, reference: string): SkillError {
  const what = `the manifest ${quote(reference)} of ${repository.name}`;
  return new SkillError("MANIFEST_TOO_LARGE", `${what} has more than ${MAX_MANIFEST_SIZE} bytes`);
}

const BLOB_CODES = new Set(["BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"]);

function explainPut(error: unknown, repository: RepositoryClient, { digest, size }: Descriptor): unknown {
  if (!(error instanceof RegistryError)) return error;
  if (error.ociCode !== undefined && BLOB_CODES.has(error.ociCode)) {
    return new SkillError("BLOB_MISSING", `${repository.name} does not hold what ${digest} refers to`, {
      hint: "Push what a manifest refers to before the manifest.",
      cause: error,
    });
  }
  if (error.status !== 413) return error;
  return new SkillError("MANIFEST_TOO_LARGE", `${repository.name} does not take a manifest of ${size} bytes`, {
    cause: error,
  });
}
