/**
 * The life of a skill version: its states, the order of versions, and the tags that follow from both. Pure rules.
 */
export {
  assertTransition,
  canTransition,
  compareStates,
  isLifecycleState,
  LIFECYCLE_STATES,
  nextState,
  parseLifecycleState,
} from "./state.ts";
export type { LifecycleState } from "./state.ts";
export { LATEST, latestVersion, planTags, statesOfTag, tagFor } from "./tags.ts";
export type { TagPlan, VersionState } from "./tags.ts";
export { compareVersions, isPrerelease, isVersion, newestFirst } from "./version.ts";
