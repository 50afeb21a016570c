/** The tags of one repository, of a store that must be asked for each. */
import { throwIfAborted } from "../errors.ts";
import { newestFirst, type LifecycleState } from "../lifecycle/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { OperationOptions, Repository, Store, TagsOptions } from "../store/index.ts";
import { factsOf, type EntryFacts } from "./entry.ts";
import { find } from "./find.ts";
import { contentOf, readImage } from "./image.ts";
import type { SkillSummary } from "./list.ts";
import { ownSignal } from "./own-signal.ts";
import { isUnreadable } from "./unreadable.ts";

/** How many manifests are read at once, over as many connections as there are. */
const MANIFESTS_AT_ONCE = 16;

/** Where tools keep signatures, attestations and referrers that no registry lists: under the digest of what they are about. */
const DIGEST_TAG = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.[A-Za-z0-9_.-]+)?$/;

/**
 * The images that the tags of a repository name, by version, newest first. What is no image is listed without facts; a tag
 * that goes meanwhile is not listed. Rejects with what the store rejects with: a registry that does not answer is not an
 * empty one.
 */
export async function* listTags(
  store: Store,
  name: string,
  options: TagsOptions & { readonly status?: readonly LifecycleState[] } = {},
): AsyncIterable<SkillSummary> {
  const repository = store.repository(name);
  const rows: SkillSummary[] = [];
  for await (const row of inOrder(imageTags(repository, options), MANIFESTS_AT_ONCE, (tag) =>
    summarize(repository, tag, ownSignal(options.signal)),
  )) {
    if (row === undefined) continue;
    if (options.status === undefined || options.status.some((status) => status === row.status)) rows.push(row);
  }
  yield* newestFirst(rows, ({ version }) => version);
}

async function* imageTags(repository: Repository, options: TagsOptions): AsyncIterable<string> {
  for await (const tag of repository.tags(options)) if (!DIGEST_TAG.test(tag)) yield tag;
}

async function summarize(
  repository: Repository,
  tag: string,
  options: OperationOptions,
): Promise<SkillSummary | undefined> {
  throwIfAborted(options.signal);
  const descriptor = await find(repository, tag, options);
  if (descriptor === undefined) return undefined;
  let facts: EntryFacts = {};
  try {
    const image = await readImage(repository, descriptor, options);
    facts = factsOf(image.annotations, contentOf(image).size);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  }
  const { digest } = descriptor;
  return { reference: `${repository.name}:${tag}`, repository: repository.name, tag, digest, ...facts };
}
