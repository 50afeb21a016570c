/** Lists the skills of a store, or of one repository. */
import { isSkillError, throwIfAborted, type SkillError } from "../errors.ts";
import { newestFirst, type LifecycleState } from "../lifecycle/index.ts";
import type { Descriptor, Digest } from "../oci/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { EntryLister, OperationOptions, Repository, Store } from "../store/index.ts";
import { factsOf, readFacts, type EntryFacts } from "./entry.ts";
import { contentOf, readImage } from "./image.ts";
import { listTags } from "./list-tags.ts";
import { nameMatcher } from "./name-matcher.ts";
import { ownSignal } from "./own-signal.ts";

/** How many repositories of a registry are looked through at once: most have few tags. */
const REPOSITORIES_AT_ONCE = 16;

/** One image of a store: one for every tag, and one for every image that is kept without a tag. */
export interface SkillSummary extends EntryFacts {
  readonly reference: string;
  readonly repository: string;
  /** Absent for an image that is reachable by digest only, as archived ones are. */
  readonly tag?: string;
  readonly digest: Digest;
}

export interface ListOptions extends OperationOptions {
  /** A glob (`*`, `?`, `**`) over the repository name, or over its last segment. Default: all. */
  readonly name?: string;
  /** Default: every state, and images without one. */
  readonly status?: readonly LifecycleState[];
  /**
   * Told of each repository that the store lists and does not let the caller read, which is left out then: some registries name
   * what is not for everybody. Default: that is a failure.
   */
  readonly onDenied?: (repository: string, error: SkillError) => void;
}

/**
 * The images of a store by repository, and in a repository by version, newest first. Images that other tools made are
 * listed as far as they can be read; what cannot be read is listed without status and size.
 */
export async function* list(
  store: Store & Partial<EntryLister>,
  options: ListOptions = {},
): AsyncIterable<SkillSummary> {
  for await (const skills of listByRepository(store, options)) yield* skills;
}

/** {@link list}, all that one repository has at once: for ten thousand images, to wait for each takes longer than to find it. */
export async function* listByRepository(
  store: Store & Partial<EntryLister>,
  options: ListOptions = {},
): AsyncIterable<readonly SkillSummary[]> {
  const matches = nameMatcher(options.name);
  if (store.entries === undefined) {
    const tagsOf = async (name: string): Promise<readonly SkillSummary[]> => {
      const skills: SkillSummary[] = [];
      try {
        const own = { ...options, ...ownSignal(options.signal) };
        for await (const skill of listTags(store, name, own)) skills.push(skill);
      } catch (error) {
        if (options.onDenied === undefined || !isDenial(error)) throw error;
        options.onDenied(name, error);
        return [];
      }
      return skills;
    };
    const wanted = matching(store.repositories(options), matches);
    for await (const skills of inOrder(wanted, REPOSITORIES_AT_ONCE, tagsOf)) if (skills.length > 0) yield skills;
    return;
  }
  let rows: SkillSummary[] = [];
  for (const entry of await store.entries(options)) {
    const { repository, tag } = entry;
    if (!matches(repository)) continue;
    // A store may read it from its index at each look.
    const { descriptor } = entry;
    const facts = readFacts(descriptor) ?? (await readFromManifest(store.repository(repository), descriptor, options));
    if (options.status !== undefined && !options.status.some((status) => status === facts.status)) continue;
    if (rows[0] !== undefined && rows[0].repository !== repository) {
      yield inOrderOfVersions(rows);
      rows = [];
    }
    rows.push(summarize(repository, tag, descriptor.digest, facts));
  }
  if (rows.length > 0) yield inOrderOfVersions(rows);
}

/**
 * {@link list} of one repository, by its full name. On a registry that is the list of tags and a manifest for each, a few at a
 * time; tags that hold signatures and the like are left out, and a repository that does not exist rejects with
 * `NOT_FOUND`.
 */
export async function* listRepository(
  store: Store & Partial<EntryLister>,
  name: string,
  options: Omit<ListOptions, "name"> = {},
): AsyncIterable<SkillSummary> {
  if (store.entries === undefined) yield* listTags(store, name, { ...options, mustExist: true });
  else for await (const row of list(store, { ...options, name })) if (row.repository === name) yield row;
}

function isDenial(error: unknown): error is SkillError {
  return isSkillError(error, "REGISTRY_DENIED") || isSkillError(error, "REGISTRY_UNAUTHORIZED");
}

async function* matching(
  names: AsyncIterable<string>,
  matches: (name: string) => boolean,
): AsyncGenerator<string, void, undefined> {
  for await (const name of names) if (matches(name)) yield name;
}

function inOrderOfVersions(rows: readonly SkillSummary[]): readonly SkillSummary[] {
  return newestFirst(rows, ({ version }) => version);
}

function summarize(repository: string, tag: string | undefined, digest: Digest, facts: EntryFacts): SkillSummary {
  return tag === undefined
    ? { reference: `${repository}@${digest}`, repository, digest, ...facts }
    : { reference: `${repository}:${tag}`, repository, tag, digest, ...facts };
}

/** An image that cannot be read is still there; one damaged manifest must not hide the rest of a store. */
async function readFromManifest(
  repository: Repository,
  descriptor: Descriptor,
  options: OperationOptions,
): Promise<EntryFacts> {
  try {
    const image = await readImage(repository, descriptor, options);
    return factsOf(image.annotations, contentOf(image).size);
  } catch {
    throwIfAborted(options.signal);
    return {};
  }
}
