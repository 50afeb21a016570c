/**
 * The config of an image without asking for it: for a small skill, a third of what a pull asks of a registry.
 *
 * What `pack` writes into a config stands in the manifest as well, but for the digest of the uncompressed layer, which is
 * had from the layer. Whether a config was written so shows in its size before the layer has come, and is certain by its
 * digest afterwards: what is made is the config to the byte, or it is not used.
 */
import { gunzipSync } from "node:zlib";

import { Annotation, digestOf, encodeManifest } from "../oci/index.ts";
import type { Annotations, Descriptor, Digest, Manifest } from "../oci/index.ts";
import type { Derivation } from "../store/derived.ts";
import { configDocument, DEFAULT_PLATFORM } from "./compose.ts";
import { PROFILES } from "./image.ts";

/** A larger layer takes longer to unzip, and to come, than its config. Bytes. */
const MAX_LAYER = 256 * 1024;
/** What a layer may become in memory. Bytes. */
const MAX_TAR = 4 * 1024 * 1024;

/** Annotations that promotions set: they stand in no config. */
const CHANGING: ReadonlySet<string> = new Set([
  Annotation.status,
  Annotation.deprecationReason,
  Annotation.deprecationReplacedBy,
]);

const ANY_DIGEST = digestOf(new Uint8Array());

/** How the config of `manifest` is made of its layer, if `pack` wrote it and the layer is small. */
export function deriveConfig(
  { config, layers, annotations }: Manifest,
  { platform = DEFAULT_PLATFORM }: Pick<Descriptor, "platform">,
): Derivation | undefined {
  const [layer, ...others] = layers;
  if (layer === undefined || others.length > 0 || layer.size > MAX_LAYER) return undefined;
  const isOurs = Object.values(PROFILES).some(
    (profile) => profile.config === config.mediaType && profile.layer === layer.mediaType,
  );
  const created = annotations[Annotation.created];
  if (!isOurs || created === undefined) return undefined;
  const labels = labelsOf(annotations);
  const encode = (diffId: Digest): Uint8Array =>
    encodeManifest(configDocument({ annotations: labels, created, diffId }, platform));
  // All digests are of one length.
  if (encode(ANY_DIGEST).byteLength !== config.size) return undefined;
  return { blob: config, from: layer, make: (bytes) => ifZipped(bytes, (tar) => encode(digestOf(tar))) };
}

function labelsOf(annotations: Annotations): Annotations {
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !CHANGING.has(key)));
}

function ifZipped(bytes: Uint8Array, use: (tar: Uint8Array) => Uint8Array): Uint8Array | undefined {
  let tar: Uint8Array;
  try {
    tar = gunzipSync(bytes, { maxOutputLength: MAX_TAR });
  } catch {
    return undefined;
  }
  return use(tar);
}
