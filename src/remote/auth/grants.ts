/**
 * The tokens that an endpoint gave, and what each was asked to allow.
 *
 * A token is kept after it was refused or ran out, for a while: when the answers to several requests under way arrive, it
 * must still be known which of them bore it.
 */
import type { Scopes } from "./scopes.ts";

export interface Grant {
  readonly token: string;
  readonly asked: Scopes;
  /** The token server and service that gave it. */
  readonly source: string;
  /** In milliseconds since 1970. */
  readonly obtained: number;
  readonly expires: number;
  /** Fetched because the one before was refused at once: there is no third. */
  readonly isLast: boolean;
  isRefused: boolean;
  /** How many requests have borne it. */
  uses: number;
}

/** For one repository, and for requests that concern none. */
const MAX_GRANTS = 8;
const MAX_REPOSITORIES = 1000;

export class Grants {
  readonly #byRepository = new Map<string, Grant[]>();

  /** A token that serves now for what is wanted, the newest first. */
  usable(repository: string | undefined, wanted: Scopes, now: number): Grant | undefined {
    return this.#of(repository).find(
      (grant) => !grant.isRefused && now < grant.expires && grant.asked.includes(wanted),
    );
  }

  /** The grant of a token that was sent. */
  find(repository: string | undefined, token: string): Grant | undefined {
    return this.#of(repository).find((grant) => grant.token === token);
  }

  /** Every token that is remembered. */
  *tokens(): Generator<string, void, undefined> {
    for (const grants of this.#byRepository.values()) for (const { token } of grants) yield token;
  }

  add(repository: string | undefined, grant: Grant): void {
    const key = keyOf(repository);
    const others = this.#of(repository).filter((each) => each.token !== grant.token);
    this.#byRepository.delete(key);
    this.#byRepository.set(key, [grant, ...others].slice(0, MAX_GRANTS));
    const [oldest] = this.#byRepository.keys();
    if (oldest !== undefined && this.#byRepository.size > MAX_REPOSITORIES) this.#byRepository.delete(oldest);
  }

  #of(repository: string | undefined): readonly Grant[] {
    return this.#byRepository.get(keyOf(repository)) ?? [];
  }
}

function keyOf(repository: string | undefined): string {
  return repository ?? "";
}
