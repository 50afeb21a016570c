/**
 * Copying an image between any two repositories, whatever lies behind them: within a store, into it or out of it.
 *
 * Order is the safety: what a manifest refers to is stored before the manifest, the tag comes last. So a copy that is
 * cut off leaves content that nothing names, never a name without its content.
 */
import { asContent, type Content } from "../content/index.ts";
import { isSkillError, throwIfAborted } from "../errors.ts";
import { childrenOf, isDigest, isDocumentType, parseManifest, type Descriptor } from "../oci/index.ts";
import { limiter, type Limiter } from "./limiter.ts";
import { readDocument } from "./read.ts";
import type { OperationOptions, Repository } from "./types.ts";

/** One piece of content that has arrived. */
export interface CopyProgress {
  readonly descriptor: Descriptor;
  /** `present`: the target held it already and no byte of it was read. */
  readonly outcome: "copied" | "present";
}

export interface CopyOptions extends OperationOptions {
  /** The name in the target, a tag or the digest itself; default: the name in the source. */
  readonly as?: string;
  /** Also copies the manifests whose subject is copied (signatures, attestations), and theirs. Default: false. */
  readonly referrers?: boolean;
  /** How many blobs and manifests are on their way at once. Default: 4. */
  readonly concurrency?: number;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/**
 * Copies what `name` (a tag or digest) names in `from` to `to`, and names it there. Content that the target holds is
 * not sent. Rejects with what the repositories throw; then the target's tags are as they were.
 */
export async function copy(
  from: Repository,
  to: Repository,
  name: string,
  options: CopyOptions = {},
): Promise<Descriptor> {
  throwIfAborted(options.signal);
  const root = await from.resolve(name, options);
  const cancel = new AbortController();
  const signal = options.signal === undefined ? cancel.signal : AbortSignal.any([options.signal, cancel.signal]);
  await new GraphCopy(from, to, { ...options, signal }, cancel).copy(root);
  throwIfAborted(options.signal);
  const target = options.as ?? name;
  if (isDigest(target)) await to.retag([{ name: target, to: root }], options);
  else await to.tag(root, target, options);
  return root;
}

class GraphCopy {
  readonly #from: Repository;
  readonly #to: Repository;
  readonly #options: CopyOptions;
  readonly #cancel: AbortController;
  readonly #limit: Limiter;
  readonly #started = new Map<string, Promise<void>>();

  constructor(from: Repository, to: Repository, options: CopyOptions, cancel: AbortController) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#cancel = cancel;
    this.#limit = limiter(options.concurrency ?? 4);
  }

  /** Copies one node and all below it, once however often it is referred to. */
  copy(descriptor: Descriptor): Promise<void> {
    const isDocument = isDocumentType(descriptor.mediaType);
    // A manifest that somebody also calls a layer must still have its children copied.
    const key = `${isDocument ? "manifest" : "blob"} ${descriptor.digest}`;
    const started = this.#started.get(key);
    if (started !== undefined) return started;
    const copied = isDocument ? this.#copyManifest(descriptor) : this.#copyBlob(descriptor);
    this.#started.set(key, copied);
    return copied;
  }

  async #copyManifest(descriptor: Descriptor): Promise<void> {
    const bytes = await this.#limit(() => readDocument(this.#from, descriptor, this.#options));
    await this.#copyAll(childrenOf(parseManifest(bytes, descriptor.mediaType)));
    await this.#limit(async () => {
      throwIfAborted(this.#options.signal);
      await this.#push(descriptor, bytes);
    });
    if (this.#options.referrers === true) await this.#copyReferrers(descriptor);
  }

  async #copyReferrers(subject: Descriptor): Promise<void> {
    const referrers: Descriptor[] = [];
    const { signal } = this.#options;
    const listing = this.#from.referrers(subject, signal === undefined ? {} : { signal });
    for await (const referrer of listing) referrers.push(referrer);
    await this.#copyAll(referrers);
  }

  #copyBlob(descriptor: Descriptor): Promise<void> {
    return this.#limit(async () => {
      throwIfAborted(this.#options.signal);
      await this.#push(descriptor, this.#from.fetch(descriptor, this.#options));
    });
  }

  /** A push reads its content only if it needs it; whether it did tells what happened. */
  async #push(descriptor: Descriptor, content: Content | Uint8Array): Promise<void> {
    let outcome: CopyProgress["outcome"] = "present";
    async function* observed(): AsyncGenerator<Uint8Array, void, undefined> {
      outcome = "copied";
      yield* asContent(content);
    }
    await this.#to.push(descriptor, observed(), this.#options);
    this.#options.onProgress?.({ descriptor, outcome });
  }

  /** Waits for all even when one fails, so that nothing still writes after the copy has rejected. */
  async #copyAll(descriptors: readonly Descriptor[]): Promise<void> {
    const copies = descriptors.map((descriptor) => this.copy(descriptor));
    for (const copied of copies) copied.catch(() => this.#cancel.abort());
    const failed = (await Promise.allSettled(copies)).filter((result) => result.status === "rejected");
    const first = failed.find(({ reason }) => !isSkillError(reason, "ABORTED")) ?? failed[0];
    if (first !== undefined) throw first.reason;
  }
}
