/** Checking a store: reads everything once and says what is wrong, in the order in which it matters. */
import { isSkillError, throwIfAborted } from "../../errors.ts";
import { childrenOf, isDocumentType, type Descriptor, type Digest } from "../../oci/index.ts";
import { visibleLine } from "../../text/index.ts";
import type { Entries } from "../entries.ts";
import { limiter } from "../limiter.ts";
import { readManifest } from "../read.ts";
import type { OperationOptions } from "../types.ts";
import { writing } from "./failure.ts";
import type { LayoutParts } from "./gc.ts";
import { takeInventory, type Inventory } from "./inventory.ts";
import { checkLayout } from "./prepare.ts";
import { abandonedTemporaries, sweepTemporaries } from "./temporaries.ts";

export type IssueKind =
  | "layout-invalid"
  | "index-damaged"
  | "entry-invalid"
  | "blob-damaged"
  | "blob-missing"
  | "size-wrong"
  | "manifest-invalid"
  | "stray-file"
  | "temporary";

export interface StoreIssue {
  readonly kind: IssueKind;
  readonly message: string;
  readonly digest?: Digest;
  readonly path?: string;
  /** The entry that is affected, as a reference; not there for content that no entry reaches. */
  readonly reference?: string;
  /** Whether it is no longer so. */
  readonly repaired: boolean;
}

export interface FsckOptions extends OperationOptions {
  /**
   * Rebuilds a damaged index, removes damaged blobs (a push brings them back) and abandoned temporary files, and drops
   * entries whose manifest is missing or damaged. Missing layers and foreign files are reported, and left as they are. Default: false.
   */
  readonly repair?: boolean;
}

/** Looks at every blob and entry. Memory does not grow with sizes; without `repair` it writes nothing. */
export async function checkStore(parts: LayoutParts, options: FsckOptions = {}): Promise<StoreIssue[]> {
  throwIfAborted(options.signal);
  const check = new Check(parts, options);
  if (options.repair !== true) return check.run();
  const { root } = parts.disk.paths;
  if ((await parts.disk.fs.status(root)) === undefined) return [];
  return writing(root, () => parts.lock.whileHeld("sweep", () => check.run()));
}

class Check {
  readonly #parts: LayoutParts;
  readonly #options: FsckOptions;
  readonly #repair: boolean;
  readonly #issues: StoreIssue[] = [];
  /** Damaged blobs and where their issue stands, so that the first entry that reaches one can be named there. */
  readonly #damaged = new Map<Digest, number>();

  constructor(parts: LayoutParts, options: FsckOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#repair = options.repair === true;
  }

  async run(): Promise<StoreIssue[]> {
    await this.#checkLayoutFile();
    const entries = await this.#checkIndex();
    const inventory = await takeInventory(this.#parts.disk);
    await this.#checkBlobs(inventory);
    if (entries !== undefined) await this.#checkEntries(entries, inventory);
    await this.#checkFiles(inventory);
    return this.#issues;
  }

  async #checkLayoutFile(): Promise<void> {
    const { paths } = this.#parts.disk;
    try {
      await checkLayout(this.#parts.disk);
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      this.#report({ kind: "layout-invalid", message: error.message, path: paths.layoutFile });
    }
  }

  async #checkIndex(): Promise<Entries | undefined> {
    try {
      const { entries } = await this.#parts.file.load();
      entries.unknown.forEach((item) => {
        const text = visibleLine(JSON.stringify(item).slice(0, 200));
        this.#report({ kind: "entry-invalid", message: `index.json holds something that is no descriptor: ${text}` });
      });
      return entries;
    } catch (error) {
      if (!isSkillError(error, "STORE_CORRUPT")) throw error;
      const { index: path } = this.#parts.disk.paths;
      this.#report({ kind: "index-damaged", message: error.message, path, repaired: this.#repair });
      return this.#repair ? (await this.#parts.commits.loadSound()).entries : undefined;
    }
  }

  async #checkBlobs(inventory: Inventory): Promise<void> {
    const limit = limiter(4);
    await Promise.all([...inventory.blobs].map(([digest, { size }]) => limit(() => this.#checkBlob(digest, size))));
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
      this.#damaged.set(digest, this.#issues.length);
      const path = disk.paths.blob(digest);
      this.#report({ kind: "blob-damaged", message: error.message, digest, path, repaired: this.#repair });
      if (this.#repair) await disk.remove(path);
    }
  }

  async #checkEntries(entries: Entries, inventory: Inventory): Promise<void> {
    const unusable = new Set<Descriptor>();
    const limit = limiter(8);
    const check = async (entry: Descriptor, reference: string | undefined): Promise<void> => {
      if (!(await this.#checkTree(entry, reference, inventory))) unusable.add(entry);
    };
    const all = [...entries.descriptors()];
    await Promise.all(all.map(({ entry, name }) => limit(() => check(entry, name))));
    if (!this.#repair || unusable.size === 0) return;
    const { file, commits } = this.#parts;
    const document = await commits.loadSound();
    const digests = new Set([...unusable].map(({ digest }) => digest));
    document.entries.prune(({ digest }) => digests.has(digest));
    await file.save(document);
  }

  /** Checks an entry or a part of one, and all below it. Resolves to whether its own content is usable. */
  async #checkTree(
    descriptor: Descriptor,
    reference: string | undefined,
    inventory: Inventory,
    isEntry = true,
  ): Promise<boolean> {
    const { digest, size } = descriptor;
    const repaired = this.#repair && isEntry;
    const where = { digest, repaired, ...(reference === undefined ? {} : { reference }) };
    const status = inventory.blobs.get(digest);
    if (status === undefined) {
      this.#report({ kind: "blob-missing", message: `${digest} is missing`, ...where });
      return false;
    }
    if (this.#damaged.has(digest)) {
      this.#nameDamaged(digest, reference);
      return false;
    }
    if (status.size !== size) {
      const message = `${digest} has ${status.size} bytes; its descriptor says ${size}`;
      this.#report({ kind: "size-wrong", message, ...where });
      return false;
    }
    if (!isDocumentType(descriptor.mediaType)) return true;
    try {
      const manifest = await readManifest(this.#parts.blobs, descriptor, this.#options);
      for (const child of childrenOf(manifest)) await this.#checkTree(child, reference, inventory, false);
      return true;
    } catch (error) {
      if (!isSkillError(error) || error.code === "ABORTED") throw error;
      this.#report({ kind: "manifest-invalid", message: `${digest}: ${error.message}`, ...where });
      return false;
    }
  }

  #nameDamaged(digest: Digest, reference: string | undefined): void {
    const at = this.#damaged.get(digest);
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
    for (const path of abandoned) {
      const message = `${path} was left by a process that died`;
      this.#report({ kind: "temporary", message, path, repaired: this.#repair });
    }
  }

  #report(issue: Omit<StoreIssue, "repaired"> & { readonly repaired?: boolean }): void {
    this.#issues.push({ repaired: false, ...issue });
  }
}
