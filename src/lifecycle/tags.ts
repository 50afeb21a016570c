/**
 * Which tags a skill version bears in which state, and which of them move when it is promoted.
 *
 * The rules are the format's: `<ver>-draft`, `<ver>-testing`, `<ver>`, and `latest` for the highest version that is
 * published, a release before any pre-release.
 */
import { LIFECYCLE_STATES, type LifecycleState } from "./state.ts";
import { compareVersions, isPrerelease } from "./version.ts";

/** The tag that follows the highest published version. */
export const LATEST = "latest";

/** A version in a certain state, as the rules for `latest` need to know it. */
export interface VersionState {
  readonly version: string;
  readonly state: LifecycleState;
}

/** What a promotion does to the tags of a repository. */
export interface TagPlan {
  /** The tag of the new state; `undefined` when it has none (archived). */
  readonly set: string | undefined;
  /** The tag of the old state, when it is another one. */
  readonly remove: string | undefined;
  /** The version that `latest` names afterwards; `undefined` when there is no published one. */
  readonly latest: string | undefined;
}

/** The tag of a version in a state; `undefined` when archived. `+` of build metadata becomes `_`, as tags have no `+`. */
export function tagFor(version: string, state: LifecycleState): string | undefined {
  const base = version.replaceAll("+", "_");
  switch (state) {
    case "draft":
    case "testing":
      return `${base}-${state}`;
    case "published":
    case "deprecated":
      return base;
    case "archived":
      return undefined;
  }
}

/** The states that `tag` stands for, of this version; none for a tag of somebody's own choice. */
export function statesOfTag(version: string, tag: string): readonly LifecycleState[] {
  if (tag === LATEST) return ["published"];
  return LIFECYCLE_STATES.filter((state) => tagFor(version, state) === tag);
}

/** The version that `latest` must name: the highest published release, else the highest published pre-release. */
export function latestVersion(versions: Iterable<VersionState>): string | undefined {
  let best: string | undefined;
  for (const { version, state } of versions) {
    if (state === "published" && (best === undefined || outranks(version, best))) best = version;
  }
  return best;
}

/**
 * Plans the tags of a promotion. `others` are the repository's other versions with their states; what they say of the
 * promoted version itself is ignored.
 */
export function planTags(
  version: string,
  from: LifecycleState,
  to: LifecycleState,
  others: Iterable<VersionState>,
): TagPlan {
  const [before, after] = [tagFor(version, from), tagFor(version, to)];
  const afterwards = [...others].filter((other) => other.version !== version);
  return {
    set: after,
    remove: before === after ? undefined : before,
    latest: latestVersion([...afterwards, { version, state: to }]),
  };
}

function outranks(version: string, best: string): boolean {
  const [isPre, bestIsPre] = [isPrerelease(version), isPrerelease(best)];
  return isPre === bestIsPre ? compareVersions(version, best) > 0 : bestIsPre;
}
