import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

/** The error for an entry that is well-formed but not allowed. */
export function refused(path: string, reason: string): SkillError {
  return new SkillError("ARCHIVE_REFUSED", `the archive's entry ${quote(path)} is refused: ${reason}`, {
    hint: "Nothing was unpacked. A skill's layer holds plain files and directories with portable names only.",
  });
}

/** The error for no bytes at all. */
export function empty(): SkillError {
  return new SkillError("ARCHIVE_INVALID", "the archive is empty", {
    hint: "Make or fetch it again; whatever should have written it has most likely failed.",
  });
}

/** The error for bytes that are not what a tar or gzip stream must hold at this place. */
export function invalid(what: string, cause?: unknown): SkillError {
  return new SkillError("ARCHIVE_INVALID", `the archive is damaged or ambiguous: ${what}`, {
    hint: "Fetch or pack it again.",
    ...(cause === undefined ? {} : { cause }),
  });
}
