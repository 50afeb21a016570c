import type { AccessControl, Identity, Role } from "../hooks.ts";

/** What everybody may where nobody has to log in: all but bringing in what was published elsewhere. */
const ROLES: ReadonlySet<Role> = new Set<Role>(["reader", "author", "approver", "admin"]);

/**
 * Access for a registry that only its owner reaches: nobody logs in, and everybody may do what `roles` say. Default: all but
 * `mirror`, so that the rules for skills hold.
 */
export function openAccess(roles: ReadonlySet<Role> = ROLES): AccessControl {
  const everybody: Identity = { name: undefined, roles: () => roles };
  return {
    identify: async () => everybody,
    authorize: async () => undefined,
  };
}
