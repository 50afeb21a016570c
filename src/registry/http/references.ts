/** What a manifest refers to must be in its repository before it. OCI distribution-spec "Pushing Manifests". */
import {
  childrenOf,
  isDocumentType,
  type Descriptor,
  type Digest,
  type Index,
  type Manifest,
} from "../../oci/index.ts";
import { limiter } from "../../store/limiter.ts";
import { RegistryRefusal } from "../refusal.ts";
import { isElsewhere } from "../storage/recover.ts";
import type { BlobStorage, RepositoryMetadata } from "../storage/types.ts";

/** How many are looked for at a time. */
const WIDTH = 16;
/** References that one manifest may have; no image is made of more. */
const MAX_REFERENCES = 10_000;

/**
 * Checks that everything is there and as large as the manifest says, and keeps it from the garbage collector. Resolves to
 * the digests that were found. Throws a 404 `MANIFEST_BLOB_UNKNOWN` refusal that names what is missing.
 */
export async function holdReferences(
  blobs: BlobStorage,
  repository: RepositoryMetadata,
  manifest: Manifest | Index,
): Promise<readonly Digest[]> {
  const children = childrenOf(manifest);
  const isIndex = manifest.kind === "index";
  if (children.length > MAX_REFERENCES) {
    throw new RegistryRefusal(400, "MANIFEST_INVALID", `the manifest refers to more than ${MAX_REFERENCES} things`);
  }
  const run = limiter(WIDTH);
  const unique = [...new Map(children.map((child) => [`${child.digest} ${child.size}`, child])).values()];
  const missing: Descriptor[] = [];
  const held = await Promise.all(
    unique.map(async (child) =>
      run(async () => {
        const size = await hold(blobs, repository, child, isIndex && isDocumentType(child.mediaType));
        if (size === undefined && !isElsewhere(child)) missing.push(child);
        if (size !== undefined && size !== child.size) throw wrongSize(child, size);
        return size === undefined ? [] : [child.digest];
      }),
    ),
  );
  if (missing.length > 0) throw notThere(repository.name, missing);
  return [...new Set(held.flat())];
}

/**
 * The size of what is there under a descriptor's digest; `undefined` when nothing is. A manifest that an index lists must be one of
 * the repository: uploaded as a blob it could not be pulled, and would be under none of the rules for manifests.
 */
async function hold(
  blobs: BlobStorage,
  repository: RepositoryMetadata,
  { digest }: Descriptor,
  mustBeManifest: boolean,
): Promise<number | undefined> {
  const isBlob = (await repository.touchBlob(digest)) && !mustBeManifest;
  const isHeld = isBlob || (await repository.manifest(digest)) !== undefined;
  if (!isHeld || !(await blobs.touch(digest))) return undefined;
  return (await blobs.stat(digest))?.size;
}

function notThere(repository: string, missing: readonly Descriptor[]): RegistryRefusal {
  const [first] = missing;
  const more = missing.length > 1 ? ` and ${missing.length - 1} more` : "";
  return new RegistryRefusal(404, "MANIFEST_BLOB_UNKNOWN", `${repository} does not hold ${first?.digest}${more}`, {
    hint: "Push what a manifest refers to before the manifest.",
    detail: missing.slice(0, 100).map(({ digest }) => ({ digest })),
  });
}

function wrongSize({ digest, size }: Descriptor, actual: number): RegistryRefusal {
  return new RegistryRefusal(400, "MANIFEST_INVALID", `${digest} has ${actual} bytes, the manifest says ${size}`);
}
