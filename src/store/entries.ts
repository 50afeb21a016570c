/**
 * The index of a store in memory: what its entries are and how tags change them.
 *
 * Entries are OCI descriptors as they stand in `index.json`. Whatever somebody else put there (unknown fields, entries
 * without a name, entries that are no descriptors at all) goes through unchanged, because a store is shared with other
 * tools. Memory and layout both keep their tags here, so they cannot disagree about what a tag is.
 */
import { SkillError } from "../errors.ts";
import { Annotation, EntryAnnotation, isDigest, type Descriptor, type Digest } from "../oci/index.ts";
import { entryName, entryNameParser, parseEntryName } from "./entry-name.ts";
import { heldEntry, type HeldEntry } from "./held-entry.ts";
import { ListedEntry } from "./listed-entry.ts";
import { descriptorOf, plainDescriptor, subjectOf } from "./entry-descriptor.ts";
import { ListedRows, type Rows } from "./rows.ts";
import type { StoreEntry, TagChange } from "./types.ts";

/** What became of a name. */
interface Change {
  /** `undefined`: it was removed. */
  readonly entry: HeldEntry | undefined;
  /** The rows that had this name. */
  readonly replaces: readonly HeldEntry[];
}

export class Entries {
  #rows: Rows;
  readonly #unknown: readonly unknown[];
  readonly #changes = new Map<string, Change>();
  #changed = false;

  /** Entries as they were read, and what stands among them that is none. */
  constructor(rows: Rows = new ListedRows([]), unknown: readonly unknown[] = []) {
    this.#rows = rows;
    this.#unknown = unknown;
  }

  /** Entries of their own that are the same now: what is changed there is not changed here. */
  copy(): Entries {
    const copy = new Entries(this.#rows, this.#unknown);
    for (const [name, change] of this.#changes) copy.#changes.set(name, change);
    return copy;
  }

  /** Whether anything was changed since this was made, or {@link markSaved}. */
  get changed(): boolean {
    return this.#changed;
  }

  /** Says that what these entries are is on the disk now. */
  markSaved(): void {
    this.#changed = false;
  }

  /** The entries as they were read; what was changed since is in {@link replaced} and {@link added}. */
  get rows(): Rows {
    return this.#rows;
  }

  /** The rows that are no more, with what stands in their place: a new entry of that name, or nothing. */
  replaced(): (readonly [row: HeldEntry, entry: HeldEntry | undefined])[] {
    return [...this.#changes.values()].flatMap(({ entry, replaces }) =>
      replaces.map((row, at) => [row, at === 0 ? entry : undefined] as const),
    );
  }

  /** The entries that replace none. */
  added(): HeldEntry[] {
    return [...this.#addedBeginning("")];
  }

  /** Every entry, in the order in which they shall be written. */
  *held(): Generator<HeldEntry, void, undefined> {
    yield* this.#current(this.#rows);
    yield* this.added();
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
    for (const { name, descriptor } of this.held()) {
      yield { name, entry: descriptor, subject: name === undefined ? undefined : subjectOf(descriptor) };
    }
  }

  /** What `tagOrDigest` names in `repository`. A digest is found under a tag, too. */
  resolve(repository: string, tagOrDigest: string): Descriptor | undefined {
    const found = this.#find(entryName(repository, tagOrDigest));
    if (found !== undefined) return plainDescriptor(found.descriptor);
    if (!isDigest(tagOrDigest)) return undefined;
    const [first] = this.#namesOf(repository, tagOrDigest);
    const entry = first === undefined ? undefined : this.#find(first);
    return entry === undefined ? undefined : plainDescriptor(entry.descriptor);
  }

  /** Whether there is an entry of exactly this name. */
  has(repository: string, tagOrDigest: string): boolean {
    return this.#find(entryName(repository, tagOrDigest)) !== undefined;
  }

  /** The tags and kept manifests of all repositories, or of `only` one, by repository and tag. Referrers are not listed. */
  list(only?: string): StoreEntry[] {
    const byRepository = new Map<string, ListedEntry[]>();
    let last: ListedEntry[] | undefined;
    const parse = entryNameParser();
    for (const entry of this.#beginning(only ?? "")) {
      const name = parse(entry.name ?? "");
      if (name === undefined || name.repository !== (only ?? name.repository)) continue;
      if (name.tag === undefined && subjectOf(entry.descriptor) !== undefined) continue;
      if (last?.[0]?.repository !== name.repository) {
        last = byRepository.get(name.repository) ?? [];
        byRepository.set(name.repository, last);
      }
      last.push(new ListedEntry(name, entry));
    }
    const repositories = [...byRepository].sort(([a], [b]) => compare(a, b));
    return repositories.flatMap(([, entries]) =>
      withoutTwins(entries.sort((a, b) => compare(a.tag ?? "", b.tag ?? ""))),
    );
  }

  /** The names of the repositories that have an entry, in lexical order. */
  repositories(): string[] {
    const names = new Set<string>();
    const parse = entryNameParser();
    for (const entry of this.#beginning("")) {
      const name = parse(entry.name ?? "");
      if (name !== undefined) names.add(name.repository);
    }
    return [...names].sort(compare);
  }

  /** The tags of one repository, in lexical order. */
  tags(repository: string): string[] {
    const tags = new Set<string>();
    for (const entry of this.#beginning(`${repository}:`)) {
      const name = parseEntryName(entry.name ?? "");
      if (name?.tag !== undefined && name.repository === repository) tags.add(name.tag);
    }
    return [...tags].sort(compare);
  }

  /** The manifests of a repository that are kept without a tag. Referrers are not among them. */
  untagged(repository: string): Descriptor[] {
    return this.#kept(repository)
      .filter((entry) => subjectOf(entry) === undefined)
      .map(plainDescriptor);
  }

  /** The manifests of a repository that were pushed with this subject. */
  referrers(repository: string, subject: Digest): Descriptor[] {
    return this.#kept(repository)
      .filter((entry) => subjectOf(entry) === subject)
      .map(plainDescriptor);
  }

  /** Applies tag changes, all or none. Throws `CONFLICT` when an expectation does not hold, `REFERENCE_INVALID`. */
  retag(repository: string, changes: readonly TagChange[]): void {
    const named = changes.map((change) => ({ ...change, entry: checkedName(repository, change) }));
    for (const { name, entry, expect } of named) {
      const actual = this.#find(entry)?.descriptor.digest ?? null;
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
    if (this.#find(name) === undefined)
      this.#set(name, { ...descriptor, annotations: { [EntryAnnotation.subject]: subject } });
  }

  /** Removes every entry of a repository that names this manifest; tells whether there was one. */
  removeManifest(repository: string, digest: Digest): boolean {
    const names = this.#namesOf(repository, digest);
    for (const name of names) this.#remove(name);
    return names.length > 0;
  }

  /** Removes the entries for which `dropped` holds; it is told what a referrer refers to. */
  prune(dropped: (entry: Descriptor, subject: Digest | undefined) => boolean): void {
    const held = [...this.held()];
    const kept = held.filter(({ name, descriptor }) => {
      return !dropped(descriptor, name === undefined ? undefined : subjectOf(descriptor));
    });
    if (kept.length === held.length) return;
    this.#rows = new ListedRows(kept);
    this.#changes.clear();
    this.#changed = true;
  }

  /** The entry of a name; the first, should another tool have written several. */
  #find(name: string): HeldEntry | undefined {
    const change = this.#changes.get(name);
    return change === undefined ? this.#rows.named(name)[0] : change.entry;
  }

  /** The entries whose names begin so, in the order in which they shall be written. */
  #beginning(prefix: string): Iterable<HeldEntry> {
    const rows = this.#rows.beginning(prefix);
    return this.#changes.size === 0 ? rows : this.#changedBeginning(prefix, rows);
  }

  *#changedBeginning(prefix: string, rows: Iterable<HeldEntry>): Generator<HeldEntry, void, undefined> {
    yield* this.#current(rows);
    yield* this.#addedBeginning(prefix);
  }

  *#addedBeginning(prefix: string): Generator<HeldEntry, void, undefined> {
    for (const [name, { entry, replaces }] of this.#changes) {
      if (name.startsWith(prefix) && entry !== undefined && replaces.length === 0) yield entry;
    }
  }

  /** What stands now where these rows stood. */
  *#current(rows: Iterable<HeldEntry>): Generator<HeldEntry, void, undefined> {
    if (this.#changes.size === 0) return yield* rows;
    const done = new Set<string>();
    for (const row of rows) {
      const change = row.name === undefined ? undefined : this.#changes.get(row.name);
      if (row.name === undefined || change === undefined) yield row;
      else if (change.entry !== undefined && !done.has(row.name)) yield change.entry;
      done.add(row.name ?? "");
    }
  }

  #set(name: string, descriptor: Descriptor): void {
    const annotations = { ...descriptor.annotations, [Annotation.refName]: name };
    this.#change(name, heldEntry(descriptorOf(descriptor, annotations)));
  }

  #remove(name: string): void {
    if (this.#find(name) !== undefined) this.#change(name, undefined);
  }

  /** Another tool may have written one name twice; a change of that name replaces both. */
  #change(name: string, entry: HeldEntry | undefined): void {
    const replaces = this.#changes.get(name)?.replaces ?? this.#rows.named(name);
    if (entry === undefined && replaces.length === 0) this.#changes.delete(name);
    else this.#changes.set(name, { entry, replaces });
    this.#changed = true;
  }

  /** The entries of a repository's manifests that have no tag. */
  #kept(repository: string): Descriptor[] {
    return withoutTwins([...this.#beginning(`${repository}@`)]).map(({ descriptor }) => descriptor);
  }

  #namesOf(repository: string, digest: Digest): string[] {
    const names = new Set<string>();
    for (const entry of this.#beginning(repository)) {
      const name = parseEntryName(entry.name ?? "");
      if (name?.repository !== repository || this.#find(entry.name ?? "")?.descriptor.digest !== digest) continue;
      names.add(entry.name ?? "");
    }
    return [...names];
  }
}

/** Only the first of each name counts. */
function withoutTwins<Entry extends { readonly name: string | undefined }>(entries: readonly Entry[]): Entry[] {
  const seen = new Set<string | undefined>();
  return entries.filter(({ name }) => !seen.has(name) && seen.add(name));
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

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
