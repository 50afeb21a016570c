/** What a rule is. */
import type { AdmissionContext, DeleteChange, Identity, PutChange, Role, UntagChange } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import type { Skill } from "./skill.ts";

/** A manifest comes in; `skill` is what it claims to be, if it claims to be a skill. */
export interface ReviewedPut extends PutChange {
  readonly skill: Skill | undefined;
  /** What the tag names now, if that is a skill. */
  readonly currentSkill: Skill | undefined;
}

/** Something goes; `currentSkill` is what, if that is a skill. */
export type ReviewedRemoval = (UntagChange | DeleteChange) & { readonly currentSkill: Skill | undefined };

/** A rule about skills. A method throws a refusal, or has no objection. */
export interface Rule {
  /** By which a configuration turns it off. */
  readonly name: string;
  /** What it says, in a sentence. */
  readonly doc: string;
  readonly put?: (change: ReviewedPut, context: AdmissionContext) => Promise<void> | void;
  readonly remove?: (change: ReviewedRemoval, context: AdmissionContext) => Promise<void> | void;
}

/** What a program is told of a refusal of a rule: to log in as somebody else does not help. */
const BY_RULE = { refusedBy: "rule" };

/**
 * A refusal of a rule. Always `DENIED`: at `MANIFEST_INVALID`, skopeo and podman would send the image again in another format,
 * without its annotations. The hint says what to do next.
 */
export function refused(message: string, hint: string, cause?: unknown): RegistryRefusal {
  return new RegistryRefusal(403, "DENIED", message, {
    hint,
    detail: BY_RULE,
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A refusal of a rule that takes the same from somebody else. */
export function notAllowed(message: string, hint: string): RegistryRefusal {
  return new RegistryRefusal(403, "DENIED", message, { hint });
}

/** Whether somebody has one of these roles in a repository. */
export function hasRole(identity: Identity, repository: string, ...roles: readonly Role[]): boolean {
  const theirs = identity.roles(repository);
  return roles.some((role) => theirs.has(role));
}

/** How messages call somebody. */
export function nameOf(identity: Identity): string {
  return identity.name ?? "anonymous";
}
