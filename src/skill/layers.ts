/** The layers of a skill image as the archive module takes them: streams with what they must hash to. */
import type { ArchiveLimits, LayerEntry, LayerSource } from "../archive/index.ts";
import { readLayers } from "../archive/layer-read.ts"; // Not the index, with which the compressor would be loaded.
import { SkillError } from "../errors.ts";
import { layerCompression } from "../oci/index.ts";
import type { OperationOptions, Reader } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { readConfig } from "./config.ts";
import type { SkillImage } from "./image.ts";

/**
 * What a layer may ask of those who only look into it (list its files, print one, check its card). Nothing is written and
 * nothing held, so only time is at stake: room for any skill that somebody packed on purpose, an end for a bomb.
 */
export const READ_LIMITS: Partial<ArchiveLimits> = {
  compressedSize: 16 * 1024 ** 3,
  expandedSize: 16 * 1024 ** 3,
  fileSize: 16 * 1024 ** 3,
  entries: 200_000,
  ratio: 1100,
};

export interface LayerOptions extends OperationOptions {
  /** Default: {@link READ_LIMITS}; for unpacking, those of the archive module, fit for skills from anywhere. */
  readonly limits?: Partial<ArchiveLimits>;
}

/**
 * The layers of an image's first member, lowest first; all members of a skill share them. Nothing is read before a
 * stream is iterated. Throws `MEDIA_TYPE_UNSUPPORTED` for a compression that we do not read, `MANIFEST_INVALID` when the
 * config does not say what each layer unpacks to.
 */
export async function layerSources(
  reader: Reader,
  image: SkillImage,
  options: LayerOptions = {},
): Promise<readonly LayerSource[]> {
  const [{ manifest }] = image.members;
  const { diffIds } = await readConfig(reader, manifest.config, options);
  if (diffIds.length !== manifest.layers.length) {
    const counts = `${diffIds.length} diff_ids for ${manifest.layers.length} layers`;
    throw new SkillError("MANIFEST_INVALID", `the config ${manifest.config.digest} has ${counts}`);
  }
  return manifest.layers.map((layer, at) => {
    const compression = layerCompression(layer.mediaType);
    if (compression === undefined) {
      throw new SkillError("MEDIA_TYPE_UNSUPPORTED", `layer ${layer.digest} is of type ${quote(layer.mediaType)}`, {
        hint: "Layers may be tar or tar+gzip. Convert the image: skopeo copy --dest-compress-format gzip …",
      });
    }
    const diffId = diffIds[at];
    return {
      content: reader.fetch(layer, options),
      compression,
      ...(diffId === undefined ? {} : { diffId }),
    };
  });
}

/**
 * Reads the layers that {@link layerSources} gives, lowest first unless `highestFirst`, under limits that they share.
 * Only the end of the iteration says that every layer was sound. Throws what `readLayers` throws.
 */
export async function* imageEntries(
  reader: Reader,
  image: SkillImage,
  options: LayerOptions & { readonly highestFirst?: boolean } = {},
): AsyncGenerator<LayerEntry> {
  const layers = await layerSources(reader, image, options);
  const { limits = READ_LIMITS, signal } = options;
  yield* readLayers(options.highestFirst === true ? layers.toReversed() : layers, {
    limits,
    ...(signal && { signal }),
  });
}
