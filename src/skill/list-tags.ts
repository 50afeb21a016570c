/** The tags of one repository, of a store that must be asked for each. */
import { SkillError, throwIfAborted } from "../errors.ts";
import { newestFirst, type LifecycleState } from "../lifecycle/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";
import { factsOf, type EntryFacts } from "./entry.ts";
import { find } from "./find.ts";
import { contentOf, readImage } from "./image.ts";
import type { SkillSummary } from "./list.ts";
import { isUnreadable } from "./unreadable.ts";

/** How many manifests are read at once. */
const MANIFESTS_AT_ONCE = 6;

/** Where tools keep signatures, attestations and referrers that no registry lists: under the digest of what they are about. */
const DIGEST_TAG = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.[A-Za-z0-9_.-]+)?$/;

/**
 * The images that the tags of a repository name, by version, newest first. What is no image is listed without facts; a tag
 * that goes meanwhile is not listed. With `mustExist`, rejects with `NOT_FOUND` where there is no tag at all: registries do not
 * tell repositories that do not exist from those that were emptied. Rejects with what the store rejects with, too.
 */
export async function* listTags(
  store: Store,
  name: string,
  options: OperationOptions & { readonly status?: readonly LifecycleState[]; readonly mustExist?: boolean } = {},
): AsyncIterable<SkillSummary> {
  const repository = store.repository(name);
  const rows: SkillSummary[] = [];
  let isEmpty = true;
  const seen = (): void => void (isEmpty = false);
  for await (const row of inOrder(imageTags(repository, seen, options), MANIFESTS_AT_ONCE, (tag) =>
    summarize(repository, tag, options),
  )) {
    if (row === undefined) continue;
    if (options.status === undefined || options.status.some((status) => status === row.status)) rows.push(row);
  }
  if (isEmpty && options.mustExist === true) throw nothingThere(name);
  yield* newestFirst(rows, ({ version }) => version);
}

function nothingThere(name: string): SkillError {
  return new SkillError("NOT_FOUND", `there is no repository ${name}, or it has no tags`, {
    hint: "Check the name, and that you may read it. Archived versions have no tag: they are reached by their digest.",
  });
}

async function* imageTags(repository: Repository, seen: () => void, options: OperationOptions): AsyncIterable<string> {
  for await (const tag of repository.tags(options)) {
    seen();
    if (!DIGEST_TAG.test(tag)) yield tag;
  }
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
