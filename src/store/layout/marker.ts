/**
 * Finds what is reachable. A blob is removed because it was not marked, so a manifest that cannot be read is not a thing
 * to skip: nobody knows what it refers to, and the store must not be swept. Other tools keep manifests of kinds that we do
 * not know; what those name is kept, whatever it means.
 */
import { isSkillError, SkillError } from "../../errors.ts";
import {
  childrenOf,
  isDigest,
  isDocumentType,
  MAX_MANIFEST_SIZE,
  type Descriptor,
  type Digest,
  type Index,
  type JsonObject,
  type Manifest,
} from "../../oci/index.ts";
import { referrerDescriptor } from "../entry-descriptor.ts";
import { limiter } from "../limiter.ts";
import { readDocument, readManifest } from "../read.ts";
import type { GcOptions } from "../types.ts";
import type { BlobDirectory } from "./blob-directory.ts";

/** Something to be marked. `isPart`: a config or layer, which refers to nothing unless its type says that it does. */
interface Reached {
  readonly descriptor: Descriptor;
  readonly isPart: boolean;
}

export class Marker {
  readonly live = new Set<Digest>();
  /** Images that something live tells of: they need not be here, but what refers to them matters. */
  readonly past = new Set<Digest>();
  readonly #expanded = new Set<Digest>();
  readonly #blobs: BlobDirectory;
  readonly #earlier: NonNullable<GcOptions["earlier"]>;
  readonly #limit = limiter(16);

  /** `earlier`: the image that a referrer tells of. */
  constructor(blobs: BlobDirectory, earlier: GcOptions["earlier"] = () => undefined) {
    this.#blobs = blobs;
    this.#earlier = earlier;
  }

  /**
   * Marks entries of the index and all below them. Throws `STORE_CORRUPT` when a manifest is missing or damaged, and
   * `FILE_UNREADABLE` when one cannot be read at the moment.
   */
  async markRoots(roots: readonly Descriptor[]): Promise<void> {
    await this.#mark(reached(roots), "required");
  }

  /** Marks what manifests refer to. An index may name images of platforms that were never fetched. */
  async markChildren(manifests: readonly (Manifest | Index)[]): Promise<void> {
    await this.#mark(manifests.flatMap(childrenReached), "optional");
  }

  /** Level by level: the manifests of one level are read side by side. */
  async #mark(found: readonly Reached[], presence: "required" | "optional"): Promise<void> {
    const documents: Descriptor[] = [];
    for (const { descriptor, isPart } of found) {
      this.live.add(descriptor.digest);
      // Not decided by `live`: a manifest that somebody also lists as a layer has children all the same.
      const isDocument = isDocumentType(descriptor.mediaType) || (!isPart && descriptor.size <= MAX_MANIFEST_SIZE);
      if (!isDocument || this.#expanded.has(descriptor.digest)) continue;
      this.#expanded.add(descriptor.digest);
      documents.push(descriptor);
    }
    if (documents.length === 0) return;
    const children = await Promise.all(
      documents.map((document) => this.#limit(() => this.#children(document, presence))),
    );
    await this.#mark(children.flat(), "optional");
  }

  async #children(descriptor: Descriptor, presence: "required" | "optional"): Promise<readonly Reached[]> {
    try {
      if (!isDocumentType(descriptor.mediaType)) {
        return reached(descriptorsIn(await readDocument(this.#blobs, descriptor)));
      }
      const manifest = await readManifest(this.#blobs, descriptor);
      const past = manifest.subject && this.#earlier(referrerDescriptor(descriptor, manifest));
      if (past !== undefined) this.past.add(past.digest);
      return childrenReached(manifest);
    } catch (error) {
      if (presence === "optional" && isSkillError(error, "NOT_FOUND")) return [];
      // It may be whole, and is not in the way any more as soon as it can be read.
      if (isSkillError(error, "FILE_UNREADABLE")) throw error;
      throw new SkillError("STORE_CORRUPT", `manifest ${descriptor.digest} cannot be read; nothing was removed`, {
        hint: "fsck tells which images are affected; fsck --repair drops them from the index.",
        cause: error,
      });
    }
  }
}

function childrenReached(manifest: Manifest | Index): Reached[] {
  return reached(childrenOf(manifest), manifest.kind === "manifest");
}

function reached(descriptors: readonly Descriptor[], isPart = false): Reached[] {
  return descriptors.map((descriptor) => ({ descriptor, isPart }));
}

/** Everything in a JSON document of whatever kind that looks like a descriptor, wherever it stands. */
function descriptorsIn(bytes: Uint8Array): Descriptor[] {
  const found: Descriptor[] = [];
  const waiting = [parseJson(bytes)];
  // A stack of its own: nobody says how deep the document nests.
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const { mediaType, digest, size } = value as JsonObject;
    if (typeof digest === "string" && isDigest(digest)) {
      found.push({ mediaType: typeof mediaType === "string" ? mediaType : "", digest, size: Number(size) });
    }
    for (const inner of Object.values(value)) waiting.push(inner);
  }
  return found;
}

/** `undefined` for what is not JSON, and so refers to nothing. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
