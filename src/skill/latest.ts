/** Which version `latest` ought to name, found with as few manifests as possible. */
import { throwIfAborted } from "../errors.ts";
import { compareVersions, isPrerelease, isVersion, tagFor } from "../lifecycle/index.ts";
import { Annotation, type Descriptor } from "../oci/index.ts";
import type { OperationOptions, Repository } from "../store/index.ts";
import { entryOf } from "./entry.ts";
import { readImage } from "./image.ts";
import { readStatus } from "./metadata.ts";

/** A published version and the image that it is. */
export interface PublishedVersion {
  readonly version: string;
  readonly descriptor: Descriptor;
}

/**
 * The highest published version of a repository, releases before pre-releases, leaving out `except` if given. Tags are tried from
 * the highest version down and reading stops at the first that is published, so one manifest is the usual cost.
 */
export async function highestPublished(
  repository: Repository,
  except: string | undefined,
  options: OperationOptions = {},
): Promise<PublishedVersion | undefined> {
  const versions: string[] = [];
  for await (const tag of repository.tags(options)) {
    const version = versionOf(tag);
    if (version !== undefined && version !== except) versions.push(version);
  }
  for (const version of versions.toSorted(highestFirst)) {
    throwIfAborted(options.signal);
    const tag = tagFor(version, "published") ?? version;
    const image = await readImage(repository, await repository.resolve(tag, options), options);
    const isPublished =
      readStatus(image.annotations) === "published" && image.annotations[Annotation.version] === version;
    if (isPublished) return { version, descriptor: entryOf(image) };
  }
  return undefined;
}

/** `1.0.0_linux` is the tag of `1.0.0+linux`; tags of other states end in their name and are no candidates. */
function versionOf(tag: string): string | undefined {
  const version = tag.replace("_", "+");
  return isVersion(version) && !/-(?:draft|testing)$/.test(tag) ? version : undefined;
}

function highestFirst(a: string, b: string): number {
  return Number(isPrerelease(a)) - Number(isPrerelease(b)) || compareVersions(b, a);
}
