import { SkillError } from "../errors.ts";

/**
 * Does `work`, and gives its result or the {@link SkillError} that it throws. Being cancelled (`ABORTED`) and faults of
 * another kind are thrown: they concern everything, not this one.
 */
export async function outcomeOf<R>(
  work: () => Promise<R>,
): Promise<{ readonly result: R } | { readonly error: SkillError }> {
  try {
    return { result: await work() };
  } catch (error) {
    if (!(error instanceof SkillError) || error.code === "ABORTED") throw error;
    return { error };
  }
}
