/** Logging out: a credential is taken out of every place where it is found. */
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import { AuthFile, type HelperEntry } from "./auth-file.ts";
import { canonicalKey } from "./auth-keys.ts";
import type { FileCredentialsOptions } from "./files.ts";
import { CredentialHelper } from "./helper.ts";
import { authFileLocations, type AuthFileLocation } from "./locations.ts";
import { readAuthFile } from "./read-file.ts";
import { registryKey } from "./registry-key.ts";
import { replaceFile } from "./replace-file.ts";
import { programRunner } from "./run-program.ts";

export interface LogoutResult {
  /** The registry in its one spelling. */
  readonly registry: string;
  /** Files and programs that had it; none when nobody was logged in. */
  readonly removedFrom: readonly string[];
}

export interface LogoutOptions {
  readonly signal?: AbortSignal;
}

/**
 * Forgets the credential of a registry (`quay.io`) or of a part of one (`quay.io/myorg`), and of that alone, in all files that
 * are asked for it and the helpers that those name. Where one place fails the others are still cleared, and then
 * `CREDENTIALS_INVALID` or `TARGET_UNWRITABLE` says which one keeps it. Throws `REFERENCE_INVALID` for what is no registry.
 */
export async function logout(
  registry: string,
  environment: FileCredentialsOptions,
  options: LogoutOptions = {},
): Promise<LogoutResult> {
  const key = registryKey(registry);
  const removedFrom = new Set<string>();
  const failures: unknown[] = [];
  for (const location of authFileLocations(environment)) {
    for (const forget of [forgetInHelpers, forgetInFile]) {
      try {
        for (const place of await forget(key, location, environment, options)) removedFrom.add(place);
      } catch (error) {
        failures.push(error);
      }
    }
  }
  const [failure] = failures;
  if (failure === undefined) return { registry: key, removedFrom: [...removedFrom] };
  throw failure instanceof SkillError && failure.code !== "ABORTED" ? incomplete(key, failure, removedFrom) : failure;
}

async function forgetInFile(key: string, location: AuthFileLocation): Promise<readonly string[]> {
  const { path } = location;
  if ((await readAuthFile(location))?.has(key) !== true) return [];
  const isWritten = await replaceFile(path, (text) => {
    const file = new AuthFile(path, text ?? "");
    return file.has(key) ? file.textWithout(key) : undefined;
  });
  return isWritten ? [path] : [];
}

async function forgetInHelpers(
  key: string,
  location: AuthFileLocation,
  { run, variables }: FileCredentialsOptions,
  options: LogoutOptions,
): Promise<readonly string[]> {
  const removedFrom: string[] = [];
  for (const entry of (await readAuthFile(location))?.helpersOf(key) ?? []) {
    const helper = new CredentialHelper(entry, run ?? programRunner(variables));
    for (const server of await serversOf(helper, key, entry, options)) {
      if (await helper.erase(server, options)) removedFrom.push(helper.program);
    }
  }
  return removedFrom;
}

/**
 * What the helper calls the registry, by its own list; if it has none, what the file says that it keeps. A list may leave out
 * what the helper has all the same.
 */
async function serversOf(
  helper: CredentialHelper,
  key: string,
  { server, isCertain }: HelperEntry,
  options: LogoutOptions,
): Promise<readonly string[]> {
  const listed = await helper.list(options);
  if (listed === undefined) return isCertain ? [server] : [];
  const found = listed.filter((each) => canonicalKey(each) === key);
  if (found.length > 0) return found;
  return (await helper.get(server, { ...options, onAbsent: () => {} })) === undefined ? [] : [server];
}

function incomplete(key: string, failure: SkillError, removedFrom: ReadonlySet<string>): SkillError {
  const done = removedFrom.size === 0 ? "" : `; it was removed from ${[...removedFrom].join(", ")}`;
  return new SkillError(
    failure.code,
    `the credential of ${quote(key)} may still be stored: ${failure.message}${done}`,
    {
      ...(failure.hint === undefined ? {} : { hint: failure.hint }),
      cause: failure,
    },
  );
}
