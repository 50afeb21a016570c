/** An upload that a registry has begun for us: where it goes on, how far it is, how it ends. */
import { SkillError } from "../errors.ts";
import type { Content } from "../content/index.ts";
import type { Digest } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RegistryResponse } from "./client-types.ts";
import { checkDigestHeader } from "./manifests.ts";
import { sleep } from "./pause.ts";
import { hasStatus } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** Milliseconds that the end of an abandoned upload may take. */
const ABANDON_WITHIN = 2000;
/** Milliseconds after which a registry is asked again that still works on what came last. */
const BUSY_FOR = 50;
const OCTETS = { "content-type": "application/octet-stream" };

/** The most bytes of a chunk that a registry can ask for: chunks are held in memory, several at a time. */
const LARGEST_CHUNK = 64 * 1024 * 1024;

/** Bytes at a position of the blob, as many as `length` says; `undefined`: it shows when they end. */
export interface Piece {
  readonly body: Uint8Array | Content;
  readonly start: number;
  readonly length: number | undefined;
}

/** OCI distribution-spec "Pushing blobs". Every method throws what the registry answers. */
export class UploadSession {
  readonly #repository: RepositoryClient;
  readonly #options: OperationOptions;
  /** The least bytes of a chunk that is not the last, at most 64 MiB. */
  readonly minChunk: number;
  #location: URL;

  private constructor(repository: RepositoryClient, response: RegistryResponse, options: OperationOptions) {
    this.#repository = repository;
    this.#options = options;
    this.#location = locationOf(repository, response);
    const least = response.headers["oci-chunk-min-length"] ?? "0";
    this.minChunk = /^[0-9]{1,9}$/.test(least) ? Math.min(Number(least), LARGEST_CHUNK) : 0;
  }

  static async begin(repository: RepositoryClient, options: OperationOptions): Promise<UploadSession> {
    const response = await repository.request({
      method: "POST",
      path: "blobs/uploads/",
      access: "push",
      doing: "begin an upload",
      expect: [202],
      ...options,
    });
    await response.discard();
    return new UploadSession(repository, response, options);
  }

  /**
   * Sends a whole blob in one request. False: the registry began an upload instead, which is given up, as nobody knows what it
   * made of the bytes. `isRepeatable`: whether it is sent again after a failure that may pass. OCI distribution-spec "Single POST".
   */
  static async whole(
    repository: RepositoryClient,
    digest: Digest,
    bytes: Uint8Array,
    { isRepeatable, ...options }: OperationOptions & { readonly isRepeatable: boolean },
  ): Promise<boolean> {
    const response = await repository.request({
      method: "POST",
      path: "blobs/uploads/",
      query: { digest },
      headers: OCTETS,
      body: bytes,
      access: "push",
      doing: `store ${digest}`,
      expect: [201, 202],
      isRepeatable,
      ...options,
    });
    await response.discard();
    if (response.status === 202) {
      await new UploadSession(repository, response, options).abandon();
      return false;
    }
    checkDigestHeader(repository, response, digest);
    return true;
  }

  /**
   * Asks the registry to take a blob over from another repository, by its path there, or from this one. "mounted": done. Otherwise it is to be
   * sent: in the session that the registry began instead, or, where it refused, in one yet to begin.
   * OCI distribution-spec "Mounting a blob from another repository".
   */
  static async mount(
    repository: RepositoryClient,
    digest: Digest,
    from: string,
    options: OperationOptions,
  ): Promise<"mounted" | UploadSession | undefined> {
    try {
      const response = await repository.request({
        method: "POST",
        path: "blobs/uploads/",
        query: { mount: digest, from },
        access: "push",
        ...(from === repository.path ? {} : { mountFrom: from }),
        doing: `take ${digest} over from ${from}`,
        expect: [201, 202],
        ...options,
      });
      await response.discard();
      if (response.status === 201) return "mounted";
      return new UploadSession(repository, response, options);
    } catch (error) {
      if (error instanceof SkillError && REFUSALS.has(error.code)) return undefined;
      throw error;
    }
  }

  /** Sends bytes. A stream goes out as one request, without saying where it belongs unless it goes on after others. */
  async send({ body, start, length }: Piece): Promise<void> {
    const isChunk = body instanceof Uint8Array || start > 0;
    const ranged = isChunk && length !== undefined;
    const response = await this.#repository.request({
      method: "PATCH",
      path: this.#location,
      headers: {
        ...OCTETS,
        ...(length === undefined ? {} : { "content-length": String(length) }),
        ...(ranged ? { "content-range": `${start}-${start + length - 1}` } : {}),
      },
      body,
      access: "push",
      doing: "send a blob",
      expect: [202, 201, 204],
      ...this.#options,
    });
    await response.discard();
    this.#location = locationOf(this.#repository, response);
  }

  /** How many bytes have arrived; `undefined` when the registry knows nothing of this upload any more. */
  async held(options: OperationOptions = this.#options): Promise<number | undefined> {
    const response = await this.#repository.request({
      method: "GET",
      path: this.#location,
      access: "push",
      doing: "ask how far an upload is",
      expect: [204, 200, 202, 404],
      ...options,
    });
    await response.discard();
    if (response.status === 404) return undefined;
    if (response.headers["location"] !== undefined) this.#location = locationOf(this.#repository, response);
    const end = /^(?:bytes=)?0-([0-9]{1,15})$/.exec(response.headers["range"] ?? "")?.[1];
    // One byte and none are told in the same way; to send the first one again shows which it was.
    return end === undefined || end === "0" ? 0 : Number(end) + 1;
  }

  /** Ends the upload with its last bytes, all of them as a rule; from then on the blob is there. */
  async finish(digest: Digest, bytes: Uint8Array = new Uint8Array()): Promise<void> {
    const response = await this.#repository.request({
      method: "PUT",
      path: withDigest(this.#location, digest),
      headers: OCTETS,
      body: bytes,
      access: "push",
      doing: `store ${digest}`,
      expect: [201, 200, 204],
      ...this.#options,
    });
    await response.discard();
    checkDigestHeader(this.#repository, response, digest);
  }

  /**
   * Tells the registry that nothing more will come. Where it knows nothing of the upload under the address that we have, because
   * bytes came whose arrival it could not tell us any more, it is asked for the newest one. Best effort: never rejects, also
   * when the operation was cancelled.
   */
  async abandon(): Promise<void> {
    const signal = AbortSignal.timeout(ABANDON_WITHIN);
    try {
      if ((await this.#remove(signal)) !== 404) return;
      const known = this.#location.href;
      await this.held({ signal });
      if (this.#location.href !== known) await this.#remove(signal);
    } catch {
      // The registry forgets unfinished uploads by itself after a while.
    }
  }

  /** Resolves to the status of the answer, once the registry is done with what it had been sent. */
  async #remove(signal: AbortSignal): Promise<number> {
    for (;;) {
      const status = await this.#removeNow(signal);
      if (status !== 409) return status;
      await sleep(BUSY_FOR, signal);
    }
  }

  async #removeNow(signal: AbortSignal): Promise<number> {
    const response = await this.#repository.request({
      method: "DELETE",
      path: this.#location,
      access: "push",
      doing: "give an upload up",
      expect: [204, 200, 202, 404, 405, 409],
      signal,
    });
    await response.discard();
    return response.status;
  }
}

/** A mount that is not done is no failure: the bytes are sent instead. */
const REFUSALS: ReadonlySet<string> = new Set([
  "NOT_FOUND",
  "REGISTRY_DENIED",
  "REGISTRY_ERROR",
  "REGISTRY_UNAUTHORIZED",
  "REGISTRY_UNSUPPORTED",
  "RESPONSE_INVALID",
]);

/** Whether the registry has forgotten the upload: it was finished, or took too long. */
export function isForgotten(error: unknown): boolean {
  return hasStatus(error, 404);
}

function locationOf(repository: RepositoryClient, { headers, url }: RegistryResponse): URL {
  const { location } = headers;
  if (location !== undefined && URL.canParse(location, url.href)) return new URL(location, url);
  throw new SkillError("RESPONSE_INVALID", `${repository.name}: the registry began an upload and does not say where`, {
    hint: "Check that the address is that of a registry, and that a proxy before it passes the Location header on.",
  });
}

/** The query is left as it came: it may be signed. */
function withDigest(location: URL, digest: Digest): URL {
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
