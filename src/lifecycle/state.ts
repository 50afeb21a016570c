import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/** The states of a skill version, in the order in which it passes through them. */
export const LIFECYCLE_STATES = ["draft", "testing", "published", "deprecated", "archived"] as const;

export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** Tells whether `text` is a lifecycle state. */
export function isLifecycleState(text: string): text is LifecycleState {
  return (LIFECYCLE_STATES as readonly string[]).includes(text);
}

/** Reads a state as annotations and commands write it; throws `LIFECYCLE_STATE_UNKNOWN`. */
export function parseLifecycleState(text: string): LifecycleState {
  if (isLifecycleState(text)) return text;
  throw new SkillError("LIFECYCLE_STATE_UNKNOWN", `${quote(text)} is not a lifecycle state`, {
    hint: `The states are ${LIFECYCLE_STATES.join(", ")}.`,
  });
}

/** The only state that a skill can go to from `state`; `undefined` at the end. */
export function nextState(state: LifecycleState): LifecycleState | undefined {
  return LIFECYCLE_STATES[LIFECYCLE_STATES.indexOf(state) + 1];
}

/** Tells whether a skill can go from one state to the other: one step forward, never back, never two. */
export function canTransition(from: LifecycleState, to: LifecycleState): boolean {
  return nextState(from) === to;
}

/** Throws `LIFECYCLE_TRANSITION_INVALID`, with the step that is possible as its hint, unless {@link canTransition}. `subject` names who. */
export function assertTransition(from: LifecycleState, to: LifecycleState, subject = "the skill"): void {
  if (canTransition(from, to)) return;
  const next = nextState(from);
  const what = from === to ? `is ${from} already` : `cannot go from ${from} to ${to}`;
  throw new SkillError("LIFECYCLE_TRANSITION_INVALID", `${subject} ${what}`, {
    hint: next === undefined ? "archived is the last state." : `From ${from} the next step is ${next}.`,
  });
}

/** Tells which of two states comes later: negative when `a` is earlier, 0 when equal, positive when later. */
export function compareStates(a: LifecycleState, b: LifecycleState): number {
  return LIFECYCLE_STATES.indexOf(a) - LIFECYCLE_STATES.indexOf(b);
}
