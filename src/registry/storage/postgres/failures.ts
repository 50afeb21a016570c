/** What PostgreSQL says when something is wrong, in our words. */
import { isSkillError, SkillError } from "../../../errors.ts";

/**
 * Classes of SQLSTATE that say that the server is not there, or cannot do it now: connections, resources, shutdown; a standby that
 * is not the primary yet; a transaction that had to give way.
 */
const UNREACHABLE = /^(?:08|28|40|53|57P|25006|55P03)/;

/** An error of the driver; what is none of its errors stays what it is. Never holds the connection string. */
export function databaseFailure(error: unknown): unknown {
  if (!(error instanceof Error) || isSkillError(error)) return error;
  // What the server says has a severity; codes of the system (EPIPE) look like its states.
  const state = "severity" in error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^[0-9A-Z]{5}$/.test(state) && !UNREACHABLE.test(state)) {
    return new SkillError("STORE_UNWRITABLE", `PostgreSQL refuses: ${error.message} (${state})`, { cause: error });
  }
  return new SkillError("REGISTRY_UNREACHABLE", `PostgreSQL does not answer: ${error.message}`, {
    hint: "Look whether it runs, and whether this address, user and password are still good.",
    cause: error,
  });
}
