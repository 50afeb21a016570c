/** What S3 says when something is wrong, in our words. */
import { isSkillError, SkillError, throwIfAborted } from "../../../errors.ts";

/** Whether S3 says that there is no such object or upload. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && (/^NoSuch(?:Key|Upload)$|^NotFound$/.test(error.name) || statusOf(error) === 404);
}

/**
 * Does something with an object. A request that S3 refuses is `FILE_UNREADABLE` or `STORE_UNWRITABLE`; one that it does not
 * answer, or cannot answer now, is `REGISTRY_UNREACHABLE`; what is not there stays the error that it is.
 */
export async function asking<T>(
  object: string,
  what: "read" | "written",
  ask: () => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  throwIfAborted(signal);
  try {
    return await ask();
  } catch (error) {
    throwIfAborted(signal);
    throw isMissing(error) ? error : bucketFailure(object, what, error);
  }
}

/** An error of the SDK; what is none of its errors stays what it is. */
export function bucketFailure(object: string, what: "read" | "written", error: unknown): unknown {
  if (!(error instanceof Error) || isSkillError(error)) return error;
  const status = statusOf(error) ?? 0;
  const said = `${error.name}: ${error.message}`;
  if (status < 400 || status >= 500 || status === 429) {
    return new SkillError("REGISTRY_UNREACHABLE", `S3 does not answer for ${object}: ${said}`, { cause: error });
  }
  const code = what === "read" ? "FILE_UNREADABLE" : "STORE_UNWRITABLE";
  return new SkillError(code, `${object} cannot be ${what}: S3 says ${said}`, {
    hint: "Look at the bucket, the region, the credentials and what they may do.",
    cause: error,
  });
}

function statusOf(error: Error): number | undefined {
  const { $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
  return $metadata?.httpStatusCode;
}
