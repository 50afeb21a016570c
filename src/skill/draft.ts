/**
 * Stores a composed draft, unless the repository makes that needless or forbids it.
 *
 * Needless: the same content is there, as a draft or further on. Forbidden: the version is out with other content.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { tagFor, type LifecycleState } from "../lifecycle/index.ts";
import { Annotation, formatReference, repositoryName, withTag } from "../oci/index.ts";
import type { Descriptor, Digest, EncodedManifest, Reference } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";
import { composeDraft, type ImageParts } from "./compose.ts";
import { entryDescriptor, readFacts } from "./entry.ts";
import { find } from "./find.ts";
import { contentOf, readImage, type SkillImage } from "./image.ts";
import { findArchived, isOut, refuseForgedTag, refuseReplacing } from "./immutable.ts";
import { readStatus } from "./metadata.ts";

/** The image that holds the content now: the new draft, or the one that was there. */
export interface StoredDraft {
  readonly reference: string;
  readonly digest: Digest;
  readonly status: LifecycleState;
  /** Bytes of config and layer. */
  readonly size: number;
  /** True when nothing had to be stored. */
  readonly unchanged: boolean;
}

const MAX_ATTEMPTS = 5;

/** A reference that has a tag. */
export type TaggedReference = Reference & { readonly tag: string };

/** Stores a draft of `version` under `target`'s tag. Throws `PUBLISHED_IMMUTABLE`, and what storing throws. */
export async function storeDraft(
  repository: Repository,
  target: TaggedReference,
  version: string,
  parts: ImageParts,
  options: OperationOptions,
): Promise<StoredDraft> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryToStore(repository, target, version, parts, options);
    } catch (error) {
      // Somebody else moved the tag meanwhile: look again at what it names now.
      if (!isSkillError(error, "CONFLICT") || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

async function tryToStore(
  repository: Repository,
  target: TaggedReference,
  version: string,
  parts: ImageParts,
  options: OperationOptions,
): Promise<StoredDraft> {
  const { tag } = target;
  const current = await find(repository, tag, options);
  let { created } = parts;
  for (const [name, image] of await readExisting(repository, tag, version, options)) {
    const status = readStatus(image.annotations);
    const isSame = hasContent(image, parts);
    // A tag of the caller's own choice is a wish for that tag, so the same content under another one does not do.
    const isWanted = name === tag || tag === tagFor(version, "draft");
    if (isSame && status !== undefined && isWanted) return found(image, status, target, name);
    if (isSame && status === "draft") created = image.annotations[Annotation.created] ?? created;
    if (!isSame && image.annotations[Annotation.version] === version) refuseOtherContent(repository.name, image);
    if (!isSame && name === tag) refuseReplacing(repository.name, tag, image);
  }
  refuseForgedTag(tag, version, "draft");
  // The same content is the same image under every tag, so it keeps the time at which it was first packed.
  const annotations = { ...parts.annotations, [Annotation.created]: created };
  const { configs, members, root } = composeDraft({ ...parts, created, annotations });
  const push = (document: EncodedManifest): Promise<void> =>
    repository.push(document.descriptor, document.bytes, options);
  await Promise.all(configs.map(push));
  await Promise.all(members.map(push));
  await push(root);
  const size = configs.reduce((sum, config) => sum + config.descriptor.size, parts.layer.size);
  const to = entryDescriptor(root.descriptor, { ...annotations, [Annotation.status]: "draft" }, size);
  await repository.retag([{ name: tag, to, expect: current?.digest ?? null }], options);
  return { reference: formatReference(target), digest: to.digest, status: "draft", size, unchanged: false };
}

function found(image: SkillImage, status: LifecycleState, target: Reference, name: string): StoredDraft {
  const { size } = contentOf(image);
  const { digest } = image.descriptor;
  const reference = name === "" ? `${repositoryName(target)}@${digest}` : formatReference(withTag(target, name));
  return { reference, digest, status, size, unchanged: true };
}

/** What stands under the tag that is wanted, and what this version has become already, by tag; archived: under none. */
async function readExisting(
  repository: Repository,
  tag: string,
  version: string,
  options: OperationOptions,
): Promise<ReadonlyMap<string, SkillImage>> {
  const states = ["published", "testing", "draft"] as const;
  const tags = new Set([tag, ...states.map((state) => tagFor(version, state) ?? tag)]);
  const images = await Promise.all([
    ...[...tags].map(async (name) => {
      const descriptor = await find(repository, name, options);
      const image = descriptor === undefined ? undefined : await readUnlessDamaged(repository, descriptor, options);
      return image === undefined ? [] : [[name, image] as const];
    }),
    findArchived(repository, version, options).then((image) => (image === undefined ? [] : [["", image] as const])),
  ]);
  return new Map(images.flat());
}

/** A damaged draft is no reason not to pack it again; whether a damaged published version is the same cannot be told. */
async function readUnlessDamaged(
  repository: Repository,
  descriptor: Descriptor,
  options: OperationOptions,
): Promise<SkillImage | undefined> {
  try {
    return await readImage(repository, descriptor, options);
  } catch (error) {
    const { status } = readFacts(descriptor) ?? {};
    const isDamaged =
      isSkillError(error, "DIGEST_MISMATCH") ||
      isSkillError(error, "SIZE_MISMATCH") ||
      isSkillError(error, "NOT_FOUND");
    if (isDamaged && (status === "draft" || status === "testing")) return undefined;
    throw error;
  }
}

/** Composes the parts with the image's own time of creation: only an image of the same content has the same configs. */
function hasContent(image: SkillImage, parts: ImageParts): boolean {
  const created = image.annotations[Annotation.created] ?? parts.created;
  const annotations = { ...parts.annotations, [Annotation.created]: created };
  const { configs } = composeDraft({ ...parts, created, annotations });
  const identity = ({ mediaType, digest }: Descriptor): string => `${mediaType} ${digest}`;
  const stored = image.members.map((member) => identity(member.manifest.config));
  return configs.length === stored.length && configs.every((config, at) => identity(config.descriptor) === stored[at]);
}

function refuseOtherContent(repository: string, image: SkillImage): void {
  if (!isOut(image)) return;
  const { [Annotation.version]: version, [Annotation.status]: status } = image.annotations;
  throw new SkillError("PUBLISHED_IMMUTABLE", `${repository} ${version} is ${status} with other content`, {
    hint:
      "A published version never changes. Raise metadata.version and pack again. If its files are the same: pack with the " +
      "media type, platforms and SOURCE_DATE_EPOCH that it was packed with.",
  });
}
