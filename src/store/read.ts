/** Whole documents out of stores: the few kinds of content that are small enough, and bounded, to be held in memory. */
import { asContent, readAll, type Content } from "../content/index.ts";
import { SkillError } from "../errors.ts";
import { MAX_MANIFEST_SIZE, parseManifest, type Descriptor, type Index, type Manifest } from "../oci/index.ts";
import type { OperationOptions, Reader } from "./types.ts";
import { verified } from "./verify.ts";

/**
 * Reads content of at most 4 MiB into memory, verified. For manifests, indexes and configs. Throws
 * `MANIFEST_TOO_LARGE` when the descriptor announces more, and what {@link Reader.fetch} throws.
 */
export async function readDocument(
  reader: Pick<Reader, "fetch">,
  descriptor: Descriptor,
  options: OperationOptions = {},
): Promise<Uint8Array> {
  refuseOversize(descriptor);
  return readAll(reader.fetch(descriptor, options));
}

/** {@link readDocument}, parsed. Throws also `JSON_INVALID`, `MANIFEST_INVALID` and `MEDIA_TYPE_UNSUPPORTED`. */
export async function readManifest(
  reader: Pick<Reader, "fetch">,
  descriptor: Descriptor,
  options: OperationOptions = {},
): Promise<Manifest | Index> {
  return parseManifest(await readDocument(reader, descriptor, options), descriptor.mediaType);
}

/** Takes a document that is being pushed into memory, verified. Errors as {@link readDocument}. */
export async function receiveDocument(descriptor: Descriptor, content: Content | Uint8Array): Promise<Uint8Array> {
  refuseOversize(descriptor);
  return readAll(verified(descriptor, asContent(content)));
}

function refuseOversize(descriptor: Descriptor): void {
  if (descriptor.size <= MAX_MANIFEST_SIZE) return;
  throw new SkillError(
    "MANIFEST_TOO_LARGE",
    `${descriptor.digest} has ${descriptor.size} bytes; a document may have at most ${MAX_MANIFEST_SIZE}`,
  );
}
