/** What a registry calls whoever has a credential. */
import type { Credential } from "./types.ts";

/** User names that say what the password is, and nothing of whose it is. */
const PLACEHOLDERS = new Set([
  "<token>",
  "$oauthtoken",
  "00000000-0000-0000-0000-000000000000",
  "_json_key",
  "_json_key_base64",
  "_token",
  "aws",
  "gitlab-ci-token",
  "oauth2",
  "oauth2accesstoken",
  "token",
  "unused",
  "x-access-token",
]);

/** The user name of a credential; `undefined` when it has none, or one that services give to everybody. */
export function loginName(credential: Credential | undefined): string | undefined {
  if (credential?.kind !== "basic" || credential.username === "") return undefined;
  return PLACEHOLDERS.has(credential.username.toLowerCase()) ? undefined : credential.username;
}
