/**
 * Finds what is reachable. A blob is removed because it was not marked, so a manifest that cannot be read is not a thing
 * to skip: nobody knows what it refers to, and the store must not be swept.
 */
import { isSkillError, SkillError } from "../../errors.ts";
import { childrenOf, isDocumentType, type Descriptor, type Digest } from "../../oci/index.ts";
import { limiter } from "../limiter.ts";
import { readManifest } from "../read.ts";
import type { BlobDirectory } from "./blob-directory.ts";

export class Marker {
  readonly live = new Set<Digest>();
  readonly #expanded = new Set<Digest>();
  readonly #blobs: BlobDirectory;
  readonly #limit = limiter(16);

  constructor(blobs: BlobDirectory) {
    this.#blobs = blobs;
  }

  /** Marks entries of the index and all below them. Throws `STORE_CORRUPT` when a manifest is missing or damaged. */
  async markRoots(roots: readonly Descriptor[]): Promise<void> {
    await this.#mark(roots, "required");
  }

  /** Marks what a manifest refers to. An index may name images of platforms that were never fetched. */
  async markChildren(children: readonly Descriptor[]): Promise<void> {
    await this.#mark(children, "optional");
  }

  /** Level by level: the manifests of one level are read side by side. */
  async #mark(descriptors: readonly Descriptor[], presence: "required" | "optional"): Promise<void> {
    const documents: Descriptor[] = [];
    for (const descriptor of descriptors) {
      this.live.add(descriptor.digest);
      // Not decided by `live`: a manifest that somebody also lists as a layer has children all the same.
      if (!isDocumentType(descriptor.mediaType) || this.#expanded.has(descriptor.digest)) continue;
      this.#expanded.add(descriptor.digest);
      documents.push(descriptor);
    }
    if (documents.length === 0) return;
    const children = await Promise.all(
      documents.map((document) => this.#limit(() => this.#children(document, presence))),
    );
    await this.#mark(children.flat(), "optional");
  }

  async #children(descriptor: Descriptor, presence: "required" | "optional"): Promise<readonly Descriptor[]> {
    try {
      return childrenOf(await readManifest(this.#blobs, descriptor));
    } catch (error) {
      if (presence === "optional" && isSkillError(error, "NOT_FOUND")) return [];
      throw new SkillError("STORE_CORRUPT", `manifest ${descriptor.digest} cannot be read; nothing was removed`, {
        hint: "fsck tells which images are affected; fsck --repair drops them from the index.",
        cause: error,
      });
    }
  }
}
