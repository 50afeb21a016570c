/** Where things lie in a registry's directory. docs/registry-layout.md says it to people; this file is what it says. */
import { join } from "node:path";

import { algorithmOf, encodedOf, isDigest, type Digest, type DigestAlgorithm } from "../../../oci/index.ts";
import type { DiskPaths } from "../../../store/layout/paths.ts";
import { tagToFileName } from "./tag-names.ts";

export const ALGORITHMS: readonly DigestAlgorithm[] = ["sha256", "sha512"];

/** What separates a repository's own files from repositories below it: no part of a repository's name may be so. */
export const SEPARATOR = "_";

const SUFFIX = ".json";

export class RegistryPaths implements DiskPaths {
  readonly root: string;
  /** Says that the directory is a registry, and of which version. */
  readonly versionFile: string;
  readonly blobs: string;
  readonly uploads: string;
  readonly repositories: string;
  /** Damaged blobs, for somebody to look at. */
  readonly damaged: string;
  readonly marks: string;
  readonly own: string;
  readonly temporary: string;
  readonly lock: string;
  readonly journal: string;
  /** Blobs that are being removed. */
  readonly trash: string;

  constructor(root: string) {
    this.root = root;
    this.versionFile = join(root, "registry.json");
    this.blobs = join(root, "blobs");
    this.uploads = join(root, "uploads");
    this.repositories = join(root, "repositories");
    this.damaged = join(root, "damaged");
    this.marks = join(root, "marks");
    this.own = join(root, "work");
    this.temporary = join(this.own, "tmp");
    this.lock = join(this.own, "lock");
    this.journal = join(this.own, "journal");
    this.trash = join(this.own, "trash");
  }

  /** Blobs lie in 256 directories for each algorithm, so that none becomes large. */
  blob(digest: Digest): string {
    return join(this.blobs, algorithmOf(digest), encodedOf(digest).slice(0, 2), encodedOf(digest));
  }

  repository(name: string): RepositoryPaths {
    return new RepositoryPaths(join(this.repositories, name, SEPARATOR));
  }
}

/** Where the files of one repository lie. */
export class RepositoryPaths {
  readonly tags: string;
  readonly trash: string;
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.tags = join(directory, "tags");
    this.trash = join(directory, "trash");
  }

  links(algorithm: DigestAlgorithm): string {
    return join(this.#directory, "blobs", algorithm);
  }

  link(digest: Digest): string {
    return join(this.links(algorithmOf(digest)), encodedOf(digest));
  }

  manifests(algorithm: DigestAlgorithm): string {
    return join(this.#directory, "manifests", algorithm);
  }

  manifest(digest: Digest): string {
    return join(this.manifests(algorithmOf(digest)), encodedOf(digest) + SUFFIX);
  }

  tag(tag: string): string {
    return join(this.tags, tagToFileName(tag));
  }

  referrers(subject: Digest): string {
    return join(this.#directory, "referrers", algorithmOf(subject), encodedOf(subject));
  }

  referrer(subject: Digest, digest: Digest): string {
    return join(this.referrers(subject), digestToName(digest));
  }
}

/** A digest as one file name. */
export function digestToName(digest: Digest): string {
  return `${algorithmOf(digest)}-${encodedOf(digest)}`;
}

/** The digest that {@link digestToName} was given; `undefined` for other names. */
export function nameToDigest(name: string): Digest | undefined {
  const digest = name.replace("-", ":");
  return isDigest(digest) ? digest : undefined;
}

/** The digest whose file, in a directory of one algorithm, has this name; `undefined` for other names. */
export function fileToDigest(
  algorithm: DigestAlgorithm,
  name: string,
  suffix: "" | typeof SUFFIX = "",
): Digest | undefined {
  const digest = `${algorithm}:${name.slice(0, name.length - suffix.length)}`;
  return name.endsWith(suffix) && isDigest(digest) ? digest : undefined;
}
