/** For commands on the local store that were given the name of what is in a registry. */
import { isSkillError, SkillError } from "../errors.ts";
import type { Reference } from "../oci/reference.ts";

/** The error with `instead` as its hint, where a name with a registry is not in the store; else as it is. */
export function withRegistryHint(error: unknown, reference: Reference, instead: string): unknown {
  if (reference.registry === undefined || !isSkillError(error, "NOT_FOUND")) return error;
  return new SkillError(error.code, `${error.message} in the local store`, { hint: instead, cause: error });
}
