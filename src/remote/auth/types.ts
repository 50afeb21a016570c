/** How the requests to one endpoint come by their `authorization` header. */
import type { HttpHeaders } from "../http/types.ts";
import type { Access } from "../client-types.ts";

/** What a request is about to do, as a token must allow it. */
export interface AuthScope {
  /** The repository's path at the endpoint; `undefined` for requests that concern none (`/v2/`, `_catalog`). */
  readonly repository: string | undefined;
  readonly access: Access;
  /** A repository that is read beside it (cross-repository mount). */
  readonly mountFrom?: string;
}

export interface AuthOptions {
  readonly signal?: AbortSignal;
}

/** What is known of a request that was answered with 401. */
export interface ChallengeOptions extends AuthOptions {
  /**
   * The `authorization` header that it bore: of several requests under way, only those that bore the newest token tell
   * anything about it. Default: none.
   */
  readonly sent?: string | undefined;
  /** Where the answer came from, after redirects. Default: the endpoint. */
  readonly url?: URL;
}

/** Knows what one endpoint wants to see; never hands out credentials for any other origin. */
export interface Authorizer {
  /** The value of the `authorization` header, from what was learnt so far; `undefined`: ask without. */
  header(scope: AuthScope, options?: AuthOptions): Promise<string | undefined>;
  /**
   * Learns from a 401, and tells whether asking again makes sense: it does not for the answer of another origin, of which
   * nothing is learnt. Throws `REGISTRY_UNAUTHORIZED` when credentials were refused or are missing, `RESPONSE_INVALID` for
   * a challenge that must not be followed. Two calls for one request are the most that can be answered with true.
   */
  challenged(scope: AuthScope, headers: HttpHeaders, options?: ChallengeOptions): Promise<boolean>;
  /** Whether a text from the network repeats a credential or token of this endpoint, and so must not be shown. */
  hasSecret(text: string): boolean;
}
