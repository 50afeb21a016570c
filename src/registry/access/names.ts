/**
 * Names of those who ask, so that nobody can be taken for somebody else: a plain name is a user of the password file, one with a `+`
 * is a robot (`robot+ci`) or comes from an identity provider (`oidc+alice`).
 */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";

/** The user name with which an OIDC token is given as a password. */
export const OIDC_USER = "oidc";
const ROBOT = "robot";
const PREFIX = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Whether a user of the password file may not be called so. */
export function isReservedName(name: string): boolean {
  return name === OIDC_USER || name.includes("+") || name.startsWith("@");
}

/** The full name of a robot, with which it logs in. Throws `USAGE` for a name that is not of lower-case letters, digits and dashes. */
export function robotName(name: string): string {
  if (PREFIX.test(name) && name.length <= 64) return `${ROBOT}+${name}`;
  throw new SkillError("USAGE", `${quote(name)} is not a name for a robot token`, {
    hint: "Use lower-case letters, digits and dashes, at most 64, as in ci-deploy.",
  });
}

/** Whether a user name is that of a robot. */
export function isRobotName(name: string): boolean {
  return name.startsWith(`${ROBOT}+`);
}

/** Whether an identity provider may be called so: the first part of the names of those that it vouches for. */
export function isProviderName(name: string): boolean {
  return PREFIX.test(name) && name.length <= 64 && name !== ROBOT;
}

/** The full name of somebody whom an identity provider vouches for. */
export function providedName(provider: string, name: string): string {
  return `${provider}+${name}`;
}
