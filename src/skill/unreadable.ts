import { isSkillError } from "../errors.ts";

const CODES = [
  "DIGEST_MISMATCH",
  "JSON_INVALID",
  "MANIFEST_INVALID",
  "MANIFEST_TOO_LARGE",
  "MEDIA_TYPE_UNSUPPORTED",
  "NOT_A_SKILL",
  "NOT_FOUND",
  "SIZE_MISMATCH",
] as const;

/**
 * Whether reading an image failed for what it is (gone, damaged, something else), which concerns it alone. Every other
 * failure, a registry that does not answer say, is one of the place that it was read from.
 */
export function isUnreadable(error: unknown): error is Error {
  return CODES.some((code) => isSkillError(error, code));
}
