/** What clients were warned of, for manifests that are too large to be kept in memory: to read one anew takes its time each time. */
import type { Digest } from "../../oci/index.ts";

const MAX_REMEMBERED = 10_000;

export class Warnings {
  readonly #byDigest = new Map<Digest, string | undefined>();

  /** The warning of a manifest, which `find` is asked for once. */
  of(digest: Digest, find: () => string | undefined): string | undefined {
    if (this.#byDigest.has(digest)) return this.#byDigest.get(digest);
    const warning = find();
    if (this.#byDigest.size >= MAX_REMEMBERED) this.#byDigest.clear();
    this.#byDigest.set(digest, warning);
    return warning;
  }
}
