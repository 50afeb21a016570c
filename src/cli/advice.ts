/** What to do next in terms of the command: the library's hints know nothing of its flags. */
import { isSkillError, type SkillError, type SkillErrorCode } from "../errors.ts";

/** Hints by error code, instead of the library's; a function may decline. */
export type Advice = Readonly<Partial<Record<SkillErrorCode, string | ((error: SkillError) => string | undefined)>>>;

const DAMAGED =
  "skillctl fsck says what is damaged in the local store. Pack, import or pull the image again to mend it.";

/** For commands that do not know better: what they read is the local store, as a rule. */
const COMMON: Advice = { DIGEST_MISMATCH: DAMAGED, SIZE_MISMATCH: DAMAGED };

/** For commands whose content comes from a registry, where a damaged store is not the likeliest reason. */
export const FROM_REGISTRY: Advice = { DIGEST_MISMATCH: () => undefined, SIZE_MISMATCH: () => undefined };

/** The hint for an error of a command with this advice; `undefined`: the error's own. */
export function adviceFor(error: unknown, advice: Advice = {}): string | undefined {
  if (!isSkillError(error)) return undefined;
  const hint = { ...COMMON, ...advice }[error.code];
  return typeof hint === "function" ? hint(error) : hint;
}
