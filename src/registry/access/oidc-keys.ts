/**
 * The keys of an identity provider, fetched from where the provider itself says, and kept.
 *
 * A token names its issuer, and only a configured issuer's keys are ever asked; nothing that stands in a token is fetched. Answers
 * are bounded, redirects are not followed, a provider that fails is not asked again at once.
 */
import { createRemoteJWKSet, customFetch, type FlattenedJWSInput, type JWTHeaderParameters } from "jose";

import { SkillError } from "../../errors.ts";
import { parseStrictJson, type JsonObject } from "../../oci/index.ts";

/** Bytes. */
const MAX_DOCUMENT = 256 * 1024;
/** Milliseconds. */
const TIMEOUT = 5000;
const KEPT = 10 * 60_000;
const COOLDOWN = 30_000;

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface OidcKeysOptions {
  readonly issuer: string;
  /** Where the keys are. Default: the issuer's configuration document says. */
  readonly jwksUri?: string;
  readonly fetch: Fetch;
  readonly now: () => number;
}

type KeySet = ReturnType<typeof createRemoteJWKSet>;

export class OidcKeys {
  readonly #options: OidcKeysOptions;
  #keys: Promise<KeySet> | undefined;
  #failed = -Infinity;

  constructor(options: OidcKeysOptions) {
    this.#options = options;
    checkUrl(options.issuer, "the issuer");
    if (options.jwksUri !== undefined) checkUrl(options.jwksUri, "the address of the keys");
  }

  /** The key that a token's header names. Rejects when there is none, or the provider cannot be asked. */
  readonly find = async (
    header: JWTHeaderParameters,
    token: FlattenedJWSInput,
  ): Promise<Awaited<ReturnType<KeySet>>> => {
    this.#keys ??= this.#locate();
    const keys = await this.#keys.catch((error: unknown) => {
      this.#keys = undefined;
      throw error;
    });
    return keys(header, token);
  };

  async #locate(): Promise<KeySet> {
    const uri = this.#options.jwksUri ?? (await this.#discover());
    return createRemoteJWKSet(new URL(uri), {
      timeoutDuration: TIMEOUT,
      cooldownDuration: COOLDOWN,
      cacheMaxAge: KEPT,
      [customFetch]: async (url, init) => Response.json(await this.#ask(url, init.signal)),
    });
  }

  /** OpenID Connect Discovery 1.0, section 4. */
  async #discover(): Promise<string> {
    const { issuer } = this.#options;
    const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const document = await this.#ask(url, AbortSignal.timeout(TIMEOUT), (found) => {
      if (found["issuer"] !== issuer) throw new Error(`${url} is the configuration of another issuer`);
      if (!isSafeUrl(found["jwks_uri"])) throw new Error(`${url} does not tell where the keys are`);
    });
    return String(document["jwks_uri"]);
  }

  /** Whatever goes wrong, a person with a token can only wait; the cause is for who runs the registry. */
  async #ask(url: string, signal: AbortSignal, check?: (document: JsonObject) => void): Promise<JsonObject> {
    const { issuer, fetch, now } = this.#options;
    const failure = (cause?: unknown): SkillError =>
      new SkillError("REGISTRY_UNREACHABLE", `the identity provider ${issuer} does not tell its keys`, { cause });
    const since = now() - this.#failed;
    if (since >= 0 && since < COOLDOWN) throw failure();
    try {
      const response = await fetch(url, { signal, redirect: "error", headers: { accept: "application/json" } });
      if (response.status !== 200) throw new Error(`${url} answered ${response.status}`);
      const document = parseStrictJson(await readBounded(response));
      if (typeof document !== "object" || document === null) throw new Error(`${url} does not answer with an object`);
      check?.(document as JsonObject);
      return document as JsonObject;
    } catch (cause) {
      this.#failed = now();
      throw failure(cause);
    }
  }
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_DOCUMENT) throw new Error(`the answer has more than ${MAX_DOCUMENT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** `https`, or plain `http` to this very machine. */
function isSafeUrl(value: unknown): value is string {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, hostname, username, password, hash } = new URL(value);
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  return (protocol === "https:" || (protocol === "http:" && isLoopback)) && username + password + hash === "";
}

function checkUrl(text: string, what: string): void {
  if (isSafeUrl(text)) return;
  throw new SkillError("CONFIG_INVALID", `${what} of an identity provider is not a https URL`, {
    hint: "Write it exactly as the provider's tokens have it, as in https://token.actions.githubusercontent.com.",
  });
}
