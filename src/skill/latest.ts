/** Which version `latest` ought to name, found with as few manifests as possible. */
import { isSkillError, SkillError, throwIfAborted } from "../errors.ts";
import { compareVersions, isPrerelease, isVersion, LATEST, tagFor } from "../lifecycle/index.ts";
import { Annotation, type Descriptor } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { findCurrent } from "./find.ts";
import { readImage } from "./image.ts";
import { readStatus } from "./metadata.ts";

/** A published version and the image that it is. */
export interface PublishedVersion {
  readonly version: string;
  readonly descriptor: Descriptor;
}

/**
 * The highest published version of a repository, releases before pre-releases, leaving out `except` if given. Tags are tried from
 * the highest version down and reading stops at the first that is published, so one manifest is the usual cost; none when that
 * is `known`, a version that the caller has just published itself.
 */
export async function highestPublished(
  repository: Repository,
  except: string | undefined,
  options: OperationOptions = {},
  known?: PublishedVersion,
): Promise<PublishedVersion | undefined> {
  const versions: string[] = [];
  for await (const tag of repository.tags(options)) {
    const version = versionOf(tag);
    if (version !== undefined && version !== except) versions.push(version);
  }
  for (const version of versions.toSorted(highestFirst)) {
    throwIfAborted(options.signal);
    if (known?.version === version) return known;
    const descriptor = await findCurrent(repository, tagFor(version, "published") ?? version, options);
    if (descriptor === undefined) continue;
    const image = await readImage(repository, descriptor, options);
    const isOut = readStatus(image.annotations) === "published" && image.annotations[Annotation.version] === version;
    if (isOut) return { version, descriptor: entryOf(image) };
  }
  return undefined;
}

/** How `latest` stands. */
export interface SettledLatest {
  /** The version that it names; `undefined` when no version is published, unless it remains. */
  readonly version: string | undefined;
  /** Whether it had to be set or removed for that. */
  readonly moved: boolean;
}

/** The same as part of a result. */
export function standing({ version, moved }: SettledLatest): {
  readonly latest?: string;
  readonly latestMoved: boolean;
} {
  return { ...(version === undefined ? {} : { latest: version }), latestMoved: moved };
}

/** `latest` cannot go where the registry removes no tags, though nothing is published that it could name. */
export class LatestRemains extends SkillError {
  /** How it stands: what it names still, and whether it follows the tag of that version by now. */
  readonly latest: SettledLatest;

  constructor(latest: SettledLatest, cause: SkillError) {
    super(cause.code, cause.message, { ...(cause.hint === undefined ? {} : { hint: cause.hint }), cause });
    this.latest = latest;
  }
}

/** What the caller has just done to a version. */
export interface JustDone {
  /** It was published, as this image, which need not be read again. */
  readonly published?: PublishedVersion;
  /** It was archived: `latest` shall not name it even as deprecated. */
  readonly archived?: string;
}

/**
 * Makes `latest` name the highest published version, or nothing when there is none but it names a published image still.
 * Two promotions at once can each be right by what it saw and leave `latest` wrong together; so whoever may have moved it
 * looks again afterwards, and the last to look sees everything. Throws {@link LatestRemains}, and what `retag` throws.
 */
export async function settleLatest(
  repository: Repository,
  options: OperationOptions = {},
  { published, archived }: JustDone = {},
): Promise<SettledLatest> {
  for (let attempt = 1; ; attempt++) {
    const highest = await highestPublished(repository, undefined, options, attempt === 1 ? published : undefined);
    // Right before it is set, so that it need not be looked at once more.
    const current = await findCurrent(repository, LATEST, options);
    const version = highest?.version;
    if (highest?.descriptor.digest === current?.digest) return { version, moved: false };
    if (highest === undefined && current !== undefined && !(await mustGo(repository, current, archived, options)))
      return { version, moved: false };
    try {
      const expect = current?.digest ?? null;
      await repository.retag([{ name: LATEST, to: highest?.descriptor, expect, isSeen: true }], options);
      return { version, moved: true };
    } catch (error) {
      if (highest === undefined && current !== undefined && isSkillError(error, "REGISTRY_UNSUPPORTED")) {
        throw new LatestRemains(await followVersion(repository, current, options), error);
      }
      if (!isSkillError(error, "CONFLICT") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

const MAX_ATTEMPTS = 5;

/**
 * Lets a `latest` that cannot be removed name what the tag of its version names by now, as a deprecated image: then at least
 * whoever reads it is told.
 */
async function followVersion(
  repository: Repository,
  current: Descriptor,
  options: OperationOptions,
): Promise<SettledLatest> {
  const version = (await readImage(repository, current, options)).annotations[Annotation.version];
  const tag = version === undefined ? undefined : tagFor(version, "published");
  const now = tag === undefined ? undefined : await findCurrent(repository, tag, options);
  if (now === undefined || now.digest === current.digest) return { version, moved: false };
  const to = entryOf(await readImage(repository, now, options));
  await repository.retag([{ name: LATEST, to, expect: current.digest, isSeen: true }], options);
  return { version, moved: true };
}

/** Whether `latest` names what was published once, and not what somebody gave that name. */
async function mustGo(
  repository: Repository,
  current: Descriptor,
  archived: string | undefined,
  options: OperationOptions,
): Promise<boolean> {
  const { annotations } = await readImage(repository, current, options);
  const status = readStatus(annotations);
  if (status === "published") return true;
  return status === "deprecated" && archived !== undefined && annotations[Annotation.version] === archived;
}

/** The version that a tag is for. `1.0.0_linux` is the tag of `1.0.0+linux`; tags of other states end in their name and are none. */
export function versionOf(tag: string): string | undefined {
  const version = tag.replace("_", "+");
  return isVersion(version) && !/-(?:draft|testing)$/.test(tag) ? version : undefined;
}

function highestFirst(a: string, b: string): number {
  return Number(isPrerelease(a)) - Number(isPrerelease(b)) || compareVersions(b, a);
}
