/**
 * Which files were read to their end and hashed to what they should, a moment ago. As long as such a file is the same (its device,
 * number, size and times are), its content is handed out without hashing it again, whole or in parts.
 */
import type { Digest } from "../../../oci/index.ts";
import type { FileState } from "../../../store/layout/file-system.ts";

/** Milliseconds for which a look at the content is good: a disk may lose bytes without a change of the file. */
const GOOD_FOR = 10 * 60_000;
const KEPT = 10_000;

interface Look {
  readonly id: string;
  readonly until: number;
}

export class VerifiedFiles {
  readonly #looks = new Map<Digest, Look>();
  readonly #now: () => number;

  /** `now`: a clock that is never set back, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  has(digest: Digest, { id }: FileState): boolean {
    const look = this.#looks.get(digest);
    return look !== undefined && look.id === id && this.#now() < look.until;
  }

  /** What was read between `before` and `after` was right. A file that changed meanwhile, or just before, is not remembered. */
  note(digest: Digest, before: FileState, after: FileState): void {
    if (!before.settled || before.id !== after.id) return;
    this.#looks.delete(digest);
    this.#looks.set(digest, { id: before.id, until: this.#now() + GOOD_FOR });
    if (this.#looks.size <= KEPT) return;
    const [oldest] = this.#looks.keys();
    if (oldest !== undefined) this.#looks.delete(oldest);
  }
}
