/**
 * How a store's index names its entries: one flat list, each entry bearing a full reference.
 *
 * Other tools that read an image layout (skopeo, podman, umoci) find an image by `org.opencontainers.image.ref.name`,
 * so the whole reference stands there: `examples/hello-world:1.0.0` for a tag, `examples/hello-world@sha256:…` for a
 * manifest that is kept without one. What other tools wrote (`latest`, say) is left alone and listed nowhere.
 */
import { SkillError } from "../errors.ts";
import { isDigest, isTag, parseReference, repositoryName, type Digest } from "../oci/index.ts";
import { quote } from "../text/index.ts";

/** An entry's name, taken apart: the repository and exactly one of tag and digest. */
export type EntryName =
  | { readonly repository: string; readonly tag: string; readonly digest?: undefined }
  | { readonly repository: string; readonly tag?: undefined; readonly digest: Digest };

/** The name of the entry for a tag or digest of a repository. Throws `REFERENCE_INVALID` when it is neither. */
export function entryName(repository: string, tagOrDigest: string): string {
  if (isDigest(tagOrDigest)) return `${repository}@${tagOrDigest}`;
  if (isTag(tagOrDigest)) return `${repository}:${tagOrDigest}`;
  throw new SkillError("REFERENCE_INVALID", `${quote(tagOrDigest)} is neither a tag nor a digest`);
}

/** Takes a name apart; `undefined` for one that some other tool gave and that names no tag of a repository. */
export function parseEntryName(name: string, knowRepository = repositoryIn): EntryName | undefined {
  const at = name.indexOf("@");
  const separator = at >= 0 ? at : name.lastIndexOf(":");
  if (separator < 0) return undefined;
  const rest = name.slice(separator + 1);
  if (at >= 0 ? !isDigest(rest) : !isTag(rest)) return undefined;
  const repository = knowRepository(name.slice(0, separator));
  if (repository === undefined) return undefined;
  return at >= 0 ? { repository, digest: rest as Digest } : { repository, tag: rest };
}

/** {@link parseEntryName} for many names of few repositories: looks at each repository once, and keeps its name once. */
export function entryNameParser(): (name: string) => EntryName | undefined {
  const known = new Map<string, string | undefined>();
  let last: string | undefined;
  const knowRepository = (repository: string): string | undefined => {
    if (repository === last) return last;
    if (!known.has(repository)) known.set(repository, repositoryIn(repository));
    last = known.get(repository);
    return last;
  };
  return (name) => parseEntryName(name, knowRepository);
}

function repositoryIn(name: string): string | undefined {
  return isRepositoryName(name) ? name : undefined;
}

/** Tells whether `name` is a full repository name: `examples/hello-world`, `quay.io/myorg/hello-world`. */
export function isRepositoryName(name: string): boolean {
  try {
    return repositoryName(parseReference(name)) === name;
  } catch {
    return false;
  }
}

/** Returns `name` when it is a full repository name; throws `REFERENCE_INVALID` otherwise. */
export function parseRepositoryName(name: string): string {
  if (repositoryName(parseReference(name)) === name) return name;
  throw new SkillError("REFERENCE_INVALID", `${quote(name)} is not a repository name`, {
    hint: "Leave out the tag and the digest.",
  });
}
