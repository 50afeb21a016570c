/** Where a call looks for credentials, and the password that is given to one. */
import type { Readable } from "node:stream";

import { SkillError } from "../errors.ts";
import type { FileCredentialsOptions } from "../remote/credentials/files.ts";
import type { Context } from "./context.ts";
import { surroundingsOf } from "./environment.ts";
import type { RegistryFlags } from "./registry-flags.ts";

/** In bytes; nobody's password or token is longer. */
const MAX_PASSWORD = 64 * 1024;

/** What the files of credentials are found by. */
export function credentialEnvironment({ environment }: Context, { authFile }: RegistryFlags): FileCredentialsOptions {
  return { ...surroundingsOf(environment), ...(authFile === undefined ? {} : { authFile }) };
}

/** All that comes in, without the line feed at its end. Throws `USAGE` when that is nothing, or no password. */
export async function readPassword(stdin: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = (): void => void stdin.destroy();
  signal.addEventListener("abort", stop);
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.byteLength;
      if (size > MAX_PASSWORD) break;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (signal.aborted) throw new SkillError("ABORTED", "the password was not given", { cause: signal.reason });
  const password = Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, "");
  if (password !== "" && size <= MAX_PASSWORD) return password;
  throw new SkillError("USAGE", password === "" ? "no password came in" : "what came in is too long for a password", {
    hint: "Pipe it in, as in skillctl login quay.io -u ada --password-stdin < password.txt",
  });
}
