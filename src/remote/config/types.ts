/** Where a repository's content really is, and how to speak to the hosts that have it. */
import type { TlsOptions } from "../http/types.ts";

/** A `[[registry]]` table of a registries.conf, for messages. */
export interface EndpointRule {
  readonly prefix: string;
  readonly file: string;
}

/** One place that answers for a repository: the registry itself, or a mirror of it. */
export interface Endpoint {
  /** `host` or `host:port`, as in a reference. */
  readonly registry: string;
  /** The repository's path there, without the registry. */
  readonly repository: string;
  /**
   * `https`: nothing else. `http`: nothing else. `either`: https without verification and, where the host does not speak
   * it, plain http (an insecure registry). `loopback`: http first, then verified https (this machine's own registries).
   */
  readonly scheme: "https" | "http" | "either" | "loopback";
  readonly tls: TlsOptions;
  /** The rule that leads here from another name: nobody typed this one. */
  readonly rule?: EndpointRule;
  /** A mirror serves reads only, and only those that `pull` says. */
  readonly mirror?: { readonly pull: "all" | "digest-only" | "tag-only" };
}

/** What a repository name means here: endpoints to read from in this order, and the one to write to, which is the last. */
export interface EndpointSource {
  /** Throws `REGISTRY_BLOCKED` for what the configuration forbids, `CONFIG_INVALID` for a configuration that is wrong. */
  endpoints(repository: string): Promise<readonly [Endpoint, ...Endpoint[]]>;
}
