/** What all parts of the API work with. */
import { randomUUID } from "node:crypto";

import { isSkillError } from "../../errors.ts";
import { RegistryEvents, type RegistryEvent } from "../events.ts";
import type { AccessControl, Action, AuditEntry, Identity } from "../hooks.ts";
import { RegistryRefusal } from "../refusal.ts";
import { checkRoom, quotasOf, type Quota } from "../storage/quota.ts";
import type { RegistryStorage, RepositoryMetadata } from "../storage/types.ts";
import { CLIENT_GONE } from "./answer-errors.ts";
import { BlobCache } from "./blob-cache.ts";
import type { Exchange } from "./exchange.ts";
import { DEFAULT_LIMITS, type RegistryLimits } from "./limits.ts";
import type { RegistryOptions } from "./options.ts";
import { Recently } from "./recently.ts";
import type { Route } from "./route.ts";
import { UploadCensus } from "./upload-census.ts";
import { Warnings } from "./warnings.ts";

const CACHE_SIZE = 32 * 1024 * 1024;
/** Milliseconds for which what was touched is not touched again, and which part of the collector's grace period at most. */
const KEPT_FOR = 60_000;
const PART_OF_GRACE = 1 / 4;

/** An event without what every event bears. */
export type Told<E extends RegistryEvent = RegistryEvent> = E extends RegistryEvent
  ? Omit<E, "id" | "time" | "requestId" | "actor">
  : never;

export class Desk {
  readonly options: RegistryOptions;
  readonly storage: RegistryStorage;
  readonly access: AccessControl;
  readonly limits: RegistryLimits;
  readonly quotas: readonly Quota[];
  readonly events: RegistryEvents;
  readonly cache: BlobCache;
  readonly warnings = new Warnings();
  readonly census: UploadCensus;
  /** Blobs of repositories, as `name@digest`, that were kept from the collector a moment ago. */
  readonly kept: Recently;
  readonly now: () => number;

  constructor(options: RegistryOptions) {
    this.options = options;
    this.storage = options.storage;
    this.access = options.access ?? EVERYBODY_EVERYTHING;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.quotas = options.quotas ?? [];
    this.events = options.events ?? new RegistryEvents();
    this.cache = new BlobCache(options.cacheSize ?? CACHE_SIZE);
    this.now = options.now ?? Date.now;
    const { grace = Infinity } = options;
    this.kept = new Recently(Math.min(KEPT_FOR, grace * PART_OF_GRACE), this.now);
    this.census = new UploadCensus(this.storage.blobs.uploads, this.now);
  }

  repository(name: string): RepositoryMetadata {
    return this.storage.metadata.repository(name);
  }

  /** Whether the client may read a repository other than the one that its request names; `isListing`: learn that it is there. */
  async mayRead({ identity, headers }: Exchange, repository: string, isListing = false): Promise<boolean> {
    try {
      await this.access.authorize(identity, { repository, action: "pull", isListing, headers });
      return true;
    } catch (error) {
      if (error instanceof RegistryRefusal && (error.status === 401 || error.status === 403)) return false;
      throw error;
    }
  }

  /**
   * Refuses so many bytes before they are sent; whether there is room for them is decided when they are stored. Throws
   * `QUOTA_EXCEEDED`, and a 503 refusal when nobody can tell.
   */
  async checkQuota(repository: string, bytes: number): Promise<void> {
    const { metadata } = this.storage;
    for (const quota of quotasOf(repository, this.quotas)) {
      const check = async (fresh: boolean): Promise<void> =>
        checkRoom(quota, await metadata.usage(quota.namespace, { fresh }), { bytes, manifests: 0 });
      try {
        await check(false).catch(async (error: unknown) => {
          if (!isSkillError(error, "QUOTA_EXCEEDED")) throw error;
          await check(true);
        });
      } catch (cause) {
        if (isSkillError(cause, "QUOTA_EXCEEDED")) throw cause;
        const headers = { "Retry-After": "5" };
        throw new RegistryRefusal(503, "UNKNOWN", `nobody can tell how much room ${repository} has`, {
          cause,
          headers,
        });
      }
    }
  }

  /** Puts a change on record before it is made; throws where there can be no record. */
  async recordAllowed(exchange: Exchange, entry: Omit<AuditEntry, keyof Asker | "outcome">): Promise<void> {
    await this.options.audit?.record({ ...this.#asker(exchange), ...entry, outcome: "allowed" });
  }

  /** Puts a refusal, or a change that failed, on record. A client that is merely told what is not there is no matter of record. */
  async recordRefusal(
    exchange: Exchange,
    route: Route | undefined,
    action: Action,
    { status, ociCode: code, message }: RegistryRefusal,
  ): Promise<void> {
    const { audit } = this.options;
    const isWrite = action !== "pull";
    const isAbsent = (status === 404 && code !== "MANIFEST_BLOB_UNKNOWN") || status === 416;
    const isMatter = isWrite ? !isAbsent : status === 401 || status === 403 || status === 429;
    if (audit === undefined || !isMatter) return;
    const repository = route !== undefined && "repository" in route ? route.repository : undefined;
    const reference = route?.kind === "manifest" ? (route.reference.tag ?? route.reference.digest) : undefined;
    const outcome = status >= 500 || status === CLIENT_GONE ? "failed" : "refused";
    try {
      await audit.record({
        ...this.#asker(exchange),
        action: status === 401 ? "authenticate" : action,
        repository,
        ...(reference === undefined ? {} : { reference }),
        outcome,
        status,
        code,
        message,
      });
    } catch (error) {
      this.options.log?.({ message: "a refusal could not be recorded", requestId: exchange.requestId, error });
    }
  }

  tell({ requestId, identity }: Exchange, event: Told): void {
    this.events.emit({ id: randomUUID(), time: this.now(), requestId, actor: identity.name, ...event });
  }

  #asker({ requestId, address, identity }: Exchange): Asker {
    return { time: this.now(), requestId, address, actor: identity.name };
  }
}

type Asker = Pick<AuditEntry, "time" | "requestId" | "address" | "actor">;

const ALL_ROLES = new Set(["reader", "author", "approver", "admin", "mirror"] as const);
const EVERYBODY: Identity = { name: undefined, roles: () => ALL_ROLES };
const EVERYBODY_EVERYTHING: AccessControl = {
  identify: async () => EVERYBODY,
  authorize: async () => undefined,
};
