/** Removes what promotion and repacking leave behind. */
import { compareStates, isLifecycleState, tagFor } from "../lifecycle/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { EntryLister, GarbageCollector, OperationOptions, Store, TagChange } from "../store/index.ts";
import { haveSameContent, readImage, type SkillImage } from "./image.ts";
import { list, type SkillSummary } from "./list.ts";
import { ownSignal } from "./own-signal.ts";
import { promotedFrom } from "./record.ts";
import { isUnreadable } from "./unreadable.ts";

/** How many images are looked at at once. */
const IMAGES_AT_ONCE = 16;
/** How many repositories are changed at once. */
const REPOSITORIES_AT_ONCE = 64;

export interface PruneOptions extends OperationOptions {
  /** Says what would go, and removes nothing. Default: false. */
  readonly dryRun?: boolean;
  /** Content younger than this, in milliseconds, is kept: it may belong to a push in flight. Default: one hour. */
  readonly grace?: number;
}

export interface PruneResult {
  /** References that go: their version stands in a later state under another tag. */
  readonly tags: readonly string[];
  /** Unreferenced blobs that go. */
  readonly blobs: number;
  /** Files that go which processes had begun that died. */
  readonly temporaries: number;
  /** Bytes that come free. */
  readonly bytes: number;
  /** Unreferenced blobs that stay because they are within the grace period. */
  readonly kept: number;
  readonly dryRun: boolean;
}

/**
 * Removes the tags of superseded states (`1.0.0-draft` where `1.0.0` or a later packed `1.0.0-testing` exists) and collects garbage.
 * Archived images and referrers of what is kept stay, and so does its history: the records of what it was promoted from. Throws `CONFLICT` when a tag moved meanwhile; call it again then.
 */
export async function prune(
  store: Store & EntryLister & GarbageCollector,
  options: PruneOptions = {},
): Promise<PruneResult> {
  const dryRun = options.dryRun === true;
  const superseded = await findSuperseded(store, options);
  if (!dryRun) await untag(store, superseded, options);
  const tags = superseded.map((summary) => summary.reference);
  const report = await store.gc({ ...options, dryRun, earlier: promotedFrom, ...(dryRun ? { without: tags } : {}) });
  const { removed, temporaries, bytes, kept } = report;
  return { tags, blobs: removed.length, temporaries, bytes, kept, dryRun };
}

/** Tags of the form `<version>-draft` or `<version>-testing` beside a tag of the same version in a later state. */
async function findSuperseded(store: Store & EntryLister, options: OperationOptions): Promise<readonly SkillSummary[]> {
  const all: SkillSummary[] = [];
  const furthest = new Map<string, SkillSummary>();
  for await (const summary of list(store, options)) {
    all.push(summary);
    const known = furthest.get(versionKey(summary));
    if (known === undefined || isBehind(known, summary)) furthest.set(versionKey(summary), summary);
  }
  const behind = all.flatMap((summary) => {
    const last = furthest.get(versionKey(summary));
    return last !== undefined && isStateTag(summary) && isBehind(summary, last) ? [{ summary, last }] : [];
  });
  const superseded: SkillSummary[] = [];
  const looked = inOrder(behind, IMAGES_AT_ONCE, async ({ summary, last }) =>
    (await mayBeNewer(store, summary, last, options)) ? undefined : summary,
  );
  for await (const summary of looked) if (summary !== undefined) superseded.push(summary);
  return superseded;
}

/**
 * A draft that was packed after its version went to testing is what comes next, not what is left over. Of two that say the same
 * time, as with SOURCE_DATE_EPOCH, only one that is the other to the byte certainly is left over.
 */
async function mayBeNewer(
  store: Store,
  summary: SkillSummary,
  last: SkillSummary,
  options: OperationOptions,
): Promise<boolean> {
  const [created = "", before = ""] = [summary.created, last.created];
  if (last.status !== "testing" || created < before) return false;
  if (created > before) return true;
  const repository = store.repository(summary.repository);
  const read = async ({ tag, digest }: SkillSummary): Promise<SkillImage> =>
    readImage(repository, await repository.resolve(tag ?? digest, options), options);
  try {
    return !haveSameContent(await read(summary), await read(last));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return true;
  }
}

function versionKey({ repository, version = "" }: SkillSummary): string {
  return `${repository} ${version}`;
}

function isStateTag({ tag, version, status }: SkillSummary): boolean {
  return version !== undefined && (status === "draft" || status === "testing") && tag === tagFor(version, status);
}

function isBehind(a: SkillSummary, b: SkillSummary): boolean {
  const [from, to] = [a.status ?? "", b.status ?? ""];
  return isLifecycleState(from) && isLifecycleState(to) && compareStates(from, to) < 0;
}

/**
 * One change for each repository, so that it is made whole or not at all; those of several are under way together, as a store
 * makes them in one write then.
 */
async function untag(store: Store, summaries: readonly SkillSummary[], options: OperationOptions): Promise<void> {
  const changes = new Map<string, TagChange[]>();
  for (const { repository, tag = "", digest } of summaries) {
    const own = changes.get(repository) ?? [];
    changes.set(repository, own);
    own.push({ name: tag, to: undefined, expect: digest });
  }
  const untagging = inOrder(changes, REPOSITORIES_AT_ONCE, ([name, own]) =>
    store.repository(name).retag(own, ownSignal(options.signal)),
  );
  for await (const _ of untagging);
}
