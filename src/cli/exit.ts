/** From error codes to exit statuses, the only place where that is decided. */
import { isSkillError, type SkillErrorCode } from "../errors.ts";
import { explainSystemError } from "./system-error.ts";

/** The statuses with which the command ends. `cancelled` is that of SIGINT, and of a question left unanswered. */
export const ExitStatus = { ok: 0, failed: 1, usage: 2, cancelled: 130 } as const;

export type ExitStatus = (typeof ExitStatus)[keyof typeof ExitStatus];

/** The statuses of processes that a signal ended: 128 and the signal's number, as shells report them. */
export const SIGNAL_STATUS = { SIGINT: ExitStatus.cancelled, SIGTERM: 143, SIGHUP: 129 } as const;

/** Codes that say that the call itself, or what it was pointed at, could not be understood. */
const USAGE_CODES: ReadonlySet<SkillErrorCode> = new Set<SkillErrorCode>([
  "CONFIG_INVALID",
  "CREDENTIALS_INVALID",
  "DIGEST_INVALID",
  "FILE_UNREADABLE",
  "LIFECYCLE_STATE_UNKNOWN",
  "REFERENCE_AMBIGUOUS",
  "REFERENCE_INVALID",
  "SKILLCARD_MISSING",
  "SOURCE_UNREADABLE",
  "USAGE",
  "VERSION_INVALID",
]);

/** The exit status for a failure: 2 for wrong usage or unreadable input, 130 when cancelled, 1 for everything else. */
export function exitStatusOf(error: unknown): ExitStatus {
  const known = explainSystemError(error);
  if (!isSkillError(known)) return ExitStatus.failed;
  if (known.code === "ABORTED") return ExitStatus.cancelled;
  return USAGE_CODES.has(known.code) ? ExitStatus.usage : ExitStatus.failed;
}

/** The statuses of several parts of one call as one: the gravest. */
export function worstStatus(statuses: Iterable<ExitStatus>): ExitStatus {
  let worst: ExitStatus = ExitStatus.ok;
  for (const status of statuses) if (status > worst) worst = status;
  return worst;
}
