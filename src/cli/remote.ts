/** The registries of a call, set up as this machine is. Their part of the program is loaded when one is needed: most calls never do. */
import type { CredentialSource } from "../remote/credentials/types.ts";
import type { RemoteStore } from "../remote/store.ts";
import type { Context } from "./context.ts";
import { surroundingsOf } from "./environment.ts";
import { FOR_MANY, type RegistryFlags } from "./registry-flags.ts";
import { VERSION } from "./version.ts";

export interface RegistriesOptions {
  /** Instead of those in files. */
  readonly credentials?: CredentialSource;
  /** The registry, or a namespace in it, whose repositories the store lists. */
  readonly registry?: string;
  /** For work on many images: more connections, unless the user says how many. */
  readonly isForMany?: boolean;
}

/** All registries as one store, whose repositories bear their registry in their name. Throws `CONFIG_INVALID`, `FILE_UNREADABLE`. */
export async function openRegistries(
  { environment, output }: Context,
  { tlsVerify, caFile, certDir, authFile, concurrency }: RegistryFlags,
  { credentials, registry, isForMany = false }: RegistriesOptions = {},
): Promise<RemoteStore> {
  const connections = concurrency ?? (isForMany ? FOR_MANY : undefined);
  const { openRemote } = await import("../remote/environment.ts");
  return openRemote(surroundingsOf(environment), {
    userAgent: `skillctl/${VERSION}`,
    ...(tlsVerify === undefined ? {} : { verifyTls: tlsVerify }),
    ...(caFile === undefined ? {} : { caFile }),
    ...(certDir === undefined ? {} : { certDir }),
    ...(authFile === undefined ? {} : { authFile }),
    ...(credentials === undefined ? {} : { credentials }),
    ...(registry === undefined ? {} : { registry }),
    ...(connections === undefined ? {} : { concurrency: connections }),
    onRequest: (event) => output.trace(() => `${event.method} ${event.url} ${event.status ?? "no answer"}`),
  });
}
