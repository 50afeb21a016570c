/**
 * The index of a store in memory: what its entries are and how tags change them.
 *
 * Entries are OCI descriptors as they stand in `index.json`. Whatever somebody else put there (unknown fields, entries
 * without a name, entries that are no descriptors at all) goes through unchanged, because a store is shared with other
 * tools. Memory and layout both keep their tags here, so they cannot disagree about what a tag is.
 */
import { SkillError } from "../errors.ts";
import { Annotation, EntryAnnotation, isDigest, type Annotations, type Descriptor, type Digest } from "../oci/index.ts";
import { entryName, entryNameParser, parseEntryName } from "./entry-name.ts";
import { HeldEntry } from "./held-entry.ts";
import type { StoreEntry, TagChange } from "./types.ts";

export class Entries {
  readonly #named = new Map<string, HeldEntry>();
  #unnamed: HeldEntry[] = [];
  readonly #unknown: unknown[] = [];
  #changed = false;

  /** The items as they were read, each either an entry that is held or a value of any kind. */
  constructor(items: readonly unknown[] = []) {
    for (const item of items) {
      const entry = item instanceof HeldEntry ? item : readEntry(item);
      if (entry === undefined) this.#unknown.push(item);
      else if (entry.name === undefined || this.#named.has(entry.name)) this.#unnamed.push(entry);
      else this.#named.set(entry.name, entry);
    }
  }

  /** Whether anything was changed since this was made, or {@link markSaved}. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Says that what these entries are is on the disk now. */
  markSaved(): void {
    this.#changed = false;
  }

  /** Every entry, in the order in which they shall be written. */
  held(): readonly HeldEntry[] {
    return [...this.#named.values(), ...this.#unnamed];
  }

  /** Items that are not descriptors; kept after the entries, but nothing can be said about them. */
  get unknown(): readonly unknown[] {
    return this.#unknown;
  }

  /** Every descriptor, with its name if it has one: what must be kept, and what `fsck` looks at. */
  *descriptors(): Generator<{
    readonly name: string | undefined;
    readonly entry: Descriptor;
    readonly subject: Digest | undefined;
  }> {
    for (const { name, descriptor } of this.#named.values()) {
      yield { name, entry: descriptor, subject: subjectOf(descriptor) };
    }
    for (const { name, descriptor } of this.#unnamed) yield { name, entry: descriptor, subject: undefined };
  }

  /** What `tagOrDigest` names in `repository`. A digest is found under a tag, too. */
  resolve(repository: string, tagOrDigest: string): Descriptor | undefined {
    const found = this.#named.get(entryName(repository, tagOrDigest));
    if (found !== undefined) return describe(found.descriptor);
    if (!isDigest(tagOrDigest)) return undefined;
    const [first] = this.#namesOf(repository, tagOrDigest);
    const entry = first === undefined ? undefined : this.#named.get(first);
    return entry === undefined ? undefined : describe(entry.descriptor);
  }

  /** Whether there is an entry of exactly this name. */
  has(repository: string, tagOrDigest: string): boolean {
    return this.#named.has(entryName(repository, tagOrDigest));
  }

  /** The tags and kept manifests of all repositories, or of `only` one, by repository and tag. Referrers are not listed. */
  list(only?: string): StoreEntry[] {
    const byRepository = new Map<string, StoreEntry[]>();
    const parse = entryNameParser();
    for (const [text, entry] of this.#named) {
      const name = only === undefined || text.startsWith(only) ? parse(text) : undefined;
      if (name === undefined || name.repository !== (only ?? name.repository)) continue;
      if (subjectOf(entry.descriptor) !== undefined) continue;
      const { repository, tag } = name;
      const listed = byRepository.get(repository) ?? [];
      listed.push({ repository, tag, descriptor: entry.descriptor });
      byRepository.set(repository, listed);
    }
    const repositories = [...byRepository].sort(([a], [b]) => compare(a, b));
    return repositories.flatMap(([, entries]) => entries.sort((a, b) => compare(a.tag ?? "", b.tag ?? "")));
  }

  /** The names of the repositories that have an entry, in lexical order. */
  repositories(): string[] {
    const names = new Set<string>();
    const parse = entryNameParser();
    for (const text of this.#named.keys()) {
      const name = parse(text);
      if (name !== undefined) names.add(name.repository);
    }
    return [...names].sort(compare);
  }

  /** The tags of one repository, in lexical order. */
  tags(repository: string): string[] {
    const tags: string[] = [];
    for (const text of this.#named.keys()) {
      if (!text.startsWith(`${repository}:`)) continue;
      const name = parseEntryName(text);
      if (name?.tag !== undefined && name.repository === repository) tags.push(name.tag);
    }
    return tags.sort(compare);
  }

  /** The manifests of a repository that are kept without a tag. Referrers are not among them. */
  untagged(repository: string): Descriptor[] {
    return this.#kept(repository)
      .filter((entry) => subjectOf(entry) === undefined)
      .map(describe);
  }

  /** The manifests of a repository that were pushed with this subject. */
  referrers(repository: string, subject: Digest): Descriptor[] {
    return this.#kept(repository)
      .filter((entry) => subjectOf(entry) === subject)
      .map(describe);
  }

  /** Applies tag changes, all or none. Throws `CONFLICT` when an expectation does not hold, `REFERENCE_INVALID`. */
  retag(repository: string, changes: readonly TagChange[]): void {
    const named = changes.map((change) => ({ ...change, entry: checkedName(repository, change) }));
    for (const { name, entry, expect } of named) {
      const actual = this.#named.get(entry)?.descriptor.digest ?? null;
      if (expect === undefined || expect === actual) continue;
      throw new SkillError("CONFLICT", `${repository} ${name} is ${actual ?? "absent"}, not ${expect ?? "absent"}`, {
        hint: "Somebody else changed it meanwhile; look at it again and repeat the command.",
      });
    }
    for (const { entry, to } of named) {
      if (to === undefined) this.#remove(entry);
      else this.#set(entry, to);
    }
  }

  /** Keeps a manifest that refers to `subject`, for as long as the subject lives. */
  addReferrer(repository: string, descriptor: Descriptor, subject: Digest): void {
    const name = entryName(repository, descriptor.digest);
    if (!this.#named.has(name)) this.#set(name, { ...descriptor, annotations: { [EntryAnnotation.subject]: subject } });
  }

  /** Removes every entry of a repository that names this manifest; tells whether there was one. */
  removeManifest(repository: string, digest: Digest): boolean {
    const names = this.#namesOf(repository, digest);
    for (const name of names) this.#remove(name);
    return names.length > 0;
  }

  /** Removes the entries for which `dropped` holds. */
  prune(dropped: (entry: Descriptor) => boolean): void {
    for (const [name, { descriptor }] of this.#named) if (dropped(descriptor)) this.#remove(name);
    const kept = this.#unnamed.filter(({ descriptor }) => !dropped(descriptor));
    if (kept.length < this.#unnamed.length) this.#changed = true;
    this.#unnamed = kept;
  }

  #set(name: string, descriptor: Descriptor): void {
    const annotations = { ...descriptor.annotations, [Annotation.refName]: name };
    this.#dropTwins(name);
    this.#named.set(name, HeldEntry.of(descriptorOf(descriptor, annotations)));
    this.#changed = true;
  }

  #remove(name: string): void {
    this.#dropTwins(name);
    if (this.#named.delete(name)) this.#changed = true;
  }

  /** Another tool may have written one name twice; a change of that name replaces both. */
  #dropTwins(name: string): void {
    if (this.#unnamed.length === 0) return;
    this.#unnamed = this.#unnamed.filter((entry) => entry.name !== name);
  }

  /** The entries of a repository's manifests that have no tag. */
  #kept(repository: string): Descriptor[] {
    const found: Descriptor[] = [];
    for (const [name, entry] of this.#named) if (name.startsWith(`${repository}@`)) found.push(entry.descriptor);
    return found;
  }

  #namesOf(repository: string, digest: Digest): string[] {
    const names: string[] = [];
    for (const [text, entry] of this.#named) {
      if (!text.startsWith(repository) || entry.descriptor.digest !== digest) continue;
      if (parseEntryName(text)?.repository === repository) names.push(text);
    }
    return names;
  }
}

function checkedName(repository: string, change: TagChange): string {
  if (!isDigest(change.name) || change.to === undefined || change.to.digest === change.name) {
    return entryName(repository, change.name);
  }
  throw new SkillError(
    "REFERENCE_INVALID",
    `${change.name} cannot name ${change.to.digest}: a digest names only itself`,
  );
}

/** The descriptor without what only the index needs. */
function describe(entry: Descriptor): Descriptor {
  return descriptorOf(entry, entry.annotations === undefined ? undefined : listAnnotations(entry.annotations));
}

/** The descriptor with these annotations. The order of its fields is the one in which image-spec's Go types have them. */
function descriptorOf(descriptor: Descriptor, annotations: Annotations | undefined): Descriptor {
  const { mediaType, digest, size, artifactType, platform } = descriptor;
  const plain = annotations === undefined ? { mediaType, digest, size } : { mediaType, digest, size, annotations };
  if (artifactType === undefined && platform === undefined) return plain;
  return {
    ...plain,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform }),
  };
}

function listAnnotations(annotations: Annotations): Annotations | undefined {
  const rest: Record<string, string> = {};
  let isEmpty = true;
  for (const key of Object.keys(annotations)) {
    if (key === Annotation.refName || key === EntryAnnotation.subject) continue;
    rest[key] = annotations[key] ?? "";
    isEmpty = false;
  }
  return isEmpty ? undefined : rest;
}

/** An entry with a subject is there because its manifest refers to it, and goes when the subject does. */
function subjectOf(entry: Descriptor): Digest | undefined {
  const subject = entry.annotations?.[EntryAnnotation.subject];
  return subject !== undefined && isDigest(subject) ? subject : undefined;
}

/** An item as an entry, if it is one. Go may write annotations that are not there as null; then they are left out. */
function readEntry(item: unknown): HeldEntry | undefined {
  if (isEntry(item)) return HeldEntry.of(item);
  if (typeof item !== "object" || item === null || !("annotations" in item)) return undefined;
  const { annotations, ...rest } = item;
  return annotations === null && isEntry(rest) ? HeldEntry.of(rest) : undefined;
}

function isEntry(item: unknown): item is Descriptor {
  if (typeof item !== "object" || item === null) return false;
  const { mediaType, digest, size, annotations } = item as Readonly<Record<string, unknown>>;
  return (
    typeof mediaType === "string" &&
    typeof digest === "string" &&
    isDigest(digest) &&
    Number.isSafeInteger(size) &&
    Number(size) >= 0 &&
    (annotations === undefined || isAnnotations(annotations))
  );
}

function isAnnotations(value: unknown): value is Annotations {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  for (const key of Object.keys(value)) if (typeof (value as Annotations)[key] !== "string") return false;
  return true;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
