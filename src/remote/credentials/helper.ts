/**
 * Credential helpers: programs that keep secrets in a keychain. Implements docker-credential-helpers' protocol:
 * `docker-credential-NAME get|store|erase|list`, the question on its standard input, the answer in JSON.
 *
 * What a helper says may be the secret, so no error cites it; only the first line that it writes to its standard error.
 */
import { isSkillError, SkillError } from "../../errors.ts";
import { parseStrictJson } from "../../oci/index.ts";
import { quote } from "../../text/index.ts";
import type { HelperEntry } from "./auth-file.ts";
import type { ProgramResult, RunProgram } from "./run-program.ts";
import type { Credential } from "./types.ts";

type Action = "get" | "store" | "erase" | "list";

interface HelperOptions {
  readonly signal?: AbortSignal | undefined;
}

interface GetOptions extends HelperOptions {
  /** Is told that it is not installed, which is no failure then: nothing is kept. */
  readonly onAbsent?: (() => void) | undefined;
}

const NAME = /^[A-Za-z0-9._-]+$/;
const MAX_NAME = 128;
/** The user that means that the secret is an identity token. */
const TOKEN_USER = "<token>";
/** How a helper says that it has none; part of the protocol. */
const NOT_FOUND = "credentials not found in native keychain";

/** All methods throw `CREDENTIALS_INVALID`, which names the helper, for a helper that fails, and `ABORTED`. */
export class CredentialHelper {
  /** The program, `docker-credential-NAME`. */
  readonly program: string;
  readonly #file: string;
  readonly #run: RunProgram;

  /**
   * `file` is the one that names it. Throws `CREDENTIALS_INVALID` for a name that is not a plain word: no path, no argument gets into
   * a command by it.
   */
  constructor({ helper: name, file }: Pick<HelperEntry, "helper" | "file">, run: RunProgram) {
    if (!NAME.test(name) || name.length > MAX_NAME) {
      throw new SkillError("CREDENTIALS_INVALID", `${quote(name)} is not the name of a credential helper`, {
        hint: `Correct credHelpers or credsStore in ${file}: a helper is named as in \`secretservice\`.`,
      });
    }
    this.program = `docker-credential-${name}`;
    this.#file = file;
    this.#run = run;
  }

  /** What is kept for a server; `undefined` for nothing. A helper that is not installed fails unless somebody listens to that. */
  async get(server: string, { onAbsent, ...options }: GetOptions): Promise<Credential | undefined> {
    const result = await this.#run(this.program, "get", server, options);
    if (result.status === "absent" && onAbsent !== undefined) {
      onAbsent();
      return undefined;
    }
    if (saysNotFound(result)) return undefined;
    const { Username: username, Secret: secret } = this.#read("get", this.#check("get", result));
    if (typeof username !== "string" || typeof secret !== "string")
      throw this.#failure("get", "its answer holds no credential");
    if (username === TOKEN_USER) return { kind: "identity-token", token: secret };
    return username === "" && secret === "" ? undefined : { kind: "basic", username, password: secret };
  }

  async store(server: string, { username, password }: Extract<Credential, { kind: "basic" }>, options?: HelperOptions) {
    const input = JSON.stringify({ ServerURL: server, Username: username, Secret: password });
    this.#check("store", await this.#run(this.program, "store", input, options));
  }

  /** Whether there was something to erase. */
  async erase(server: string, options?: HelperOptions): Promise<boolean> {
    const result = await this.#run(this.program, "erase", server, options);
    if (saysNotFound(result)) return false;
    this.#check("erase", result);
    return true;
  }

  /** The servers for which something is kept; `undefined` when it cannot say, as not all helpers can. */
  async list(options?: HelperOptions): Promise<readonly string[] | undefined> {
    const result = await this.#run(this.program, "list", "unused", options);
    return result.status === 0 ? Object.keys(this.#read("list", result)) : undefined;
  }

  #check(action: Action, result: ProgramResult): ProgramResult {
    const { status } = result;
    if (status === 0) return result;
    if (status === "absent") throw this.#failure(action, "it is not installed, or may not be run");
    if (status === "silent") throw this.#failure(action, "it did not end in time");
    if (status === "loud") throw this.#failure(action, "it said more than a helper has to say");
    if (status === "failed") throw this.#failure(action, "it could not be started, or was killed");
    // What is to be stored was told to it, and it may repeat that.
    const [line = ""] = action === "store" ? [] : result.stderr.trim().split("\n");
    throw this.#failure(action, `it ended with status ${status}${line === "" ? "" : `: ${quote(line)}`}`);
  }

  #read(action: Action, { stdout }: ProgramResult): Readonly<Record<string, unknown>> {
    let answer: unknown;
    try {
      answer = parseStrictJson(Buffer.from(stdout));
    } catch (error) {
      if (!isSkillError(error, "JSON_INVALID")) throw error;
    }
    if (typeof answer === "object" && answer !== null) return answer as Record<string, unknown>;
    throw this.#failure(action, "its answer is not a JSON object");
  }

  #failure(action: Action, problem: string): SkillError {
    return new SkillError(
      "CREDENTIALS_INVALID",
      `the credential helper ${this.program} failed to ${action}: ${problem}`,
      {
        hint: `Run ${this.program} by hand to see why, or take it out of ${this.#file} and log in again.`,
      },
    );
  }
}

function saysNotFound({ status, stdout, stderr }: ProgramResult): boolean {
  return typeof status === "number" && status !== 0 && `${stdout}${stderr}`.includes(NOT_FOUND);
}
