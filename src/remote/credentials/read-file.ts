import { isSkillError, SkillError } from "../../errors.ts";
import { checkThere, readConfigFile } from "../config/read-file.ts";
import { AuthFile } from "./auth-file.ts";
import type { AuthFileLocation } from "./locations.ts";

/**
 * Reads an auth file of at most 1 MiB; `undefined` when there is none, or none that this user may read, unless it is
 * required. Throws `CREDENTIALS_INVALID`.
 */
export async function readAuthFile({ path, required }: AuthFileLocation): Promise<AuthFile | undefined> {
  const text = await readText(path, { required });
  return text === undefined ? undefined : new AuthFile(path, text);
}

/** The text of an auth file; see {@link readAuthFile}. */
export async function readText(path: string, options: { readonly required: boolean }): Promise<string | undefined> {
  return readConfigFile(path, options).catch(asCredentials);
}

/** Throws `CREDENTIALS_INVALID` when an auth file that somebody named is not there, though nobody may want what is in it. */
export async function checkAuthFile(path: string): Promise<void> {
  await checkThere(path).catch(asCredentials);
}

function asCredentials(error: unknown): never {
  if (!isSkillError(error, "CONFIG_INVALID")) throw error;
  const hint = "Name a file of credentials that you may read, or none: see REGISTRY_AUTH_FILE and DOCKER_CONFIG.";
  throw new SkillError("CREDENTIALS_INVALID", error.message, { hint, cause: error.cause });
}
