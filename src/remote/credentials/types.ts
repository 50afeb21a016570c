/** What a registry wants to know of whoever calls it. */

/** A user's own secret for a registry: a password, or the identity token of the OAuth2 flow. Never logged. */
export type Credential =
  | { readonly kind: "basic"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string }
  /** A bearer token that is sent as it is (`registrytoken` in an auth file). */
  | { readonly kind: "registry-token"; readonly token: string };

export interface CredentialSource {
  /**
   * The credential for a repository, by its full name (`quay.io/myorg/hello-world`), the most specific that is stored;
   * `undefined`: anonymous. Throws `CREDENTIALS_INVALID` when what is stored cannot be read.
   */
  find(repository: string, options?: { readonly signal?: AbortSignal }): Promise<Credential | undefined>;
  /** Whether somebody gives it just now, to log in: when it is refused, it is wrong. Default: false. */
  readonly isBeingTried?: boolean;
  /** Why `find` may have found nothing though there is something, and what to do about that: the begin of a sentence for a hint. */
  whyNone?(): string | undefined;
}

/** Nobody in particular. */
export const ANONYMOUS: CredentialSource = { find: async () => undefined };
