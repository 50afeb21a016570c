/**
 * Where a registry asks others: who may do what (access), which manifests are welcome (admission), and who keeps the
 * record (audit). The HTTP part calls these and knows no rule; the rules know no HTTP beyond a request's headers.
 */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";

import type { Content } from "../content/index.ts";
import type { Descriptor, Digest, Index, Manifest } from "../oci/index.ts";
import type { OciCode } from "./refusal.ts";
import type { StoredManifest } from "./storage/types.ts";

export { RegistryRefusal, type OciCode } from "./refusal.ts";

export type Action = "pull" | "push" | "delete";

export type Role = "reader" | "author" | "approver" | "admin" | "mirror";

/** Who asks, as access found out. */
export interface Identity {
  /** `undefined`: anonymous. */
  readonly name: string | undefined;
  readonly roles: (repository: string) => ReadonlySet<Role>;
  /** Whether this is the name of somebody who can log in. Left out where nobody does. */
  readonly knows?: (name: string) => Promise<boolean>;
}

export interface AccessRequest {
  /** `undefined`: the registry as a whole, `/v2/` and `/v2/_catalog`. */
  readonly repository: string | undefined;
  readonly action: Action;
  /** Only to tell that the repository is there, in the catalog. Default: false. */
  readonly isListing?: boolean;
  readonly headers: IncomingHttpHeaders;
}

/** Decides who asks and whether they may. */
export interface AccessControl {
  /**
   * From the request's headers; nothing but those and `request.socket` may be used. Throws a {@link RegistryRefusal}: 401
   * with its challenge (`WWW-Authenticate`) for credentials that are not accepted, 429 for who asks too often.
   */
  identify(request: IncomingMessage): Promise<Identity>;
  /** Throws a {@link RegistryRefusal}: 401 with its challenge for anonymous, otherwise 403 `DENIED`. */
  authorize(identity: Identity, request: AccessRequest): Promise<void>;
}

/** A manifest as it is held. */
export interface HeldManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly parsed: Manifest | Index;
}

interface ChangeBase {
  readonly repository: string;
  readonly identity: Identity;
}

/** A manifest comes in, under a tag or by its digest alone. All that it refers to is in the repository. */
export interface PutChange extends ChangeBase {
  readonly kind: "put";
  readonly manifest: HeldManifest;
  /** `undefined` when it is pushed by digest. */
  readonly tag: string | undefined;
  /** What the tag names now; `undefined` when nothing (or there is no tag). */
  readonly current: HeldManifest | undefined;
  /** Whether the tag names something that a disk has damaged, and nobody knows what. */
  readonly isTagDamaged?: boolean;
}

/** A tag goes, the manifest stays. */
export interface UntagChange extends ChangeBase {
  readonly kind: "untag";
  readonly tag: string;
  /** What it names now. */
  readonly current: HeldManifest;
}

/** A manifest goes, and with it every tag that names it. */
export interface DeleteChange extends ChangeBase {
  readonly kind: "delete";
  readonly current: HeldManifest;
  /** The tags that go with it. */
  readonly tags: readonly string[];
}

export type ManifestChange = PutChange | UntagChange | DeleteChange;

/** What a rule may look at: the repository as it is, and stays while the change is reviewed. */
export interface AdmissionContext {
  /** The repository's full name. */
  readonly repository: string;
  /** `undefined` when the repository does not hold it. */
  manifest(digest: Digest): Promise<HeldManifest | undefined>;
  /** What a tag names. */
  tag(name: string): Promise<Digest | undefined>;
  /** All tags, in byte order. */
  tags(): AsyncIterable<string>;
  /** All manifests that the repository holds but those for which `unless` holds, also those that nothing names, in no order. */
  manifests(
    unless?: (digest: Digest) => boolean,
  ): AsyncIterable<StoredManifest & { readonly references: readonly Digest[] }>;
  /** The manifests whose subject is `digest`, which need not be there itself. `descriptor` has `artifactType` and `annotations`. */
  referrers(digest: Digest): AsyncIterable<StoredManifest>;
  /** A blob that a manifest refers to, verified as it flows (`DIGEST_MISMATCH`, `SIZE_MISMATCH`). Throws `NOT_FOUND`. */
  blob(descriptor: Descriptor): Content;
  /** {@link blob} in memory. Throws a 400 `MANIFEST_INVALID` refusal when it has more than `limit` bytes. */
  readBlob(descriptor: Descriptor, limit: number): Promise<Uint8Array>;
  /** Calls `note` once the change under review has been made: never when another rule, the audit log, a quota or the storage stops it. */
  whenMade(note: () => void): void;
  /** Fires when the client is gone or the server shuts down. */
  readonly signal: AbortSignal;
}

/**
 * Called inside the repository's exclusive section before a manifest is stored, a tag moved or a tag or manifest removed,
 * with the effect resolved. Throws a {@link RegistryRefusal} to refuse it.
 */
export interface Admission {
  review(change: ManifestChange, context: AdmissionContext): Promise<void>;
}

/** A line of the record. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly requestId: string;
  /** The client's address. */
  readonly address: string | undefined;
  /** `undefined`: anonymous, or nobody we know. */
  readonly actor: string | undefined;
  readonly action: Action | "authenticate";
  readonly repository: string | undefined;
  /** The tag or digest that the request names. */
  readonly reference?: string;
  /** What is pushed, or what the removed name stood for. */
  readonly digest?: Digest;
  /** What it takes the place of. */
  readonly previous?: Digest;
  /** `allowed` is recorded before the change is made, `failed` when it then could not be made. */
  readonly outcome: "allowed" | "refused" | "failed";
  /** Of a refusal or failure. */
  readonly status?: number;
  readonly code?: OciCode;
  readonly message?: string;
  /** How many refusals of this kind it stands for, of which it is the last. Default: one. */
  readonly count?: number;
}

/** Keeps the record of every write and every refusal. */
export interface Audit {
  /** Resolves when the entry is kept. When it throws for `allowed`, the change is not made: without a record, no write. */
  record(entry: AuditEntry): Promise<void>;
}
