/** Logging in: a credential that the registry accepts is put where docker, podman and skillctl find it. */
import { SkillError } from "../../errors.ts";
import { AuthFile, type HelperEntry } from "./auth-file.ts";
import { CredentialHelper } from "./helper.ts";
import { authFileLocations, loginLocation } from "./locations.ts";
import type { FileCredentialsOptions } from "./files.ts";
import { readAuthFile } from "./read-file.ts";
import { registryKey } from "./registry-key.ts";
import { replaceFile } from "./replace-file.ts";
import { programRunner } from "./run-program.ts";
import type { Credential } from "./types.ts";

export interface LoginRequest {
  /** `quay.io`, or a part of it, `quay.io/myorg`, which podman understands and docker does not. */
  readonly registry: string;
  readonly username: string;
  readonly password: string;
  /** Asks the registry; what it throws is thrown, and nothing is stored then. */
  readonly verify: (credential: Credential) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface LoginResult {
  /** The registry in its one spelling. */
  readonly registry: string;
  readonly username: string;
  /** A file, or the program that keeps it. */
  readonly storedIn: string;
  /** Further places that held an older credential, which would have been found first. */
  readonly renewedIn: readonly string[];
  /** Whether the password can be read in one of these files. */
  readonly isPlaintext: boolean;
}

type BasicCredential = Extract<Credential, { kind: "basic" }>;

/**
 * Verifies a credential and stores it.
 *
 * It goes to the file that is named (`authFile`, `$REGISTRY_AUTH_FILE`), else to `$DOCKER_CONFIG/config.json`, else to
 * `~/.docker/config.json`: the only file that docker reads, and one that podman reads unless another one of its own has
 * an entry for the same registry. Where such an entry exists, which podman and skillctl would find first, it is renewed too.
 * If the file names a helper (`credHelpers`, `credsStore`), that one keeps the secret, and the file only says so; podman knows
 * `credHelpers` only. Throws `CREDENTIALS_INVALID` when there is no place for it,
 * `TARGET_UNWRITABLE` when its file cannot be written, `REFERENCE_INVALID` for what is no registry.
 */
export async function login(request: LoginRequest, environment: FileCredentialsOptions): Promise<LoginResult> {
  const registry = registryKey(request.registry);
  const credential = checked(request.username, request.password);
  await request.verify(credential);
  const path = loginLocation(environment);
  if (path === undefined) {
    throw new SkillError("CREDENTIALS_INVALID", "there is no home directory in which credentials could be kept", {
      hint: "Name a file with REGISTRY_AUTH_FILE, or a directory with DOCKER_CONFIG.",
    });
  }
  const place = new Place(registry, credential, environment, request.signal);
  const main = await place.store(path);
  const renewed: StoredCredential[] = [];
  for (const ahead of await placesAhead(path, registry, environment)) renewed.push(await place.store(ahead));
  return {
    registry,
    username: credential.username,
    storedIn: main.storedIn,
    renewedIn: renewed.map(({ storedIn }) => storedIn),
    isPlaintext: [main, ...renewed].some(({ isPlaintext }) => isPlaintext),
  };
}

interface StoredCredential {
  readonly storedIn: string;
  readonly isPlaintext: boolean;
}

/** Puts one credential into files or into the keeping of the helpers that those name. */
class Place {
  readonly #registry: string;
  readonly #credential: BasicCredential;
  readonly #environment: FileCredentialsOptions;
  readonly #signal: AbortSignal | undefined;

  constructor(
    registry: string,
    credential: BasicCredential,
    environment: FileCredentialsOptions,
    signal: AbortSignal | undefined,
  ) {
    this.#registry = registry;
    this.#credential = credential;
    this.#environment = environment;
    this.#signal = signal;
  }

  async store(path: string): Promise<StoredCredential> {
    const registry = this.#registry;
    const present = await readAuthFile({ path, required: false });
    const entry = present?.helperFor(registry);
    const storedIn = entry === undefined ? path : await this.#give(entry);
    const inFile = entry === undefined ? this.#credential : undefined;
    await replaceFile(path, (text) => new AuthFile(path, text ?? "").textWith(registry, inFile));
    return { storedIn, isPlaintext: entry === undefined };
  }

  async #give(entry: HelperEntry): Promise<string> {
    const { run, variables } = this.#environment;
    const program = new CredentialHelper(entry, run ?? programRunner(variables));
    await program.store(entry.server, this.#credential, { signal: this.#signal });
    return program.program;
  }
}

/** The files with an entry for the very same registry that are asked before `path` is. */
async function placesAhead(path: string, registry: string, environment: FileCredentialsOptions): Promise<string[]> {
  const locations = authFileLocations(environment);
  const ahead = locations.slice(
    0,
    locations.findIndex((location) => location.path === path),
  );
  const files = await Promise.all(ahead.map(async (location) => readAuthFile(location)));
  return files.flatMap((file) => (file?.has(registry) === true ? [file.path] : []));
}

/** RFC 7617, section 2: a user without a colon, and neither with control characters. */
function checked(username: string, password: string): BasicCredential {
  const problem =
    username === ""
      ? "the user name is empty"
      : password === ""
        ? "the password is empty"
        : username.includes(":")
          ? "the user name holds a colon"
          : /\p{Cc}/u.test(username + password)
            ? "the user name or password holds a control character"
            : undefined;
  if (problem === undefined) return { kind: "basic", username, password };
  throw new SkillError("CREDENTIALS_INVALID", `no registry can be logged in to like this: ${problem}`, {
    hint: "Check what was typed or piped in; a password is one line.",
  });
}
