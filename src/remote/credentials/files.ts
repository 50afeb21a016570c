/** The credentials that people already have: what docker, podman, skopeo or Kubernetes left on the machine. */
import { SharedWork } from "../auth/shared-work.ts";
import type { AuthFile, HelperEntry } from "./auth-file.ts";
import { CredentialHelper } from "./helper.ts";
import { authFileLocations, type CredentialEnvironment } from "./locations.ts";
import { readAuthFile } from "./read-file.ts";
import { programRunner, type RunProgram } from "./run-program.ts";
import type { Credential, CredentialSource } from "./types.ts";

export interface FileCredentialsOptions extends CredentialEnvironment {
  /** How helpers are run. Default: as programs of this machine. */
  readonly run?: RunProgram | undefined;
}

/**
 * Credentials from the files of {@link authFileLocations} and the helpers that those name. Nothing is read before the first
 * question, and nothing twice. Throws `CREDENTIALS_INVALID` for a file that cannot be understood, a helper that fails, and a
 * file that somebody named and that is not there; a file that nobody named may be missing or unreadable.
 */
export function fileCredentials(options: FileCredentialsOptions): CredentialSource {
  return new FileCredentials(options);
}

class FileCredentials implements CredentialSource {
  readonly #run: RunProgram;
  readonly #files: readonly (() => Promise<AuthFile | undefined>)[];
  readonly #asked = new Map<string, Credential | undefined>();
  readonly #asking = new SharedWork<Credential | undefined>();
  #absent: { readonly program: string; readonly file: string } | undefined;

  constructor(options: FileCredentialsOptions) {
    this.#run = options.run ?? programRunner(options.variables);
    this.#files = authFileLocations(options).map((location) => once(async () => readAuthFile(location)));
  }

  async find(repository: string, options: { readonly signal?: AbortSignal } = {}): Promise<Credential | undefined> {
    for (const read of this.#files) {
      for (const candidate of (await read())?.candidates(repository) ?? []) {
        const found = "helper" in candidate ? await this.#ask(candidate, options.signal) : candidate;
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  whyNone(): string | undefined {
    if (this.#absent === undefined) return undefined;
    const { program, file } = this.#absent;
    return `${program} is not installed, though ${file} names it: install it, or take it out of that file`;
  }

  async #ask(entry: HelperEntry, signal: AbortSignal | undefined): Promise<Credential | undefined> {
    const { helper, server, isCertain } = entry;
    const key = JSON.stringify([helper, server, isCertain]);
    if (this.#asked.has(key)) return this.#asked.get(key);
    const get = async (shared: AbortSignal) => {
      const program = new CredentialHelper(entry, this.#run);
      const remember = (): void => void (this.#absent ??= { program: program.program, file: entry.file });
      const found = await program.get(server, { signal: shared, onAbsent: isCertain ? undefined : remember });
      this.#asked.set(key, found);
      return found;
    };
    return this.#asking.run(key, get, signal);
  }
}

/** Does the work at the first call; all calls get its outcome. */
function once<T>(work: () => Promise<T>): () => Promise<T> {
  let outcome: Promise<T> | undefined;
  return async () => (outcome ??= work());
}
