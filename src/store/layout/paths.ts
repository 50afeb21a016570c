/**
 * Where things lie in a store directory. OCI image-spec "image-layout.md" says `oci-layout`, `index.json` and `blobs`;
 * what is only ours lies in `.skillimage`, out of the way of other tools, and in the same file system, so that a
 * rename from there is atomic.
 */
import { join } from "node:path";

import { blobPath, type Digest, type DigestAlgorithm } from "../../oci/index.ts";

/** What every directory has whose files are written as ours are: a place for temporary files, and a lock. */
export interface DiskPaths {
  readonly root: string;
  /** Files of ours; in the same file system as the root. */
  readonly own: string;
  /** Files being written; a name begins with its owner, see `temporaries.ts`. */
  readonly temporary: string;
  readonly lock: string;
}

export class LayoutPaths implements DiskPaths {
  readonly root: string;
  readonly layoutFile: string;
  readonly index: string;
  readonly blobs: string;
  /** Files of ours. */
  readonly own: string;
  /** Files being written; a name begins with its owner, see `temporaries.ts`. */
  readonly temporary: string;
  readonly lock: string;
  /** The index before its last change, from which a damaged one is rebuilt. */
  readonly previousIndex: string;

  constructor(root: string) {
    this.root = root;
    this.layoutFile = join(root, "oci-layout");
    this.index = join(root, "index.json");
    this.blobs = join(root, "blobs");
    this.own = join(root, ".skillimage");
    this.temporary = join(this.own, "tmp");
    this.lock = join(this.own, "lock");
    this.previousIndex = join(this.own, "index.previous.json");
  }

  /** The directory of all blobs of one algorithm. */
  algorithm(algorithm: DigestAlgorithm): string {
    return join(this.blobs, algorithm);
  }

  blob(digest: Digest): string {
    return join(this.root, blobPath(digest));
  }

  damagedIndex(time: number): string {
    return `${this.index}.damaged-${new Date(time).toISOString().replaceAll(/[:.]/g, "-")}`;
  }
}
