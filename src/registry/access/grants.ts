/**
 * Who has which role where.
 *
 * Roles are given by namespace, the first part of a repository's name. Of all namespaces that a repository lies in, the longest
 * decides, alone: so a namespace with its own list is closed to everybody who is not on it, whatever wider ones say.
 */
import { SkillError } from "../../errors.ts";
import { isRepositoryPath } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import type { Role } from "../hooks.ts";

/** Everybody whom this registry lets in, or, where it is open to all, everybody at all. Those who are not logged in can only be readers. */
export const ANYONE = "@anyone";
/** Everybody of the password file, and robots. Not those whom an identity provider vouches for: of a public one, that is the world. */
export const USERS = "@users";
/** Before the name of an identity provider: everybody whom it vouches for. */
export const PROVIDER = "@provider:";
/** Before the name of a group, which an identity provider vouches for. */
export const GROUP = "@group:";

/** Names, {@link ANYONE}, {@link USERS}, `@provider:NAME` and `@group:NAME`, by role. */
export type NamespaceGrants = Readonly<Partial<Record<Role, readonly string[]>>>;
/** By namespace; the empty one is the whole registry. */
export type Grants = Readonly<Record<string, NamespaceGrants>>;

/** As far as grants concern them. `name` is `undefined` for those who are not logged in. */
export interface Subject {
  readonly name: string | undefined;
  readonly groups: readonly string[];
  /** The name of the identity provider that vouches for them; left out for users and robots of this registry. */
  readonly provider?: string;
}

/** What a role includes beside itself. `mirror` is in none: it brings in what was never judged here. */
const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  reader: [],
  author: ["reader"],
  approver: ["reader"],
  mirror: ["reader"],
  admin: ["reader", "author", "approver"],
};
const ROLES = Object.keys(INCLUDES) as readonly Role[];
const NOBODY: ReadonlySet<Role> = new Set();
const READER: ReadonlySet<Role> = new Set<Role>(["reader"]);

export class GrantTable {
  readonly #namespaces: ReadonlyMap<string, ReadonlyMap<Role, ReadonlySet<string>>>;
  readonly #isOpen: boolean;

  /** `anonymous`: whether those who are not logged in have any role at all. Throws `CONFIG_INVALID` for a namespace or role that cannot be one. */
  constructor(grants: Grants, { anonymous }: { readonly anonymous: boolean }) {
    this.#isOpen = anonymous;
    this.#namespaces = new Map(Object.entries(grants).map(([name, roles]) => [checkNamespace(name), readRoles(roles)]));
  }

  /** The roles that `subject` has in a repository, with those that they include. */
  rolesOf({ name, groups, provider }: Subject, repository: string): ReadonlySet<Role> {
    const grants = this.#deciding(repository);
    if (grants === undefined) return NOBODY;
    const open = this.#isOpen && grants.get("reader")?.has(ANYONE) === true ? READER : NOBODY;
    if (name === undefined) return open;
    const own = provider === undefined ? [ANYONE, USERS] : [PROVIDER + provider];
    const marks = [name, ...own, ...groups.map((group) => GROUP + group)];
    const roles = [...grants].flatMap(([role, subjects]) =>
      marks.some((mark) => subjects.has(mark)) ? [role, ...INCLUDES[role]] : [],
    );
    return new Set([...open, ...roles]);
  }

  #deciding(repository: string): ReadonlyMap<Role, ReadonlySet<string>> | undefined {
    for (let name = repository; name !== ""; name = name.slice(0, Math.max(name.lastIndexOf("/"), 0))) {
      const found = this.#namespaces.get(name);
      if (found !== undefined) return found;
    }
    return this.#namespaces.get("");
  }
}

/** Throws `CONFIG_INVALID` for what no repository's name begins with. */
export function checkNamespace(name: string): string {
  if (name === "" || isRepositoryPath(name)) return name;
  throw new SkillError("CONFIG_INVALID", `${quote(name)} is not a namespace`, {
    hint: 'Write the beginning of a repository\'s name, without a slash at its end, as in myorg/team; "" is the whole registry.',
  });
}

function readRoles(roles: NamespaceGrants): ReadonlyMap<Role, ReadonlySet<string>> {
  return new Map(
    Object.entries(roles).map(([role, subjects]) => {
      if (isRole(role)) return [role, new Set(subjects.map(checkSubject))];
      throw new SkillError("CONFIG_INVALID", `${quote(role)} is not a role`, {
        hint: `The roles are ${ROLES.join(", ")}.`,
      });
    }),
  );
}

/** A name that is misspelt gives nobody a role; a mark that is, would look as if it did. */
export function checkSubject(subject: string): string {
  const isMark = subject === ANYONE || subject === USERS;
  const isNamed = [PROVIDER, GROUP].some((mark) => subject.startsWith(mark) && subject.length > mark.length);
  if (isMark || isNamed || (subject !== "" && !subject.startsWith("@"))) return subject;
  throw new SkillError("CONFIG_INVALID", `${quote(subject)} is nobody who can have a role`, {
    hint: "Write a name, @anyone, @users, @provider:NAME or @group:NAME.",
  });
}

function isRole(text: string): text is Role {
  return Object.hasOwn(INCLUDES, text);
}
