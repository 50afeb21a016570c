/**
 * Image references: one parser and one formatter, used once at the boundary.
 *
 * Tools disagree on what a short name means; docker adds a registry, podman asks. A skill is named locally by its
 * namespace and name, so here a reference without a registry is a local one and nothing is added to it.
 */
import { SkillError } from "../errors.ts";
import { holdsLogin, quote } from "../text/index.ts";
import { isDigest, type Digest } from "./digest.ts";

/**
 * `[registry/]repository[:tag][@digest]`. Implements the grammar of OCI distribution-spec "Pulling manifests" with the
 * registry as docker and podman write it. Immutable; `tag` and `digest` may both be there: the digest decides, the
 * tag is kept.
 */
export interface Reference {
  /** `host`, `host:port` or `[ipv6]:port`; absent for a local name. */
  readonly registry?: string;
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const MAX_REPOSITORY = 255;
const MAX_REFERENCE = 1024;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]{2,39}\])(?::([0-9]{1,5}))?$/;

/** Tells whether `text` is a tag by OCI distribution-spec. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Tells whether `text` is a repository name by OCI distribution-spec, without a registry. */
export function isRepositoryPath(text: string): boolean {
  return text.length <= MAX_REPOSITORY && text.split("/").every((component) => PATH_COMPONENT.test(component));
}

/** Reads a reference; throws `REFERENCE_INVALID`, naming the part that is wrong. */
export function parseReference(text: string): Reference {
  const refuse = (what: string, hint?: string): never => {
    throw new SkillError("REFERENCE_INVALID", `${quote(text)} is not an image reference: ${what}`, {
      hint: hint ?? "Write [registry/]repository[:tag][@digest], as in examples/hello-world:1.0.0-draft.",
    });
  };
  if (text === "") return refuse("it is empty");
  if (text.length > MAX_REFERENCE) return refuse(`it is longer than ${MAX_REFERENCE} characters`);
  if (holdsLogin(text)) return refuse("it holds a user or a password", LOGIN_HINT);

  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) return refuse(`${quote(digest)} is not a digest`, DIGEST_HINT);

  const named = at < 0 ? text : text.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tagged = colon > named.lastIndexOf("/");
  const tag = tagged ? named.slice(colon + 1) : undefined;
  if (tag !== undefined && !isTag(tag)) return refuse(`${quote(tag)} is not a tag`, TAG_HINT);

  const { registry, path } = splitRegistry(tagged ? named.slice(0, colon) : named);
  if (registry !== undefined && !isRegistry(registry)) {
    return refuse(`${quote(registry)} is not a registry host`, schemeHint(text));
  }
  if (!isRepositoryPath(path)) return refuse(describeBadPath(path), repositoryHint(path));
  return Object.freeze({
    ...(registry === undefined ? {} : { registry }),
    repository: path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest }),
  });
}

/** Writes a reference; `parseReference(formatReference(r))` equals `r`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? "" : `:${reference.tag}`;
  const digest = reference.digest === undefined ? "" : `@${reference.digest}`;
  return repositoryName(reference) + tag + digest;
}

/** The full repository name, `[registry/]repository`, by which a store knows it. */
export function repositoryName(reference: Reference): string {
  return reference.registry === undefined ? reference.repository : `${reference.registry}/${reference.repository}`;
}

/** The same repository under another tag, and without a digest. Throws `REFERENCE_INVALID` when `tag` is none. */
export function withTag({ registry, repository }: Reference, tag: string): Reference {
  if (!isTag(tag)) throw new SkillError("REFERENCE_INVALID", `${quote(tag)} is not a tag`, { hint: TAG_HINT });
  return Object.freeze({ ...(registry === undefined ? {} : { registry }), repository, tag });
}

/** The last segment of the repository: the skill's name where no annotation tells it. */
export function baseName(reference: Reference): string {
  return reference.repository.slice(reference.repository.lastIndexOf("/") + 1);
}

const LOGIN_HINT = "Leave out what stands before the host, and log in to the registry: skillctl login.";
const DIGEST_HINT = "A digest is sha256: and 64 hexadecimal digits; skillctl list --no-trunc shows all of them.";
const TAG_HINT = "A tag has 1 to 128 of A-Z a-z 0-9 _ . - and does not begin with . or -.";

/** The first of several segments is a registry when it holds a dot or colon or is `localhost`. */
function splitRegistry(name: string): { registry: string | undefined; path: string } {
  const slash = name.indexOf("/");
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = first.includes(".") || first.includes(":") || first === "localhost";
  return isHost ? { registry: first, path: name.slice(slash + 1) } : { registry: undefined, path: name };
}

function isRegistry(text: string): boolean {
  const match = HOST.exec(text);
  return match !== null && text.length <= 255 && Number(match[1] ?? 1) <= 65_535;
}

/** For a URL, and what skopeo writes before a name. */
function schemeHint(text: string): string | undefined {
  const scheme = /^[a-z][a-z0-9+.-]{0,31}:\/\//.exec(text)?.[0];
  if (scheme === undefined) return undefined;
  const rest = text.slice(scheme.length);
  const isName = /^[\w.:-]+(?:\/[\w.:@-]+)+$/.test(rest);
  return `Leave out ${scheme} and begin with the host, as in ${isName ? rest : "quay.io/myorg/hello-world:1.0.0"}.`;
}

function describeBadPath(path: string): string {
  if (path === "") return "the repository is missing";
  if (path.length > MAX_REPOSITORY) return `the repository is longer than ${MAX_REPOSITORY} characters`;
  return `${quote(path)} is not a repository name`;
}

function repositoryHint(path: string): string | undefined {
  return path !== path.toLowerCase() && isRepositoryPath(path.toLowerCase())
    ? `Repository names are lower case: ${path.toLowerCase()}.`
    : undefined;
}
