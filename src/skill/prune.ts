/** Removes what promotion and repacking leave behind. */
import { compareStates, isLifecycleState, tagFor } from "../lifecycle/index.ts";
import type { EntryLister, GarbageCollector, OperationOptions, Store } from "../store/index.ts";
import { haveSameContent, readImage, type SkillImage } from "./image.ts";
import { list, type SkillSummary } from "./list.ts";
import { isUnreadable } from "./unreadable.ts";

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
  /** Bytes that come free. */
  readonly bytes: number;
  /** Unreferenced blobs that stay because they are within the grace period. */
  readonly kept: number;
  readonly dryRun: boolean;
}

/**
 * Removes the tags of superseded states (`1.0.0-draft` where `1.0.0` or a later packed `1.0.0-testing` exists) and collects garbage.
 * Archived images and referrers of what is kept stay. Throws `CONFLICT` when a tag moved meanwhile; call it again then.
 */
export async function prune(
  store: Store & EntryLister & GarbageCollector,
  options: PruneOptions = {},
): Promise<PruneResult> {
  const dryRun = options.dryRun === true;
  const superseded = await findSuperseded(store, options);
  if (!dryRun) await untag(store, superseded, options);
  const tags = superseded.map((summary) => summary.reference);
  const report = await store.gc({ ...options, dryRun, ...(dryRun ? { without: tags } : {}) });
  return { tags, blobs: report.removed.length, bytes: report.bytes, kept: report.kept, dryRun };
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
  const superseded: SkillSummary[] = [];
  for (const summary of all) {
    const last = furthest.get(versionKey(summary));
    if (last === undefined || !isStateTag(summary) || !isBehind(summary, last)) continue;
    if (!(await mayBeNewer(store, summary, last, options))) superseded.push(summary);
  }
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
  const read = async ({ digest }: SkillSummary): Promise<SkillImage> =>
    readImage(repository, await repository.resolve(digest, options), options);
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

/** One change for each repository, so that it is made whole or not at all. */
async function untag(store: Store, summaries: readonly SkillSummary[], options: OperationOptions): Promise<void> {
  const repositories = new Set(summaries.map((summary) => summary.repository));
  for (const name of repositories) {
    const changes = summaries
      .filter((summary) => summary.repository === name)
      .map(({ tag = "", digest }) => ({ name: tag, to: undefined, expect: digest }));
    await store.repository(name).retag(changes, options);
  }
}
