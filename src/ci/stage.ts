import type { LifecycleState } from "../lifecycle/index.ts";
import type { Pipeline } from "../source/index.ts";

/** How far a run goes: each stage includes those before it. */
export type Stage = "validate" | "pack" | "push";

/** What was asked for. */
export interface StageWish {
  /** Only checks. */
  readonly validateOnly?: boolean;
  /** Whether a registry is named to push to. */
  readonly push?: boolean;
  /** The state that skills shall reach in it. */
  readonly promote?: LifecycleState;
  /** Lets nothing out that has not been merged. */
  readonly byBranch?: boolean;
}

/**
 * The stage for a run. By branch, only the default branch and tags are pushed; a request to merge is only validated, as it may come
 * from anybody, and other branches are packed as well.
 */
export function stageFor({ validateOnly, push, byBranch }: StageWish, { event }: Pipeline): Stage {
  if (validateOnly === true) return "validate";
  const wanted = push === true ? "push" : "pack";
  if (byBranch !== true || event === "default-branch" || event === "tag") return wanted;
  return event === "request" ? "validate" : "pack";
}
