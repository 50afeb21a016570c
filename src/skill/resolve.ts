/** From what a person typed to one stored image, and, when that fails, to what they may have meant. */
import { isSkillError, SkillError } from "../errors.ts";
import { LATEST } from "../lifecycle/index.ts";
import { baseName, formatReference, repositoryName, withTag } from "../oci/index.ts";
import type { Descriptor, Reference } from "../oci/index.ts";
import type { OperationOptions, Repository, ResolveOptions, Store } from "../store/index.ts";
import { suggest } from "../text/index.ts";
import { find } from "./find.ts";

/** A stored image under the reference that names it. */
export interface ResolvedImage {
  /** With the tag that was found, when none was given. */
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly repository: Repository;
}

const MAX_CANDIDATES = 8;

/**
 * Finds the image that `reference` names. Without a tag or digest it is `latest`, else the only tag there is. Throws
 * `REFERENCE_AMBIGUOUS` (several tags, no `latest`) or `NOT_FOUND`, in both cases with candidates as the hint.
 */
export async function resolveReference(
  store: Store,
  reference: Reference,
  options?: ResolveOptions,
): Promise<ResolvedImage> {
  const repository = store.repository(repositoryName(reference));
  const name = reference.digest ?? reference.tag;
  if (name === undefined) return resolveUntagged(store, repository, reference, options);
  try {
    return { reference, descriptor: await repository.resolve(name, options), repository };
  } catch (error) {
    if (!isSkillError(error, "NOT_FOUND")) throw error;
    throw await notFound(store, repository, reference, error, options);
  }
}

async function resolveUntagged(
  store: Store,
  repository: Repository,
  reference: Reference,
  options: ResolveOptions | undefined,
): Promise<ResolvedImage> {
  const latest = await find(repository, LATEST, options);
  if (latest !== undefined) return { reference: withTag(reference, LATEST), descriptor: latest, repository };
  const tags = await collect(repository.tags(options));
  const [tag, ...others] = tags;
  if (tag !== undefined && others.length === 0) {
    return { reference: withTag(reference, tag), descriptor: await repository.resolve(tag, options), repository };
  }
  if (tags.length === 0) throw await notFound(store, repository, reference, undefined, options);
  throw new SkillError(
    "REFERENCE_AMBIGUOUS",
    `${formatReference(reference)} has ${tags.length} tags and no ${LATEST}`,
    {
      hint: `Name one of ${enumerate(tags.map((each) => formatReference(withTag(reference, each))))}.`,
    },
  );
}

async function notFound(
  store: Store,
  repository: Repository,
  reference: Reference,
  cause: unknown,
  options: OperationOptions | undefined,
): Promise<SkillError> {
  const hint = await suggestNames(store, repository, reference, options);
  return new SkillError("NOT_FOUND", `there is no image ${formatReference(reference)}`, { hint, cause });
}

/** What may have been meant. Not every registry lists repositories, or tags to everybody: then there is less to say. */
async function suggestNames(
  store: Store,
  repository: Repository,
  reference: Reference,
  options: OperationOptions | undefined,
): Promise<string> {
  try {
    const tags = await collect(repository.tags(options));
    if (tags.length > 0) return `${repository.name} has ${enumerate(tags)}.`;
    return await suggestRepositories(store, reference, options);
  } catch (error) {
    if (!isSkillError(error) || error.code === "ABORTED") throw error;
    const login = reference.registry === undefined ? "" : `: skillctl login ${reference.registry}`;
    return `Check the name, and that you may read it${login}.`;
  }
}

async function suggestRepositories(store: Store, reference: Reference, options?: OperationOptions): Promise<string> {
  const wanted = baseName(reference);
  const names = await collect(store.repositories(options));
  if (isLikeDigest(reference) && !names.includes(wanted))
    return "If that is a digest, write the image's name, @ and all of the digest: skillctl list --no-trunc shows both.";
  if (names.length === 0) return "The store is empty. Pack a skill first: skillctl pack <directory>.";
  const alike = endingIn(wanted, names);
  const near = alike.length > 0 ? wanted : suggest(wanted, names.map(lastSegment));
  if (near === undefined) return "See what there is: skillctl list.";
  const suggested = await Promise.all(
    // The others are only counted.
    endingIn(near, names).map(async (name, at) =>
      at < MAX_CANDIDATES ? taggedAlike(store, name, reference, options) : name,
    ),
  );
  return `Did you mean ${enumerate(suggested)}?`;
}

/** `9ccd87fd7d6a` or `sha256:9ccd87fd7d6a`, by which other tools find an image. */
function isLikeDigest({ registry, repository, tag = "" }: Reference): boolean {
  return (
    registry === undefined &&
    /^(?:[0-9a-f]{7,64}|sha256:[0-9a-f]{7,64})$/.test(tag === "" ? repository : `${repository}:${tag}`)
  );
}

/** A name with the tag that was asked for, if it has that. */
async function taggedAlike(
  store: Store,
  name: string,
  { tag }: Reference,
  options: OperationOptions | undefined,
): Promise<string> {
  if (tag === undefined) return name;
  const found = await find(store.repository(name), tag, options);
  return found === undefined ? name : `${name}:${tag}`;
}

function endingIn(segment: string, names: readonly string[]): readonly string[] {
  return names.filter((name) => lastSegment(name) === segment);
}

function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

function enumerate(items: readonly string[]): string {
  const shown = items.slice(0, MAX_CANDIDATES).join(", ");
  return items.length > MAX_CANDIDATES ? `${shown} and ${items.length - MAX_CANDIDATES} more` : shown;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
