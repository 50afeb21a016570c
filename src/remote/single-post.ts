/**
 * Sending a small blob with the very request that would begin its upload, where a registry takes it so: nothing has to be kept for
 * an upload that is under way. OCI distribution-spec "Single POST" (end-4b).
 *
 * The specification leaves it to the registry, and hardly any client does it. So whether a registry does is found out with one blob,
 * and only by those who push many; whatever it answers then but 201, blobs go up as they always did.
 */
import { isSkillError } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import { hasBlob } from "./blobs.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { UploadSession } from "./upload-session.ts";

/** How many blobs go up in the usual way before the registry is tried. A skill has two. */
const WORTH_TRYING = 3;
/** Bytes of a blob that may turn out to have been sent for nothing. */
const LARGEST = 256 * 1024;

export class SinglePost {
  #asked = 0;
  #state: "unknown" | "tried" | "works" = "unknown";

  /** Whether the registry takes small blobs in this way. */
  get works(): boolean {
    return this.#state === "works";
  }

  /** Sends a blob that the registry lacks; false where that is to be done in the usual way. */
  async send(
    repository: RepositoryClient,
    blob: Descriptor,
    bytes: Uint8Array,
    options: OperationOptions,
  ): Promise<boolean> {
    // Some registries take a body without bytes for none at all.
    if (blob.size > LARGEST || blob.size === 0) return false;
    const { works } = this;
    if (!works) {
      this.#asked += 1;
      if (this.#state === "tried" || this.#asked <= WORTH_TRYING) return false;
      // Until it has taken this one.
      this.#state = "tried";
    }
    try {
      const taken = await UploadSession.whole(repository, blob.digest, bytes, { ...options, isRepeatable: works });
      const isThere = taken && (works || (await hasBlob(repository, blob, options)));
      this.#state = isThere ? "works" : "tried";
      return isThere;
    } catch (error) {
      if (isSkillError(error, "ABORTED")) throw error;
      this.#state = "tried";
      // The usual way meets whatever was in the way.
      return false;
    }
  }
}
