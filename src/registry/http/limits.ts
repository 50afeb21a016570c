/** What one client may cost. */
export interface RegistryLimits {
  /** Bytes of a manifest. Default, and at most: 4 MiB. */
  readonly manifestSize: number;
  /**
   * Values in a manifest: what it takes to read one grows with them, not with its bytes, and nobody else is answered meanwhile. An index
   * has some six for each image. Default: 50,000.
   */
  readonly manifestValues: number;
  /** Bytes of a blob. Default: 10 GiB. */
  readonly blobSize: number;
  /** Uploads that are under way in one repository. Default: 10,000. */
  readonly uploadsPerRepository: number;
  /** Uploads that are under way in all. Default: 20,000. */
  readonly uploads: number;
  /** Entries of one page of a list, however many a client asks for. Default: 10,000. */
  readonly pageSize: number;
  /** Bytes of one page of referrers. Default: 4 MiB, what clients read. */
  readonly referrersSize: number;
  /** Repositories that are asked for a blob which a client wants mounted from wherever it is. Default: 1,000. */
  readonly mountSearch: number;
  /** Milliseconds in which a client must send, or take, {@link leastProgress} bytes. Default: 60,000. */
  readonly idleTimeout: number;
  /** Bytes. Default: 1,024. */
  readonly leastProgress: number;
}

export const DEFAULT_LIMITS: RegistryLimits = {
  manifestSize: 4 * 1024 * 1024,
  manifestValues: 50_000,
  blobSize: 10 * 1024 ** 3,
  uploadsPerRepository: 10_000,
  uploads: 20_000,
  pageSize: 10_000,
  referrersSize: 4 * 1024 * 1024,
  mountSearch: 1000,
  idleTimeout: 60_000,
  leastProgress: 1024,
};
