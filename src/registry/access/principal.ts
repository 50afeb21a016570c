import type { Action, Identity, Role } from "../hooks.ts";
import type { TokenPlace } from "./challenge.ts";
import type { GrantTable, Subject } from "./grants.ts";
import type { Scope } from "./scopes.ts";

const READER: ReadonlySet<Role> = new Set<Role>(["reader"]);
const NOBODY: ReadonlySet<Role> = new Set<Role>();

/** Somebody who asks, with what their credentials allow: all that they may do, or what a token was made for. */
export class Principal implements Identity {
  readonly name: string | undefined;
  /** How this client gets a token. */
  readonly place: TokenPlace;
  readonly #subject: Subject;
  readonly #grants: GrantTable;
  readonly #access: readonly Scope[] | undefined;
  readonly knows: (name: string) => Promise<boolean>;

  /** `access`: what the token is for; `undefined` without one. `knows`: whether somebody can log in under a name. */
  constructor(
    subject: Subject,
    grants: GrantTable,
    place: TokenPlace,
    access: readonly Scope[] | undefined,
    knows: (name: string) => Promise<boolean>,
  ) {
    this.knows = knows;
    this.name = subject.name;
    this.place = place;
    this.#subject = subject;
    this.#grants = grants;
    this.#access = access;
  }

  /** What they may do, as far as their token goes: one for pulling makes everybody a reader. */
  readonly roles = (repository: string): ReadonlySet<Role> => {
    const roles = this.#grants.rolesOf(this.#subject, repository);
    if (this.covers(repository, "push") || this.covers(repository, "delete")) return roles;
    return roles.has("reader") && this.covers(repository, "pull") ? READER : NOBODY;
  };

  /** Whether they came with a token of this registry: also those who are not logged in can have one. */
  get hasToken(): boolean {
    return this.#access !== undefined;
  }

  /** Whether the credentials are good for this, whatever the roles are. A token for the catalog is good for listing, and no more. */
  covers(repository: string, action: Action, isListing = false): boolean {
    if (this.#access === undefined) return true;
    return this.#access.some(({ type, name, actions }) =>
      type === "registry" ? isListing : name === repository && actions.includes(action),
    );
  }

  /** Whether a role of theirs allows this, whatever the token is for. */
  may(repository: string, action: Action): boolean {
    return allows(this.#grants.rolesOf(this.#subject, repository), action);
  }
}

/** Whether one of these roles allows an action at all; what it may do to skills is for the rules to say. */
export function allows(roles: ReadonlySet<Role>, action: Action): boolean {
  if (action === "pull") return roles.has("reader");
  if (action === "delete") return roles.has("author") || roles.has("approver");
  return roles.has("author") || roles.has("approver") || roles.has("mirror");
}
