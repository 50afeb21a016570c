/** What a fake registry can be told to be like. Left alone it does all that OCI distribution-spec 1.1 offers. */
export interface FakeRegistryOptions {
  /** Whether it lists referrers, and says so with `OCI-Subject`. Default: true. */
  readonly referrers?: boolean;
  /** What can be deleted. Default: "all". */
  readonly deletes?: "all" | "digests" | "none";
  /** Who may do what. Default: everybody everything. */
  readonly auth?: FakeAuth;
  /** Takes content over from other repositories; "all": says so of every mount, also of content that it does not have. Default: true. */
  readonly mounts?: boolean | "all";
  /** Takes a whole blob with the request that begins an upload otherwise; false: begins one, and drops the bytes. Default: true. */
  readonly singlePost?: boolean;
  /** Honours `If-Match` and `If-None-Match` of manifests. Default: false. */
  readonly conditional?: boolean;
  /** Refuses a manifest whose blobs are absent. Default: true. */
  readonly checksBlobs?: boolean;
  /** Names the digest of a manifest in a header. Default: true. */
  readonly digestHeader?: boolean;
  /** Answers `Range` with a part. Default: true. */
  readonly ranges?: boolean;
  /** The least bytes of a chunk but the last, as `OCI-Chunk-Min-Length` says. */
  readonly minChunk?: number;
  /** The most bytes of one request's body; above it answers 413. */
  readonly maxBody?: number;
  /** The most entries of a page. Default: as many as asked for. */
  readonly pageSize?: number;
  /** PEM: speaks TLS with this certificate, and nothing else. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Rewrites the path of a Location before it is sent: to an absolute one, to another host. */
  readonly location?: (path: string) => string;
}

export interface FakeAuth {
  readonly scheme: "basic" | "bearer";
  readonly username: string;
  readonly password: string;
  /** Whether those who name nobody may read. Default: false. */
  readonly anonymousPull?: boolean;
  /** Whether tokens without the right to push are refused for repositories that are not there, as by Quay. Default: false. */
  readonly hidesAbsent?: boolean;
  /** Seconds that a bearer token lives; default: 300. */
  readonly expiresIn?: number;
}
