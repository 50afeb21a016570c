/** What an image that is on its way out says to those who still use it. */
import { SkillError } from "../errors.ts";
import { isVersion, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, parseReference, type Annotations } from "../oci/index.ts";
import { quote } from "../text/index.ts";

/** Why an image is deprecated, and what takes its place; each as far as whoever deprecated it said so. */
export interface Deprecation {
  readonly reason?: string;
  /** A version of the same skill, or the reference of another image. */
  readonly replacedBy?: string;
}

/** In characters; it is shown in lists and stands in every manifest from then on. */
const MAX_REASON = 1000;

/** Refuses a reason for a promotion that is blank or longer than 1,000 characters (`USAGE`). */
export function checkReason(reason: string): string {
  if (reason.trim() !== "" && reason.length <= MAX_REASON) return reason;
  const what = reason.trim() === "" ? "is empty" : `has ${reason.length} characters, over ${MAX_REASON}`;
  throw new SkillError("USAGE", `the reason ${what}`, { hint: "Say in a sentence or two why." });
}

/**
 * The annotations that a promotion to `to` adds: none but for a deprecation. Throws `USAGE` when a replacement is named for
 * another step, or is neither a version nor a reference.
 */
export function deprecationAnnotations(to: LifecycleState, { reason, replacedBy }: Deprecation): Annotations {
  if (replacedBy !== undefined && to !== "deprecated") {
    throw new SkillError("USAGE", `a skill that becomes ${to} is not replaced by ${quote(replacedBy)}`, {
      hint: "What takes a skill's place is said when it is deprecated.",
    });
  }
  if (to !== "deprecated") return {};
  return {
    ...(reason === undefined ? {} : { [Annotation.deprecationReason]: reason }),
    ...(replacedBy === undefined ? {} : { [Annotation.deprecationReplacedBy]: checkReplacement(replacedBy) }),
  };
}

/** What annotations tell of a deprecation; `undefined` when they tell nothing. */
export function readDeprecation(annotations: Annotations): Deprecation | undefined {
  const { [Annotation.deprecationReason]: reason, [Annotation.deprecationReplacedBy]: replacedBy } = annotations;
  if (reason === undefined && replacedBy === undefined) return undefined;
  return { ...(reason === undefined ? {} : { reason }), ...(replacedBy === undefined ? {} : { replacedBy }) };
}

function checkReplacement(text: string): string {
  if (isVersion(text)) return text;
  try {
    parseReference(text);
    return text;
  } catch (cause) {
    throw new SkillError("USAGE", `${quote(text)} is neither a version nor a reference`, {
      hint: "Name what takes the skill's place, as in 2.0.0 or quay.io/myorg/other:1.0.0.",
      cause,
    });
  }
}
