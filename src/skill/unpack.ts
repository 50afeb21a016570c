/** From an image back to a directory. */
import { join } from "node:path";

import { extractLayers, sameContent, type ExtractSummary, type LayerSource } from "../archive/index.ts";
import { isSkillError, SkillError } from "../errors.ts";
import { baseName, formatReference } from "../oci/index.ts";
import type { Digest, Reference } from "../oci/index.ts";
import { SkillCardError } from "../skillcard/index.ts";
import type { Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { readCard } from "./card.ts";
import type { SkillImage } from "./image.ts";
import { layerSources, type LayerOptions } from "./layers.ts";
import { readMetadata } from "./metadata.ts";
import { readResolved } from "./read-resolved.ts";
import { resolveReference, type ResolvedImage } from "./resolve.ts";

export interface UnpackOptions extends LayerOptions {
  /** Replaces a directory that is there already. Default: false. */
  readonly force?: boolean;
}

export interface UnpackResult {
  /** The directory that was made, or was there: `<directory>/<skill name>`. */
  readonly path: string;
  readonly digest: Digest;
  readonly files: number;
  /** Bytes of the files. */
  readonly bytes: number;
  /** True when the directory was there and held exactly this; then nothing was written. */
  readonly unchanged: boolean;
  /** Where what was replaced still lies, because it could not be removed. */
  readonly leftover?: string;
}

/**
 * Unpacks a skill into a new directory named after it, all or nothing. The name is that of the SkillCard inside, and must
 * be the one by which the image was asked for. A directory that already holds this very skill stays as it is. Throws
 * `TARGET_EXISTS` for one that holds anything else (unless `force`), `SKILLCARD_INVALID`, `NOT_A_SKILL`
 * when the names differ, and `ARCHIVE_REFUSED`, `ARCHIVE_LIMIT` or `ARCHIVE_INVALID` for layers that are not safe.
 */
export async function unpack(
  store: Store,
  reference: Reference,
  directory: string,
  unpackOptions: UnpackOptions = {},
): Promise<UnpackResult> {
  const options = { ...unpackOptions, limits: unpackOptions.limits ?? {} };
  const resolved = await resolveReference(store, reference, options);
  const image = await readResolved(resolved, options);
  const name = await verifiedName(resolved, image, options);
  const path = join(directory, name);
  const layers = (): Promise<readonly LayerSource[]> => layerSources(resolved.repository, image, options);
  const { files, size, leftover, unchanged } = await extract(layers, path, options);
  const { digest } = resolved.descriptor;
  return { path, digest, files, bytes: size, unchanged, ...(leftover !== undefined && { leftover }) };
}

async function extract(
  layers: () => Promise<readonly LayerSource[]>,
  path: string,
  options: UnpackOptions,
): Promise<ExtractSummary & { readonly unchanged: boolean }> {
  try {
    const replace = options.force === true;
    return { ...(await extractLayers(await layers(), path, { ...options, replace })), unchanged: false };
  } catch (error) {
    if (!isSkillError(error, "TARGET_EXISTS")) throw error;
    const same = await sameContent(path, await layers(), options);
    if (same === undefined) throw error;
    return { ...same, unchanged: true };
  }
}

/** The name in the reference, in the annotations and in the card must be one: it becomes a directory's. */
async function verifiedName(resolved: ResolvedImage, image: SkillImage, options: LayerOptions): Promise<string> {
  const asked = baseName(resolved.reference);
  const { card, issues } = await readCard(resolved.repository, image, asked, options);
  const text = formatReference(resolved.reference);
  if (card === undefined || issues.some((issue) => issue.severity === "error")) throw new SkillCardError(text, issues);
  for (const name of [readMetadata(image.annotations, asked).name, card.metadata.name]) {
    if (name === asked) continue;
    throw new SkillError("NOT_A_SKILL", `${text} calls itself ${quote(name)}`, {
      hint: `A skill is unpacked under its own name. Give it one: skillctl tag ${text} …/${name}:<tag>`,
    });
  }
  return asked;
}
