/** How to speak to every host of a call: the registries as they are configured, and those to which they send us. */
import type { Endpoint, EndpointSource } from "../config/types.ts";
import { hostAndPort } from "../http/hosts.ts";
import type { TlsOptions } from "../http/types.ts";

export class HostTls {
  readonly #verifyOthers: boolean;
  readonly #known = new Map<string, TlsOptions>();
  readonly #authorities = new Set<string>();

  /** `verifyOthers`: whether the hosts that registries send us to need a trusted certificate. */
  constructor(verifyOthers: boolean) {
    this.#verifyOthers = verifyOthers;
  }

  /** The same endpoints, remembered as they are handed out. */
  learnFrom(source: EndpointSource): EndpointSource {
    return {
      endpoints: async (repository) => {
        const endpoints = await source.endpoints(repository);
        for (const endpoint of endpoints) this.#learn(endpoint);
        return endpoints;
      },
    };
  }

  /**
   * For `host:port`. A token service or blob storage is not configured by itself: authorities that are trusted for a
   * registry are trusted there too, as by docker and podman, while our client certificate is shown to registries only.
   */
  for(host: string): TlsOptions {
    return this.#known.get(host) ?? { verify: this.#verifyOthers, ca: [...this.#authorities] };
  }

  /** Connections are made by host: one that must be verified for any of its repositories is verified for all. */
  #learn({ registry, scheme, tls: configured }: Endpoint): void {
    const host = hostAndPort(new URL(`https://${registry}/`));
    const tls = scheme === "either" ? { ...configured, verify: false } : configured;
    const known = this.#known.get(host);
    if (known === undefined || known.verify === false) this.#known.set(host, tls);
    for (const authority of tls.ca ?? []) this.#authorities.add(authority);
  }
}
