/**
 * Registries as a person's machine is set up to use them: one function that puts together what the files and variables say
 * which docker, podman and skopeo read too. A program that wants none of them makes a `RemoteStore` itself.
 */
import { systemEndpoints } from "./config/endpoints.ts";
import type { Places } from "./config/places.ts";
import { fileCredentials } from "./credentials/files.ts";
import { checkAuthFile } from "./credentials/read-file.ts";
import type { CredentialSource } from "./credentials/types.ts";
import { createTransport, proxiesFrom, systemRoots } from "./http/index.ts";
import { RemoteStore, type RemoteStoreOptions } from "./store.ts";
import { HostTls } from "./tls/host-tls.ts";
import { readNamedCertificates, type CertificateOptions } from "./tls/named-certificates.ts";

/** What surrounds a call. Nothing else of the process is looked at. */
export interface RemoteEnvironment extends Places {
  /** The user's number, which names a directory below /run. Default: nothing is looked for there. */
  readonly uid?: number | undefined;
  /** Default: this one. */
  readonly platform?: NodeJS.Platform | undefined;
}

export interface RemoteOptions
  extends CertificateOptions, Pick<RemoteStoreOptions, "registry" | "concurrency" | "onRequest"> {
  /** The file with credentials, instead of those that are looked for. */
  readonly authFile?: string;
  /** Credentials to use, whatever is kept in files. */
  readonly credentials?: CredentialSource;
  /**
   * True insists on https and a trusted certificate everywhere; false accepts any certificate and, where a registry does not speak
   * https, plain text. Default: as registries.conf says; without a word there, true for all but this machine's own registries.
   */
  readonly verifyTls?: boolean;
  /** What to call ourselves, as in `skillimage/1.2.3`. */
  readonly userAgent?: string;
}

/**
 * All registries as one store. Proxies, trusted authorities, credentials, mirrors and rules come from the environment;
 * docs/registries-conf.md lists which files and keys count. Throws `CONFIG_INVALID` for the files that `options` names, and
 * `CREDENTIALS_INVALID` for an `authFile` that is not there; what is wrong with others is told by the operation that needs them.
 */
export async function openRemote(environment: RemoteEnvironment, options: RemoteOptions = {}): Promise<RemoteStore> {
  const { variables } = environment;
  const { authFile, credentials, concurrency, onRequest, registry, userAgent, verifyTls } = options;
  if (authFile !== undefined && credentials === undefined) await checkAuthFile(authFile);
  const certificates = await readNamedCertificates(options);
  const hosts = new HostTls(verifyTls !== false);
  const endpoints = systemEndpoints(environment, {
    certificates,
    ...(verifyTls === undefined ? {} : { verifyTls }),
  });
  return new RemoteStore({
    endpoints: hosts.learnFrom(endpoints),
    credentials: credentials ?? fileCredentials({ ...environment, ...(authFile === undefined ? {} : { authFile }) }),
    transport: createTransport({
      proxies: proxiesFrom(variables),
      tls: (host) => hosts.for(host),
      roots: async () => systemRoots(variables),
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(userAgent === undefined ? {} : { userAgent }),
    }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(onRequest === undefined ? {} : { onRequest }),
    ...(registry === undefined ? {} : { registry }),
  });
}
