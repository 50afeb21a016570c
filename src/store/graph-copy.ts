/**
 * The walk of a copy: from a manifest to all that it refers to, each piece once, children before parents.
 *
 * How much is asked of the target depends on what it can be trusted with. A registry takes no manifest whose parts it does
 * not hold, so to have the manifest is to have everything below it; asking for each part would only cost requests. A
 * directory is the opposite: asking is cheap there, parts may have been lost or damaged since, and a copy is the moment
 * at which somebody has the right bytes at hand. So every part is looked at unless the caller says `trustTarget`.
 */
import { asContent, isLent, lent, readAll, type Content } from "../content/index.ts";
import { isSkillError, throwIfAborted } from "../errors.ts";
import { childrenOf, isDocumentType, isIndexType, parseManifest, parseReference } from "../oci/index.ts";
import type { Descriptor, Digest } from "../oci/index.ts";
import { makeDerived, type Derivation, type Derive } from "./derived.ts";
import { findCurrent } from "./find.ts";
import { limiter, type Limiter } from "./limiter.ts";
import { readDocument } from "./read.ts";
import { referrerWaves, type Referral } from "./referrer-waves.ts";
import type { OperationOptions, Repository } from "./types.ts";
import { observed } from "./verify.ts";

/** How far one piece of content has come. */
export interface CopyProgress {
  readonly descriptor: Descriptor;
  /** Bytes of it that have been sent so far. */
  readonly bytes: number;
  /** Its size in bytes. */
  readonly total: number;
  /** Once it has arrived. `present`: the target held it already, or took it from another repository; no byte was sent. */
  readonly outcome?: "copied" | "present";
}

export interface GraphCopyOptions extends OperationOptions {
  /** Also copies the manifests whose subject is copied (signatures, promotion records), and theirs. Default: false. */
  readonly referrers?: boolean;
  /** With `referrers`: the earlier image that a referrer tells of, whose referrers are copied, too. Default: none. */
  readonly earlier?: (referrer: Descriptor) => Descriptor | undefined;
  /**
   * Takes a manifest that the target holds as proof that it holds everything below. Right for registries; where it is
   * false, as it is by default, everything is looked at and what is missing or damaged is sent again.
   */
  readonly trustTarget?: boolean;
  /** How many blobs and manifests are on their way at once. Default: 6. */
  readonly concurrency?: number;
  /** Finds blobs that can be made of others which are fetched anyway; what cannot be made so is fetched. Default: none. */
  readonly derive?: Derive;
  readonly onProgress?: (progress: CopyProgress) => void;
}

/** The name that a copy gets, and what is known about it. */
export interface CopyTarget {
  /** A tag, or the digest itself. */
  readonly name: string;
  /** What it names now, `null` for nothing, for a caller that has looked already. Left out, the copy looks. */
  readonly found?: Descriptor | null;
  /** What it must name for the copy to take it, as in `TagChange`. */
  readonly expect?: Digest | null;
}

/** Copies images from one repository to another. What several of them share is copied once. */
export class GraphCopy {
  readonly #from: Repository;
  readonly #to: Repository;
  readonly #options: GraphCopyOptions;
  readonly #signal: OperationOptions;
  readonly #onFailure: () => void;
  readonly #mountFrom: { readonly mountFrom?: string };
  readonly #limit: Limiter;
  readonly #started = new Map<string, Promise<void>>();
  /** What is kept of blobs on their way, as others will be made of it. */
  readonly #sources = new Map<Digest, Uint8Array[]>();
  readonly #referrers = new Map<Digest, Promise<void>>();
  readonly #listings = new Map<Digest, Promise<ReadonlySet<Digest>>>();

  /** `onFailure` is called as soon as a piece cannot be copied; the others go on until then. */
  constructor(from: Repository, to: Repository, options: GraphCopyOptions, onFailure: () => void = () => undefined) {
    this.#from = from;
    this.#to = to;
    this.#options = options;
    this.#signal = options.signal === undefined ? {} : { signal: options.signal };
    this.#onFailure = onFailure;
    this.#mountFrom = areInOneRegistry(from, to) ? { mountFrom: from.name } : {};
    this.#limit = limiter(options.concurrency ?? 6);
  }

  /** Copies an image and names it; tells whether the name stood for it before, or somebody else gave it the name meanwhile. */
  async deliver(root: Descriptor, { name, found, expect }: CopyTarget): Promise<boolean> {
    const current = found === undefined ? await findCurrent(this.#to, name, this.#signal) : found;
    const isNamed = current?.digest === root.digest;
    const isHeld = isNamed || (await this.#asksFor(root));
    const isWhole = isHeld && this.#options.trustTarget === true;
    const content = isWhole ? undefined : await this.#copyBelow(root);
    if (this.#options.referrers === true) await this.#copyReferrersOnce(root);
    throwIfAborted(this.#options.signal);
    if (isNamed && content !== undefined) await this.#to.push(root, content, this.#signal);
    const isOurs = !isNamed && (await this.#name(root, content ?? (await this.#read(root)), name, expect));
    this.#tell(root, isHeld ? "present" : "copied");
    return !isOurs;
  }

  /** Names a root; tells whether that was needed, as somebody else may have named the very same. */
  async #name(to: Descriptor, content: Uint8Array, name: string, expect: Digest | null | undefined): Promise<boolean> {
    try {
      await this.#to.retag([{ name, to, content, ...(expect === undefined ? {} : { expect }) }], this.#signal);
      return true;
    } catch (error) {
      if (!isSkillError(error, "CONFLICT")) throw error;
      const current = await findCurrent(this.#to, name, this.#signal);
      if (current?.digest !== to.digest) throw error;
      return false;
    }
  }

  /** Whether the target holds a root. One image's manifest has two parts as a rule: they cost no more to ask for. */
  async #asksFor(root: Descriptor): Promise<boolean> {
    if (this.#options.trustTarget === true && !isIndexType(root.mediaType)) return false;
    return this.#to.exists(root, this.#signal);
  }

  /** Copies one node and all below it, once however often it is referred to. */
  #copy(descriptor: Descriptor): Promise<void> {
    const isDocument = isDocumentType(descriptor.mediaType);
    return this.#once(descriptor, async () =>
      isDocument ? this.#copyDocument(descriptor) : this.#copyBlob(descriptor),
    );
  }

  #once({ mediaType, digest }: Descriptor, work: () => Promise<void>): Promise<void> {
    // A manifest that somebody also calls a layer must still have its children copied.
    const key = `${isDocumentType(mediaType) ? "manifest" : "blob"} ${digest}`;
    const started = this.#started.get(key) ?? work();
    this.#started.set(key, started);
    return started;
  }

  async #copyDocument(descriptor: Descriptor): Promise<void> {
    const isThere = async (): Promise<boolean> => this.#to.exists(descriptor, this.#signal);
    if (this.#options.trustTarget === true && (await this.#limit(isThere))) {
      this.#tell(descriptor, "present");
      return;
    }
    await this.#sendDocument(descriptor);
  }

  async #sendDocument(descriptor: Descriptor): Promise<void> {
    const bytes = await this.#copyBelow(descriptor);
    await this.#limit(async () => this.#push(descriptor, bytes));
  }

  /** Copies what a document refers to; returns the document. */
  async #copyBelow(descriptor: Descriptor): Promise<Uint8Array> {
    const bytes = await this.#read(descriptor);
    const manifest = parseManifest(bytes, descriptor.mediaType);
    const derivation = manifest.kind === "manifest" ? this.#options.derive?.(manifest, descriptor) : undefined;
    const derived = derivation === undefined ? [] : [this.#copyDerived(derivation)];
    await this.#allOf([...derived, ...childrenOf(manifest).map((child) => this.#copy(child))]);
    return bytes;
  }

  #read(document: Descriptor): Promise<Uint8Array> {
    return this.#limit(() => readDocument(this.#from, document, this.#signal));
  }

  /** Many tags may name one image; what refers to it is looked for once. */
  #copyReferrersOnce(root: Descriptor): Promise<void> {
    const started = this.#referrers.get(root.digest) ?? this.#copyReferrers(root);
    this.#referrers.set(root.digest, started);
    return started;
  }

  async #copyReferrers(root: Descriptor): Promise<void> {
    const { earlier } = this.#options;
    const options = { ...this.#signal, ...(earlier === undefined ? {} : { earlier }) };
    for await (const wave of referrerWaves(this.#from, root, options)) {
      await this.#allOf(wave.map((referral) => this.#copyReferrer(referral)));
    }
  }

  /** A referrer that the target holds, but does not list, is sent again: whoever was cut off between the two left it so. */
  #copyReferrer({ referrer, subject }: Referral): Promise<void> {
    if (this.#options.trustTarget !== true) return this.#copy(referrer);
    return this.#once(referrer, async () => {
      const listed = await this.#listed(subject);
      return listed.has(referrer.digest) ? this.#copyDocument(referrer) : this.#sendDocument(referrer);
    });
  }

  /** What the target lists as referring to a subject. */
  #listed(subject: Descriptor): Promise<ReadonlySet<Digest>> {
    const list = async (): Promise<ReadonlySet<Digest>> => {
      const digests = new Set<Digest>();
      for await (const { digest } of this.#to.referrers(subject, this.#signal)) digests.add(digest);
      return digests;
    };
    const known = this.#listings.get(subject.digest) ?? this.#limit(list);
    this.#listings.set(subject.digest, known);
    return known;
  }

  #copyBlob(descriptor: Descriptor): Promise<void> {
    return this.#limit(async () => this.#push(descriptor, this.#from.fetch(descriptor, this.#signal)));
  }

  /** Copies what a blob can be made of, and makes it; fetches it where the target had that already, or it is another one. */
  #copyDerived(derivation: Derivation): Promise<void> {
    const { blob, from } = derivation;
    return this.#once(blob, async () => {
      const source: Uint8Array[] = [];
      this.#sources.set(from.digest, source);
      await this.#copy(from);
      this.#sources.delete(from.digest);
      const made = source.length === 0 ? undefined : makeDerived(derivation, await readAll(source));
      await (made === undefined ? this.#copyBlob(blob) : this.#limit(async () => this.#push(blob, made)));
    });
  }

  /** A push reads its content only if it needs it; whether it did tells what happened. */
  async #push(descriptor: Descriptor, content: Content | Uint8Array): Promise<void> {
    throwIfAborted(this.#options.signal);
    let outcome: NonNullable<CopyProgress["outcome"]> = "present";
    let sent = 0;
    const source = asContent(content);
    const kept = this.#sources.get(descriptor.digest);
    const begin = (): void => {
      outcome = "copied";
      kept?.splice(0);
    };
    const passed = (bytes: number, chunk: Uint8Array): void => {
      kept?.push(chunk);
      // A push that was interrupted begins anew; that is no news until it is further than before.
      if (bytes <= sent) return;
      sent = bytes;
      this.#options.onProgress?.({ descriptor, bytes, total: descriptor.size });
    };
    const watched = observed(source, { begin, passed });
    if (isLent(source) && kept === undefined) lent(watched);
    await this.#to.push(descriptor, watched, { ...this.#signal, ...this.#mountFrom });
    this.#tell(descriptor, outcome);
  }

  #tell(descriptor: Descriptor, outcome: NonNullable<CopyProgress["outcome"]>): void {
    const { size: total } = descriptor;
    this.#options.onProgress?.({ descriptor, bytes: outcome === "copied" ? total : 0, total, outcome });
  }

  /** Waits for all even when one fails, so that nothing still writes after the copy has rejected. */
  async #allOf(copies: readonly Promise<void>[]): Promise<void> {
    for (const copied of copies) copied.catch(this.#onFailure);
    const failed = (await Promise.allSettled(copies)).filter((result) => result.status === "rejected");
    const first = failed.find(({ reason }) => !isSkillError(reason, "ABORTED")) ?? failed[0];
    if (first !== undefined) throw first.reason;
  }
}

function areInOneRegistry(from: Repository, to: Repository): boolean {
  const { registry } = parseReference(from.name);
  return registry !== undefined && from.name !== to.name && parseReference(to.name).registry === registry;
}
