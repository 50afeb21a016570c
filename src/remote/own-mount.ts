/**
 * Asking for a blob and beginning its upload in one request: a mount "from" the very repository that it is for. A registry
 * that has the blob there answers that it is mounted, any other one with an upload.
 *
 * Some registries never mount, and answer with an upload whatever they have; from those, content that is there would be sent
 * again. So whether a registry can be asked in this way is found out first, with a blob that was just pushed there: one
 * request, worth it only for those who push many. And a registry that says "mounted" to everything would lose what is not sent: until it
 * has said once that it lacks a blob, such an answer is looked into.
 */
import { isSkillError } from "../errors.ts";
import type { Digest } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RepositoryClient } from "./repository-client.ts";
import { UploadSession } from "./upload-session.ts";

/** How many blobs are pushed with a question for each before the registry is tried. A skill has two. */
const WORTH_TRYING = 4;

export class OwnMount {
  #pushed = 0;
  #state: "unknown" | "tried" | "works" = "unknown";
  #hasDenied = false;

  /** Whether a mount from the repository itself tells reliably what is there. */
  get works(): boolean {
    return this.#state === "works";
  }

  /** Whether "mounted" can be believed: the registry has also answered that it lacks a blob. */
  get isBelieved(): boolean {
    return this.#hasDenied;
  }

  /** Tells that the registry answered such a mount with an upload. */
  sawDenied(): void {
    this.#hasDenied = true;
  }

  /** Tells that the registry said "mounted" of a blob that it lacks: it is not asked in this way any more. */
  sawLie(): void {
    this.#state = "tried";
  }

  /** Tells of a blob that the registry has taken; the registry may be tried with it. Rejects with `ABORTED` only. */
  async sawPushed(repository: RepositoryClient, digest: Digest, options: OperationOptions): Promise<void> {
    this.#pushed += 1;
    if (this.#state !== "unknown" || this.#pushed < WORTH_TRYING) return;
    this.#state = "tried";
    try {
      const session = await UploadSession.mount(repository, digest, repository.path, options);
      if (session === "mounted") this.#state = "works";
      else await session?.abandon();
    } catch (error) {
      if (isSkillError(error, "ABORTED")) throw error;
      // It stays with a question for each blob; the next request meets whatever was in the way.
    }
  }
}
