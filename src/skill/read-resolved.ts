/** The image that a reference was resolved to, and what there is to say when a store has lost a part of it. */
import { isSkillError, SkillError } from "../errors.ts";
import { formatReference, type Reference } from "../oci/index.ts";
import type { OperationOptions } from "../store/index.ts";
import { readImage, type SkillImage } from "./image.ts";
import type { ResolvedImage } from "./resolve.ts";

/** {@link readImage} of what was resolved. Throws `BLOB_MISSING`, which names the image, when its store has lost the manifest. */
export async function readResolved(
  { reference, descriptor, repository }: ResolvedImage,
  options?: OperationOptions,
): Promise<SkillImage> {
  return asPartOf(reference, () => readImage(repository, descriptor, options));
}

/** Reads a part of the image that `reference` names. Throws `BLOB_MISSING`, which names the image, when its store has lost that. */
export async function asPartOf<T>(reference: Reference, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // Who knows better what to do, as a registry, has said so.
    if (!isSkillError(error, "NOT_FOUND") || error.hint !== undefined) throw error;
    const again = reference.registry === undefined ? "Pack, pull or import it again" : "Pull it again";
    throw new SkillError("BLOB_MISSING", `${formatReference(reference)} is damaged: ${error.message}`, {
      hint: `${again}; skillctl fsck says what else the store has lost.`,
      cause: error,
    });
  }
}
