/**
 * What a token is asked to allow: `repository:myorg/hello-world:pull,push`.
 *
 * Scopes are compared by what they allow, not by how they are written: a token that may push serves whoever wants to pull.
 * Grammar: distribution "Token Scope Documentation".
 */
import type { Access } from "../client-types.ts";
import type { AuthScope } from "./types.ts";

const ACTIONS: Readonly<Record<Access, string>> = {
  pull: "pull",
  push: "pull,push",
  delete: "pull,push,delete",
};
/** Of the scopes that a challenge names, in characters and in number. */
const MAX_NAMED = 4096;
const MAX_SCOPES = 32;
const PRINTABLE = /^[\x21-\x7e]+$/;

/** A set of scopes; immutable. */
export class Scopes {
  /** Actions by resource, `repository:myorg/hello-world`. A scope that names no resource, `aws`, is one without actions. */
  readonly #actions: ReadonlyMap<string, ReadonlySet<string>>;

  constructor(texts: Iterable<string>) {
    const actions = new Map<string, Set<string>>();
    for (const text of texts) {
      const [resource, added] = split(text);
      const known = actions.get(resource);
      if (known === undefined) actions.set(resource, new Set(added));
      else for (const action of added) known.add(action);
    }
    this.#actions = actions;
  }

  /** One text for each resource. */
  get texts(): readonly string[] {
    return [...this.#actions].map(([resource, actions]) =>
      actions.size === 0 ? resource : `${resource}:${[...actions].join(",")}`,
    );
  }

  /** Whether all that `other` allows is allowed. */
  includes(other: Scopes): boolean {
    return [...other.#actions].every(([resource, wanted]) => {
      const actions = this.#actions.get(resource);
      return actions !== undefined && (actions.has("*") || [...wanted].every((action) => actions.has(action)));
    });
  }

  with(other: Scopes): Scopes {
    return new Scopes([...this.texts, ...other.texts]);
  }

  filter(keep: (text: string) => boolean): Scopes {
    return new Scopes(this.texts.filter(keep));
  }
}

/** What a token must allow for a request. None for a request that concerns no repository. */
export function scopesFor({ repository, access, mountFrom }: AuthScope): Scopes {
  if (repository === undefined) return new Scopes([]);
  const own = `repository:${repository}:${ACTIONS[access]}`;
  return new Scopes(mountFrom === undefined ? [own] : [own, `repository:${mountFrom}:pull`]);
}

/** The scopes that a challenge names; of more than anybody needs, only the first. */
export function namedScopes(parameter: string | undefined): Scopes {
  const texts = (parameter ?? "").slice(0, MAX_NAMED).split(" ");
  return new Scopes(texts.filter((text) => PRINTABLE.test(text)).slice(0, MAX_SCOPES));
}

/** Whether a scope is about a repository, and thus ours to name. */
export function isRepositoryScope(text: string): boolean {
  return text.startsWith("repository:");
}

/**
 * The part of `scopes` that every token server understands: some (Quay) answer 400 to any action but `pull` and `push`,
 * and to `registry:catalog:*`.
 */
export function plainScopes(scopes: Scopes): Scopes {
  const plain = scopes.texts.filter(isRepositoryScope).map((text) => {
    const [resource, actions] = split(text);
    return `${resource}:${actions.filter((action) => action === "pull" || action === "push").join(",")}`;
  });
  return new Scopes(plain);
}

/** The name of a repository may hold a colon, before a port; actions hold none. */
function split(text: string): readonly [resource: string, actions: readonly string[]] {
  const colon = text.lastIndexOf(":");
  if (colon < 0) return [text, []];
  return [text.slice(0, colon), text.slice(colon + 1).split(",")];
}
