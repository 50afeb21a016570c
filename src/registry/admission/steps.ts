import type { Digest } from "../../oci/index.ts";
import type { Identity } from "../hooks.ts";

const MAX_REMEMBERED = 10_000;

/**
 * Who took which step, as far as this process has seen it: a record of a step is pushed after it, and is only for whoever took
 * it. What another replica saw, or this one before it was started anew, is not known here.
 */
export class Steps {
  readonly #byImage = new Map<string, string | undefined>();

  /** `digest`: the image after the step. */
  taken(repository: string, digest: Digest, { name }: Identity): void {
    const key = `${repository}@${digest}`;
    this.#byImage.delete(key);
    this.#byImage.set(key, name);
    if (this.#byImage.size <= MAX_REMEMBERED) return;
    const [oldest] = this.#byImage.keys();
    if (oldest !== undefined) this.#byImage.delete(oldest);
  }

  /** Who took it; `undefined` where that is not known, or somebody without a name. */
  who(repository: string, digest: Digest): string | undefined {
    return this.#byImage.get(`${repository}@${digest}`);
  }

  /** Whether it is known that somebody else took the step to this image. */
  isOfAnother(repository: string, digest: Digest, { name }: Identity): boolean {
    const key = `${repository}@${digest}`;
    return this.#byImage.has(key) && this.#byImage.get(key) !== name;
  }
}
