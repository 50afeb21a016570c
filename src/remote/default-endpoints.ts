/** What a repository name means where nothing is configured: the registry that it names. */
import { apiHost, parseFullName } from "./config/host.ts";
import type { EndpointSource } from "./config/types.ts";
import { isLoopback } from "./http/hosts.ts";

/** Verified https; on this machine, plain http where the host speaks that. Throws `REFERENCE_INVALID` without a registry. */
export const DEFAULT_ENDPOINTS: EndpointSource = {
  endpoints: async (repository) => {
    const { host, path } = parseFullName(repository);
    const scheme = isLoopback(new URL(`http://${host}/`)) ? "loopback" : "https";
    return [{ registry: apiHost(host), repository: path, scheme, tls: {} }];
  },
};
