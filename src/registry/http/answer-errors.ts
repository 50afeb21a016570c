/** From what was thrown to what is answered. OCI distribution-spec "Error Codes". */
import { isSkillError, type SkillError } from "../../errors.ts";
import { RegistryRefusal, type OciCode } from "../refusal.ts";

/** Statuses and codes of library errors that a request can cause; every other error is a failure of ours. */
const CAUSED: Readonly<Partial<Record<SkillError["code"], readonly [number, OciCode]>>> = {
  ARCHIVE_LIMIT: [413, "SIZE_INVALID"],
  CONFLICT: [412, "DENIED"],
  DIGEST_INVALID: [400, "DIGEST_INVALID"],
  JSON_INVALID: [400, "MANIFEST_INVALID"],
  MANIFEST_INVALID: [400, "MANIFEST_INVALID"],
  MANIFEST_TOO_LARGE: [413, "SIZE_INVALID"],
  MEDIA_TYPE_UNSUPPORTED: [400, "MANIFEST_INVALID"],
  QUOTA_EXCEEDED: [403, "DENIED"],
  REGISTRY_UNREACHABLE: [503, "UNKNOWN"],
  STORE_UNWRITABLE: [507, "UNKNOWN"],
};

/** For programs, which cannot tell from `DENIED` that it is no matter of rights. */
const BY_QUOTA = { refusedBy: "quota" };

/** Seconds after which what did not answer may be asked again. */
const RETRY_AFTER = "5";

/** What is said of failures of ours, by status. */
const FAILURES: Readonly<Record<number, string>> = {
  503: "something that the registry depends on does not answer",
  507: "the registry cannot store anything at the moment",
};

/**
 * The refusal that an error amounts to. A failure of ours tells nothing of its cause, which may hold paths; whoever runs
 * the registry finds it in the log by the request's id.
 */
export function refusalOf(error: unknown, requestId: string): RegistryRefusal {
  if (error instanceof RegistryRefusal) return error;
  const caused = isSkillError(error) ? CAUSED[error.code] : undefined;
  if (isSkillError(error) && caused !== undefined && caused[0] < 500) {
    const { code, message, hint } = error;
    return new RegistryRefusal(...caused, message, {
      ...(hint === undefined ? {} : { hint }),
      ...(code === "QUOTA_EXCEEDED" ? { detail: BY_QUOTA } : {}),
      cause: error,
    });
  }
  const message = FAILURES[caused?.[0] ?? 500] ?? "the registry failed";
  const status = caused?.[0] ?? 500;
  return new RegistryRefusal(status, "UNKNOWN", message, {
    ...(status === 503 ? { headers: { "Retry-After": RETRY_AFTER } } : {}),
    hint: `Whoever runs it finds the reason in its log under ${requestId}.`,
    cause: error,
  });
}

/** The status on record where nobody was there any more to hear one, as nginx has it. */
export const CLIENT_GONE = 499;

/** What an error is that only comes of its client being gone. */
export function unheard(cause: unknown): RegistryRefusal {
  return new RegistryRefusal(CLIENT_GONE, "UNKNOWN", "the client was gone before it had its answer", { cause });
}

/** What an error is that only comes of our having broken off, as the client did not take its answer. */
export function untaken(cause: unknown): RegistryRefusal {
  return new RegistryRefusal(CLIENT_GONE, "UNKNOWN", "the client took too little of its answer", { cause });
}

/** The body of a refusal's answer. */
export function errorBody({ ociCode, message, hint, detail }: RegistryRefusal): string {
  if (hint === undefined) return JSON.stringify({ errors: [{ code: ociCode, message, detail }] });
  // Who reads details finds the last sentence apart.
  const isFacts = typeof detail === "object" && detail !== null && !Array.isArray(detail);
  const all = isFacts ? { ...detail, hint } : detail;
  return JSON.stringify({ errors: [{ code: ociCode, message: `${message}. ${hint}`, detail: all }] });
}
