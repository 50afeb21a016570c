/** What storage says of an upload, in the words of the protocol. */
import { isSkillError } from "../../errors.ts";
import { RegistryRefusal } from "../refusal.ts";

/** Calls `work` on an upload; what the client has caused becomes a refusal. */
export async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isSkillError(error, "DIGEST_MISMATCH")) throw wrongDigest(error);
    if (isSkillError(error, "NOT_FOUND")) {
      throw new RegistryRefusal(404, "BLOB_UPLOAD_UNKNOWN", error.message, { cause: error });
    }
    if (isSkillError(error, "CONFLICT")) {
      throw new RegistryRefusal(416, "BLOB_UPLOAD_INVALID", error.message, {
        hint: "Ask how far the upload is, and go on from there.",
        cause: error,
      });
    }
    throw error;
  }
}

function wrongDigest(cause: Error): RegistryRefusal {
  return new RegistryRefusal(400, "DIGEST_INVALID", cause.message, {
    hint: "It was damaged or changed on its way, or another digest was meant; push it again.",
    cause,
  });
}
