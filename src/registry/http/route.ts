/** From a request's path to what it names, once. OCI distribution-spec "Endpoints". */
import { isDigest, isRepositoryPath, isTag, type Digest } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import { RegistryRefusal } from "../refusal.ts";

/** A tag or a digest. */
export type ManifestReference =
  | { readonly tag: string; readonly digest?: undefined }
  | { readonly digest: Digest; readonly tag?: undefined };

/** What a path names; everything in it is of the right form. */
export type Route =
  | { readonly kind: "base" }
  | { readonly kind: "catalog" }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: Digest }
  | { readonly kind: "uploads"; readonly repository: string }
  | { readonly kind: "upload"; readonly repository: string; readonly id: string }
  | { readonly kind: "manifest"; readonly repository: string; readonly reference: ManifestReference }
  | { readonly kind: "tags"; readonly repository: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: Digest };

export type RouteKind = Route["kind"];

/** Longer paths name nothing: 255 of a name, 135 of a digest, and what stands between. */
const MAX_PATH = 1024;
const UPLOAD_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads a path, which begins with `/v2`; `undefined` when it is none of the API. A part of the wrong form throws a 400
 * refusal: no name, tag or digest gets further that does not follow the grammar.
 */
export function parseRoute(path: string, method: string): Route | undefined {
  if (path === "/v2/" || path === "/v2") return { kind: "base" };
  if (!path.startsWith("/v2/") || path.length > MAX_PATH) return undefined;
  const rest = decode(path.slice("/v2/".length));
  if (rest === "_catalog") return { kind: "catalog" };
  if (rest?.endsWith("/tags/list") === true) {
    return { kind: "tags", repository: repositoryIn(rest.slice(0, -"/tags/list".length)) };
  }
  if (rest?.endsWith("/blobs/uploads/") === true) {
    return { kind: "uploads", repository: repositoryIn(rest.slice(0, -"/blobs/uploads/".length)) };
  }
  const [, head = "", kind, last = ""] =
    /^(.+)\/(manifests|blobs\/uploads|blobs|referrers)\/([^/]+)$/.exec(rest ?? "") ?? [];
  switch (kind) {
    case "manifests":
      return { kind: "manifest", repository: repositoryIn(head), reference: manifestReferenceIn(last, method) };
    case "blobs/uploads":
      return { kind: "upload", repository: repositoryIn(head), id: uploadIdIn(last) };
    case "blobs":
      // Without its last slash, as some clients ask.
      if (last === "uploads") return { kind: "uploads", repository: repositoryIn(head) };
      return { kind: "blob", repository: repositoryIn(head), digest: digestIn(last) };
    case "referrers":
      return { kind: "referrers", repository: repositoryIn(head), digest: digestIn(last) };
    default:
      return undefined;
  }
}

/** Reads a digest out of a request. Throws a 400 `DIGEST_INVALID` refusal. */
export function digestIn(text: string): Digest {
  if (isDigest(text)) return text;
  throw new RegistryRefusal(400, "DIGEST_INVALID", `${quote(text)} is not a digest`, {
    hint: "A digest is sha256: and 64, or sha512: and 128, lower-case hexadecimal digits.",
  });
}

/** Percent-encoding of what needs none is undone; a slash that only shows then belongs to nothing. */
function decode(path: string): string | undefined {
  if (!path.includes("%")) return path;
  if (/%2f/i.test(path)) return undefined;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function repositoryIn(text: string): string {
  if (isRepositoryPath(text)) return text;
  throw new RegistryRefusal(400, "NAME_INVALID", `${quote(text)} is not a repository name`, {
    hint: "A name is lower-case letters and digits, parts separated by slashes, at most 255 characters.",
  });
}

/** What is no tag names nothing, so that who looks for it finds nothing; only who would make it is told of the grammar. */
function manifestReferenceIn(text: string, method: string): ManifestReference {
  if (isTag(text)) return { tag: text };
  if (text.includes(":")) return { digest: digestIn(text) };
  if (method !== "PUT") throw new RegistryRefusal(404, "MANIFEST_UNKNOWN", `there is no tag ${quote(text)}`);
  throw new RegistryRefusal(400, "MANIFEST_INVALID", `${quote(text)} is not a tag`, {
    hint: "A tag has 1 to 128 of A-Z a-z 0-9 _ . - and does not begin with . or -.",
  });
}

function uploadIdIn(text: string): string {
  if (UPLOAD_ID.test(text)) return text;
  throw new RegistryRefusal(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload");
}
