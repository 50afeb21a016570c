/** Logging out everywhere. */
import type { FileCredentialsOptions } from "./files.ts";
import { authFileLocations } from "./locations.ts";
import { logout, type LogoutOptions, type LogoutResult } from "./logout.ts";
import { readAuthFile } from "./read-file.ts";

/**
 * {@link logout} of every registry that the files name. What a keychain holds for registries that no file names is left
 * alone: somebody else may have put it there.
 */
export async function logoutAll(
  environment: FileCredentialsOptions,
  options: LogoutOptions = {},
): Promise<readonly LogoutResult[]> {
  const files = await Promise.all(authFileLocations(environment).map(async (location) => readAuthFile(location)));
  const registries = new Set(files.flatMap((file) => file?.keys ?? []));
  const results: LogoutResult[] = [];
  for (const registry of registries) results.push(await logout(registry, environment, options));
  return results;
}
