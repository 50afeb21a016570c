/** A request that the registry lets nobody make, or not this person: said so that they know what to do. */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import type { Credential } from "../credentials/types.ts";
import type { AuthScope } from "./types.ts";

interface Circumstances {
  /** Why there is no credential, where something is known of that; see `CredentialSource.whyNone`. */
  readonly whyNone?: string | undefined;
  /** Whether the credential is only tried; see `CredentialSource.isBeingTried`. */
  readonly isBeingTried?: boolean;
  readonly cause?: SkillError;
}

/** `REGISTRY_UNAUTHORIZED` for a request and the credential with which it was made, `undefined` for none. */
export function refused(
  registry: string,
  scope: AuthScope,
  credential: Credential | undefined,
  { whyNone, isBeingTried = false, cause }: Circumstances = {},
): SkillError {
  const options = cause === undefined ? {} : { cause };
  const purpose = purposeOf(scope);
  if (credential === undefined) {
    const login = `skillctl login ${registry}`;
    const advice = whyNone === undefined ? `Log in: ${login}` : `${whyNone}, and log in: ${login}`;
    return new SkillError(
      "REGISTRY_UNAUTHORIZED",
      `${registry} wants credentials${purpose}, and none are stored for it`,
      {
        hint: `${advice}. If it is public, check its name: many registries say so of what does not exist.`,
        ...options,
      },
    );
  }
  const hint = isBeingTried
    ? "The user name or the password is wrong. Some registries want an access token in place of the password."
    : `Log in again: skillctl login ${registry}. If the credentials are right, they lack the permission.`;
  return new SkillError("REGISTRY_UNAUTHORIZED", `${registry} refuses ${nameOf(credential)}${purpose}`, {
    hint,
    ...options,
  });
}

/** For a challenge that asks for a password where an identity token is all there is. */
export function unusable(registry: string): SkillError {
  return new SkillError(
    "REGISTRY_UNAUTHORIZED",
    `${registry} wants a password, and an identity token is stored for it`,
    {
      hint: `Log in with a user and a password or access token: skillctl login ${registry}.`,
    },
  );
}

/** For a challenge without a scheme that is known here. */
export function unknownScheme(registry: string, schemes: readonly string[]): SkillError {
  const asked = schemes.map((scheme) => quote(scheme, 40)).join(", ");
  const what = asked === "" ? "without saying how to log in" : `and asks for ${asked}, which is not known here`;
  return new SkillError("REGISTRY_UNAUTHORIZED", `${registry} answered 401 ${what}`, {
    hint: "Check the registry's address, and any proxy before it.",
  });
}

/** For a registry that took tokens and suddenly wants the password itself, as somebody in between would. */
export function downgrade(registry: string): SkillError {
  return new SkillError("RESPONSE_INVALID", `${registry} asked for a token before, and asks for a password now`, {
    hint: "Nothing was sent. Check what stands between here and the registry.",
  });
}

function nameOf(credential: Credential): string {
  if (credential.kind === "basic") return `the credentials of user ${quote(credential.username)}`;
  return credential.kind === "identity-token" ? "the stored identity token" : "the stored registry token";
}

function purposeOf({ repository, access }: AuthScope): string {
  if (repository === undefined) return "";
  const doing = { pull: "to pull", push: "to push to", delete: "to delete from" }[access];
  return ` ${doing} ${repository}`;
}
