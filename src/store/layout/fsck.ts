/** Checking a store: reads everything once and says what is wrong, in the order in which it matters. */
import { isSkillError, throwIfAborted } from "../../errors.ts";
import { childrenOf, isDocumentType, type Descriptor, type Digest } from "../../oci/index.ts";
import { visibleLine } from "../../text/index.ts";
import type { Entries } from "../entries.ts";
import { inOrder } from "../in-order.ts";
import { limiter } from "../limiter.ts";
import { readManifest } from "../read.ts";
import type { OperationOptions } from "../types.ts";
import { writing } from "./failure.ts";
import type { LayoutParts } from "./gc.ts";
import { takeInventory, type Inventory } from "./inventory.ts";
import type { StoreIssue } from "./issue.ts";
import type { HeldLock } from "./lock.ts";
import { checkLayout, findElsewhere, refuseElsewhere } from "./prepare.ts";
import { abandonedTemporaries, sweepTemporaries } from "./temporaries.ts";

/** How many blobs are read at once. */
const BLOBS_AT_ONCE = 4;
/** How many items that cannot be read are reported one by one. */
const MAX_LISTED = 100;

export interface FsckOptions extends OperationOptions {
  /**
   * Rebuilds a damaged index, removes damaged blobs (a push brings them back) and abandoned temporary files, and drops
   * entries whose manifest is missing or damaged. Missing layers, foreign files and what cannot be read at the moment are
   * reported, and left as they are. Default: false.
   */
  readonly repair?: boolean;
}

/** Looks at every blob and entry. Memory does not grow with sizes; without `repair` it writes nothing. */
export async function checkStore(parts: LayoutParts, options: FsckOptions = {}): Promise<StoreIssue[]> {
  throwIfAborted(options.signal);
  if (options.repair !== true) return new Check(parts, options).run();
  const { root } = parts.disk.paths;
  if ((await parts.disk.fs.status(root)) === undefined) return [];
  return writing(root, async () => {
    await refuseElsewhere(parts.disk);
    return parts.lock.whileHeld("sweep", (held) => new Check(parts, options, held).run(), options);
  });
}

/** What is wrong with content that a descriptor describes. Damage is found, and reported, before. */
interface Problem {
  readonly kind: "blob-missing" | "blob-damaged" | "blob-unreadable" | "size-wrong" | "manifest-invalid";
  readonly message: string;
}

class Check {
  readonly #parts: LayoutParts;
  readonly #options: FsckOptions;
  /** Only who holds the lock repairs. */
  readonly #held: HeldLock | undefined;
  readonly #issues: StoreIssue[] = [];
  /** What was found out about content as a descriptor describes it, by {@link keyOf}. */
  readonly #problems = new Map<string, Promise<Problem | undefined>>();
  readonly #checkedParts = new Set<string>();
  /** Blobs that are damaged or cannot be read, and where their issue stands, so that the first entry that reaches one can be named there. */
  readonly #damaged = new Map<Digest, { readonly at: number; readonly kind: "blob-damaged" | "blob-unreadable" }>();

  constructor(parts: LayoutParts, options: FsckOptions, held?: HeldLock) {
    this.#parts = parts;
    this.#options = options;
    this.#held = held;
  }

  get #repair(): boolean {
    return this.#held !== undefined;
  }

  async run(): Promise<StoreIssue[]> {
    await this.#checkLayout();
    const entries = await this.#checkIndex();
    const inventory = await takeInventory(this.#parts.disk);
    await this.#checkBlobs(inventory);
    if (entries !== undefined) await this.#checkEntries(entries, inventory);
    await this.#checkFiles(inventory);
    return this.#issues;
  }

  async #checkLayout(): Promise<void> {
    const { paths } = this.#parts.disk;
    try {
      await checkLayout(this.#parts.disk);
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      this.#report({ kind: "layout-invalid", message: error.message, path: paths.layoutFile });
    }
    const path = await findElsewhere(this.#parts.disk);
    if (path !== undefined) this.#report({ kind: "layout-invalid", message: `${path} is not a directory`, path });
  }

  async #checkIndex(): Promise<Entries | undefined> {
    try {
      const { entries } = await this.#parts.file.load();
      this.#checkItems(entries);
      return entries;
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      const { index: path } = this.#parts.disk.paths;
      this.#report({ kind: "index-damaged", message: error.message, path, repaired: this.#repair });
      return this.#held && (await this.#parts.commits.loadSound(this.#held)).entries;
    }
  }

  /** Other tools may keep items of their own, and write a name twice. Neither is damage, and neither is touched. */
  #checkItems(entries: Entries): void {
    const { unknown } = entries;
    for (const item of unknown.slice(0, MAX_LISTED)) {
      this.#report({ kind: "entry-invalid", message: `index.json holds ${sketch(item)}, which is no descriptor` });
    }
    if (unknown.length > MAX_LISTED) {
      const message = `index.json holds ${unknown.length - MAX_LISTED} more items that are no descriptors`;
      this.#report({ kind: "entry-invalid", message });
    }
    const digests = new Map<string, Digest>();
    for (const { name, entry } of entries.descriptors()) {
      if (name === undefined) continue;
      const first = digests.get(name);
      if (first === undefined) digests.set(name, entry.digest);
      else this.#report({ kind: "name-duplicate", message: duplicate(name, first, entry.digest), reference: name });
    }
  }

  async #checkBlobs(inventory: Inventory): Promise<void> {
    // Each is waited for, also when one fails: what is damaged is removed, and the lock is given up afterwards.
    const checked = inOrder(inventory.blobs, BLOBS_AT_ONCE, ([digest, { size }]) => this.#checkBlob(digest, size));
    for await (const _ of checked);
  }

  async #checkBlob(digest: Digest, size: number): Promise<void> {
    const { blobs, disk } = this.#parts;
    throwIfAborted(this.#options.signal);
    const descriptor = { mediaType: "", digest, size };
    try {
      for await (const _ of blobs.fetch(descriptor, this.#options));
    } catch (error) {
      if (isSkillError(error, "NOT_FOUND")) return;
      if (!isSkillError(error) || error.code === "ABORTED") throw error;
      // Too many open files, another user's file, a disk that failed once: that says nothing about the content.
      const kind = error.code === "FILE_UNREADABLE" ? "blob-unreadable" : "blob-damaged";
      const repaired = this.#repair && kind === "blob-damaged";
      this.#damaged.set(digest, { at: this.#issues.length, kind });
      const path = disk.paths.blob(digest);
      this.#report({ kind, message: error.message, digest, path, repaired });
      if (!repaired) return;
      await this.#held?.refuseLost();
      await disk.remove(path);
    }
  }

  async #checkEntries(entries: Entries, inventory: Inventory): Promise<void> {
    const unusable = new Set<string>();
    const limit = limiter(8);
    const check = async (entry: Descriptor, reference: string | undefined): Promise<void> => {
      if (!(await this.#checkEntry(entry, reference, inventory))) unusable.add(keyOf(entry));
    };
    // Images before what refers to them: what several have in common is told of the first.
    const all = [...entries.descriptors()];
    for (const isReferrer of [false, true]) {
      const some = all.filter(({ subject }) => (subject !== undefined) === isReferrer);
      await Promise.all(some.map(({ entry, name }) => limit(() => check(entry, name))));
    }
    if (this.#held === undefined || unusable.size === 0) return;
    const { file, commits } = this.#parts;
    const document = await commits.loadSound(this.#held);
    document.entries.prune((entry) => unusable.has(keyOf(entry)));
    await file.save(document, this.#held.refuseLost);
  }

  /** Checks an entry and all below it. Resolves to whether its own content is usable, or may be, which cannot be told now. */
  async #checkEntry(entry: Descriptor, reference: string | undefined, inventory: Inventory): Promise<boolean> {
    const problem = await this.#problemOf(entry, reference, inventory);
    if (problem === undefined) return true;
    const isUsable = problem.kind === "blob-unreadable";
    const removed = this.#repair && !isUsable;
    this.#reportProblem(problem, entry.digest, reference, removed);
    // The damage was reported when it was found, before anybody knew what it costs.
    const named = reference === undefined ? {} : { reference };
    const lost = { kind: "blob-missing", message: `${entry.digest} is missing, as it was damaged` } as const;
    if (removed && this.#damaged.has(entry.digest)) this.#report({ ...lost, digest: entry.digest, ...named, ...GONE });
    return isUsable;
  }

  /** Checks what a manifest refers to. Many may refer to it; it is reported for the first. */
  async #checkPart(part: Descriptor, reference: string | undefined, inventory: Inventory): Promise<void> {
    const key = keyOf(part);
    if (this.#checkedParts.has(key)) return;
    this.#checkedParts.add(key);
    const problem = await this.#problemOf(part, reference, inventory);
    if (problem === undefined) return;
    this.#reportProblem(problem, part.digest, reference, false);
    if (this.#repair && problem.kind === "blob-damaged") this.#reportRemoved(part.digest, reference);
  }

  /** Looks at content, and at what lies below it, once: indexes of indexes reach the same content in any number of ways. */
  #problemOf(
    descriptor: Descriptor,
    reference: string | undefined,
    inventory: Inventory,
  ): Promise<Problem | undefined> {
    const key = keyOf(descriptor);
    const problem = this.#problems.get(key) ?? this.#findProblem(descriptor, reference, inventory);
    this.#problems.set(key, problem);
    return problem;
  }

  async #findProblem(
    descriptor: Descriptor,
    reference: string | undefined,
    inventory: Inventory,
  ): Promise<Problem | undefined> {
    const { digest, size } = descriptor;
    const actual = inventory.blobs.get(digest)?.size;
    if (actual === undefined) return { kind: "blob-missing", message: `${digest} is missing` };
    const damaged = this.#damaged.get(digest);
    if (damaged !== undefined) return { kind: damaged.kind, message: `${digest} is damaged or cannot be read` };
    if (actual !== size) {
      return { kind: "size-wrong", message: `${digest} has ${actual} bytes; its descriptor says ${size}` };
    }
    if (!isDocumentType(descriptor.mediaType)) return undefined;
    try {
      const manifest = await readManifest(this.#parts.blobs, descriptor, this.#options);
      for (const child of childrenOf(manifest)) await this.#checkPart(child, reference, inventory);
      return undefined;
    } catch (error) {
      if (!isSkillError(error) || error.code === "ABORTED") throw error;
      const kind = error.code === "FILE_UNREADABLE" ? "blob-unreadable" : "manifest-invalid";
      return { kind, message: `${digest}: ${error.message}` };
    }
  }

  #reportProblem(problem: Problem, digest: Digest, reference: string | undefined, removed: boolean): void {
    if (this.#damaged.has(digest)) this.#nameDamaged(digest, reference);
    else {
      const named = reference === undefined ? {} : { reference };
      this.#report({ ...problem, digest, ...named, ...(removed ? GONE : {}) });
    }
  }

  /** The damage is gone, and an image still lacks what was damaged. */
  #reportRemoved(digest: Digest, reference: string | undefined): void {
    const message = `${digest} is missing, as it was damaged; pack, pull or import the image again`;
    this.#report({ kind: "blob-missing", message, digest, ...(reference === undefined ? {} : { reference }) });
  }

  #nameDamaged(digest: Digest, reference: string | undefined): void {
    const at = this.#damaged.get(digest)?.at;
    const issue = at === undefined ? undefined : this.#issues[at];
    if (at === undefined || issue === undefined || issue.reference !== undefined || reference === undefined) return;
    this.#issues[at] = { ...issue, reference };
  }

  async #checkFiles(inventory: Inventory): Promise<void> {
    for (const path of inventory.strays) {
      this.#report({ kind: "stray-file", message: `${path} is not a blob`, path });
    }
    const { disk } = this.#parts;
    const abandoned = await abandonedTemporaries(disk);
    if (this.#repair) await sweepTemporaries(disk);
    for (const { path } of abandoned) {
      const message = `${path} was left by a process that died${this.#repair ? "" : "; prune removes it"}`;
      this.#report({ kind: "temporary", message, path, repaired: this.#repair });
    }
  }

  #report(issue: Omit<StoreIssue, "repaired"> & { readonly repaired?: boolean }): void {
    this.#issues.push({ repaired: false, ...issue });
  }
}

/** Of an entry that the repair took away. */
const GONE = { repaired: true, removed: true };

/** What a verdict on content depends on: two descriptors of one digest may differ in size or type, and one be wrong. */
function keyOf({ digest, size, mediaType }: Descriptor): string {
  return `${digest} ${size} ${mediaType}`;
}

function duplicate(name: string, first: Digest, other: Digest): string {
  const names = `index.json names ${visibleLine(name)} more than once`;
  return first === other ? `${names}, each time as ${first}` : `${names}: ${first} counts, ${other} does not`;
}

/** What an item is, for a message; without looking into it, as it may be nested beyond reason. */
function sketch(item: unknown): string {
  if (Array.isArray(item)) return `a list of ${item.length}`;
  if (typeof item !== "object" || item === null) return visibleLine(JSON.stringify(item).slice(0, 200));
  return `an object of ${visibleLine(JSON.stringify(Object.keys(item)).slice(0, 200))}`;
}
