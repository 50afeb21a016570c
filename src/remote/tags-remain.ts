import { isSkillError, SkillError } from "../errors.ts";
import { hasStatus } from "./registry-error.ts";

/** Tags that were to be removed are still there, because the registry does not remove tags, or not for whoever asks. */
export class TagsRemainError extends SkillError {
  /** The tags. All else that was asked for has been done. */
  readonly remaining: readonly string[];

  /** `cause`: the registry's refusal of the last one. */
  constructor(repository: string, remaining: readonly string[], cause: unknown) {
    const what = remaining.length === 1 ? "the tag" : "the tags";
    super("REGISTRY_UNSUPPORTED", `the registry did not remove ${what} ${remaining.join(", ")} of ${repository}`, {
      hint: "Remove it in the registry's own page, or allow tags to be deleted there; everything else is done.",
      cause,
    });
    this.remaining = remaining;
  }
}

/**
 * Whether a registry will not remove a tag. The specification gives those that never do a 400 or 405; others want a right for
 * it that few have.
 */
export function isRefusedRemoval(error: unknown): boolean {
  return hasStatus(error, 400, 401, 403, 405, 501) || isSkillError(error, "REGISTRY_UNAUTHORIZED");
}
