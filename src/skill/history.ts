/** How a skill came to be what it is: its promotions, as records beside its images tell them, and whether they can be so. */
import { throwIfAborted } from "../errors.ts";
import { canTransition, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, formatReference, MediaType, type Digest, type Manifest, type Reference } from "../oci/index.ts";
import { readManifest } from "../store/index.ts";
import type { OperationOptions, Repository, Store } from "../store/index.ts";
import { find } from "./find.ts";
import { readImage, type SkillImage } from "./image.ts";
import { readStatus } from "./metadata.ts";
import { readRecord, type PromotionFacts } from "./record.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference } from "./resolve.ts";
import { isUnreadable } from "./unreadable.ts";

/** One promotion. What its record does not tell is absent, and it is not valid then. */
export interface PromotionStep extends Partial<PromotionFacts> {
  /** The digest of the record. */
  readonly record: Digest;
  /** Whether the record fits the images, the other records and the lifecycle. */
  readonly valid: boolean;
  /** What does not fit, a sentence each. */
  readonly problems: readonly string[];
}

export interface PromotionHistory {
  readonly reference: string;
  readonly digest: Digest;
  /** The image's state; absent when it has none. */
  readonly status?: LifecycleState;
  readonly version?: string;
  /** The layers that must be the same at every step. */
  readonly layerDigests: readonly Digest[];
  /** Newest first. */
  readonly steps: readonly PromotionStep[];
  /** Whether the steps go back to the draft. Steps without a record, and records that are gone, are not known. */
  readonly complete: boolean;
  /** Whether every step is. */
  readonly valid: boolean;
}

/** More steps than any skill has; who records more wants to keep the reader busy. */
const MAX_STEPS = 1000;

/** Bytes of a record. One has a few annotations and names the layers; all of a history are in memory together. */
const MAX_RECORD = 64 * 1024;

/** An image of the past: its digest, and the state that the newer record says it was in. */
interface Visit {
  readonly digest: Digest;
  readonly state: LifecycleState | undefined;
}

/**
 * Follows the promotion records of an image back through the images that it was. An older image that is gone, as registries
 * collect what has no tag, does not end the chain while its own records are there. What a record that is not valid says is
 * not followed. Reads at most 1,000 records. Throws as `resolveReference` does.
 */
export async function history(
  store: Store,
  reference: Reference,
  options: OperationOptions = {},
): Promise<PromotionHistory> {
  const resolved = await resolveReference(store, reference, options);
  const { reference: full, descriptor, repository } = resolved;
  const image = await readResolved(resolved, options);
  const status = readStatus(image.annotations);
  const version = image.annotations[Annotation.version];
  const steps = await followRecords(repository, image, { digest: descriptor.digest, state: status }, options);
  return {
    reference: formatReference(full),
    digest: descriptor.digest,
    ...(status === undefined ? {} : { status }),
    ...(version === undefined ? {} : { version }),
    layerDigests: layersOf(image),
    steps,
    complete: status === "draft" || steps.some(({ valid, from }) => valid && from === "draft"),
    valid: steps.every(({ valid }) => valid),
  };
}

async function followRecords(
  repository: Repository,
  image: SkillImage,
  start: Visit,
  options: OperationOptions,
): Promise<readonly PromotionStep[]> {
  const steps: PromotionStep[] = [];
  const waiting = [start];
  const visited = new Set<Digest>();
  // The list grows while it is gone through: of two promotions at once, each may have left a record.
  for (const visit of waiting) {
    visited.add(visit.digest);
    for (const record of await recordsOf(repository, visit.digest, MAX_STEPS - steps.length, options)) {
      const step = await checkStep(repository, image, visit, record, visited, options);
      steps.push(step);
      const { valid, fromDigest: digest, from: state } = step;
      if (!valid || digest === undefined || waiting.some((other) => other.digest === digest)) continue;
      waiting.push({ digest, state });
    }
  }
  return steps;
}

/** A record as it was read, or why it could not be. */
interface FoundRecord {
  readonly digest: Digest;
  readonly manifest?: Manifest;
  readonly problem?: string;
}

/** The promotion records of an image, the newest first. */
async function recordsOf(
  repository: Repository,
  subject: Digest,
  most: number,
  options: OperationOptions,
): Promise<readonly FoundRecord[]> {
  const found: FoundRecord[] = [];
  let looked = 0;
  const descriptor = { mediaType: MediaType.manifest, digest: subject, size: 0 };
  for await (const referrer of repository.referrers(descriptor, { ...options, artifactType: MediaType.promotion })) {
    if (looked++ >= most) break;
    throwIfAborted(options.signal);
    // Read, even where the listing shows the annotations: only the manifest itself is what its digest says.
    const { digest, size } = referrer;
    if (size > MAX_RECORD) {
      found.push({ digest, problem: `it has ${size} bytes, which no record has` });
      continue;
    }
    try {
      const manifest = await readManifest(repository, referrer, options);
      if (manifest.artifactType !== MediaType.promotion) continue;
      found.push(manifest.kind === "manifest" ? { digest, manifest } : { digest, problem: "it is an index" });
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      found.push({ digest, problem: `it cannot be read: ${error.message}` });
    }
  }
  return found.toSorted((a, b) => timeOf(b) - timeOf(a));
}

function timeOf({ manifest }: FoundRecord): number {
  const facts = manifest === undefined ? undefined : readRecord(manifest);
  return facts === undefined || "problem" in facts ? 0 : Date.parse(facts.time) || 0;
}

async function checkStep(
  repository: Repository,
  image: SkillImage,
  visit: Visit,
  { digest: record, manifest, problem = "it cannot be read" }: FoundRecord,
  visited: ReadonlySet<Digest>,
  options: OperationOptions,
): Promise<PromotionStep> {
  const facts = manifest === undefined ? { problem } : readRecord(manifest);
  if (manifest === undefined || "problem" in facts) {
    return { record, valid: false, problems: ["problem" in facts ? facts.problem : problem] };
  }
  const layers = layersOf(image).join();
  const { from, to } = facts;
  const wrong: readonly (readonly [boolean, string])[] = [
    [manifest.subject?.digest !== visit.digest, "its subject is another image"],
    [facts.toDigest !== visit.digest, "it tells of another image than its subject"],
    [visit.state !== undefined && visit.state !== to, `it leads to ${to}, but the image is ${visit.state}`],
    [!canTransition(from, to), `a skill does not go from ${from} to ${to}`],
    [manifest.layers.map(({ digest }) => digest).join() !== layers, "its layers are not the image's"],
    [facts.layerDigests.join() !== layers, "the layer digest that it tells is not the image's"],
    [Number.isNaN(Date.parse(facts.time)), "it does not tell when it was"],
    [visited.has(facts.fromDigest), "it leads back to an image that came later"],
  ];
  const problems = wrong.flatMap(([is, what]) => (is ? [what] : []));
  problems.push(...(await checkBefore(repository, image, facts, options)));
  return { record, ...facts, valid: problems.length === 0, problems };
}

/** Compares the image before, while it is there, with what the record says of it. */
async function checkBefore(
  repository: Repository,
  image: SkillImage,
  { from, fromDigest }: PromotionFacts,
  options: OperationOptions,
): Promise<string[]> {
  try {
    const descriptor = await find(repository, fromDigest, options);
    if (descriptor === undefined) return [];
    const before = await readImage(repository, descriptor, options);
    const wrong: readonly (readonly [boolean, string])[] = [
      [layersOf(before).join() !== layersOf(image).join(), "the image before had other layers"],
      [readStatus(before.annotations) !== from, `the image before was not ${from}`],
      [
        before.annotations[Annotation.version] !== image.annotations[Annotation.version],
        "the image before was of another version",
      ],
    ];
    return wrong.flatMap(([is, what]) => (is ? [what] : []));
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return [`the image before cannot be read: ${error.message}`];
  }
}

function layersOf(image: SkillImage): readonly Digest[] {
  return image.members[0].manifest.layers.map(({ digest }) => digest);
}
