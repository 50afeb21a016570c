/** Finding what refers to an image: its signatures, promotion records and the like, and what refers to those. */
import { SkillError, throwIfAborted } from "../errors.ts";
import { isDocumentType, isIndexType, type Descriptor, type Digest } from "../oci/index.ts";
import { limiter } from "./limiter.ts";
import { readManifest } from "./read.ts";
import type { OperationOptions, Repository } from "./types.ts";

/** No image has so many on purpose, but a registry may say anything, and for ever. */
const MAX_REFERRERS = 10_000;
const LISTINGS_AT_ONCE = 6;

export interface ReferrerWavesOptions extends OperationOptions {
  /**
   * For a referrer that tells of an earlier image, as a promotion record does, that image: what refers to it is wanted as
   * well, though the image itself is not.
   */
  readonly earlier?: (referrer: Descriptor) => Descriptor | undefined;
}

/** A manifest, and what it refers to. */
export interface Referral {
  readonly referrer: Descriptor;
  readonly subject: Descriptor;
}

/**
 * Yields the referrers of an image and of all images under it, then theirs, wave by wave, each once. A listing that goes
 * round in a circle ends nevertheless; one of more than 10,000 throws `RESPONSE_INVALID`.
 */
export async function* referrerWaves(
  repository: Repository,
  root: Descriptor,
  { earlier, ...options }: ReferrerWavesOptions = {},
): AsyncGenerator<readonly Referral[], void, undefined> {
  const limit = limiter(LISTINGS_AT_ONCE);
  const seen = new Set<Digest>([root.digest]);
  for (let wave: readonly Descriptor[] = [root]; wave.length > 0;) {
    const subjects = await withMembers(repository, wave, seen, options);
    const found: Referral[] = [];
    const list = async (subject: Descriptor): Promise<void> => {
      throwIfAborted(options.signal);
      for await (const referrer of repository.referrers(subject, options)) {
        if (seen.has(referrer.digest)) continue;
        seen.add(referrer.digest);
        found.push({ referrer, subject });
        if (seen.size > MAX_REFERRERS) throw tooMany(repository, root);
      }
    };
    await Promise.all(subjects.map((subject) => limit(() => list(subject))));
    if (found.length > 0) yield found;
    const past = found.flatMap(({ referrer }) => earlier?.(referrer) ?? []).filter(({ digest }) => !seen.has(digest));
    for (const { digest } of past) seen.add(digest);
    wave = [...found.map(({ referrer }) => referrer), ...past];
  }
}

/** The documents, and those that an index among them lists: signatures may be on those, too. */
async function withMembers(
  repository: Repository,
  documents: readonly Descriptor[],
  seen: Set<Digest>,
  options: OperationOptions,
): Promise<readonly Descriptor[]> {
  const all = [...documents];
  // The list grows while it is gone through: an index may list indexes.
  for (const document of all) {
    if (!isIndexType(document.mediaType)) continue;
    const index = await readManifest(repository, document, options);
    if (index.kind !== "index") continue;
    for (const member of index.manifests) {
      if (!isDocumentType(member.mediaType) || seen.has(member.digest)) continue;
      seen.add(member.digest);
      all.push(member);
      if (seen.size > MAX_REFERRERS) throw tooMany(repository, document);
    }
  }
  return all;
}

function tooMany(repository: Repository, root: Descriptor): SkillError {
  return new SkillError(
    "RESPONSE_INVALID",
    `${repository.name}@${root.digest} has more than ${MAX_REFERRERS} referrers`,
    {
      hint: "Copy the image without its referrers, or ask who runs the registry.",
    },
  );
}
