/** What happens in a registry, told to whoever wants to know: the catalog in the same process, webhooks. */
import type { LifecycleState } from "../lifecycle/index.ts";
import type { Digest } from "../oci/index.ts";

interface Happening {
  /** Unique. */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The request that made it happen. */
  readonly requestId: string;
  readonly repository: string;
  /** Who; `undefined`: anonymous. */
  readonly actor: string | undefined;
}

/** A manifest was stored, or stored again. */
export interface PushEvent extends Happening {
  readonly kind: "push";
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** The tag that it was pushed under; `undefined`: by its digest. */
  readonly tag: string | undefined;
  readonly artifactType: string | undefined;
  /** Of a referrer. */
  readonly subject: Digest | undefined;
}

/** A tag names another manifest than before, or is new. */
export interface TagEvent extends Happening {
  readonly kind: "tag";
  readonly tag: string;
  readonly digest: Digest;
  readonly previous: Digest | undefined;
}

/** A tag was removed, on its own or with its manifest. */
export interface UntagEvent extends Happening {
  readonly kind: "untag";
  readonly tag: string;
  /** What it named. */
  readonly digest: Digest;
}

/** A manifest was removed. An `untag` for each of its tags came before. */
export interface DeleteEvent extends Happening {
  readonly kind: "delete";
  readonly digest: Digest;
}

/** A skill version went from one lifecycle state to the next: the same layers, another status. */
export interface PromoteEvent extends Happening {
  readonly kind: "promote";
  readonly version: string;
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** The image before and after. */
  readonly fromDigest: Digest;
  readonly digest: Digest;
  /** The tag after; `undefined` when archived. */
  readonly tag: string | undefined;
}

export type RegistryEvent = PushEvent | TagEvent | UntagEvent | DeleteEvent | PromoteEvent;

export type RegistryListener = (event: RegistryEvent) => void;

/** Events reach every listener in the order in which they happened in a repository, after what they tell is durable. */
export class RegistryEvents {
  readonly #listeners = new Set<RegistryListener>();
  readonly #onError: (error: unknown, event: RegistryEvent) => void;

  /** `onError` is told of listeners that throw; nobody else is harmed by them. */
  constructor(onError: (error: unknown, event: RegistryEvent) => void = () => {}) {
    this.#onError = onError;
  }

  /** Calls `listener` for every event from now on, until the returned function is called. It must not block: it is not waited for. */
  subscribe(listener: RegistryListener): () => void {
    // A listener that is given twice hears twice, and each is let go on its own.
    const entry: RegistryListener = (event) => listener(event);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  emit(event: RegistryEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onError(error, event);
      }
    }
  }
}
