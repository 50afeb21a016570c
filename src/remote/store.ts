/** Registries as a store: every repository that a full name can name. */
import { SkillError } from "../errors.ts";
import { parseReference, repositoryName } from "../oci/index.ts";
import { parseRepositoryName } from "../store/entry-name.ts";
import { limiter } from "../store/limiter.ts";
import type { OperationOptions, Store } from "../store/types.ts";
import { createRegistryClient } from "./client.ts";
import type { RegistryClient, RequestEvent } from "./client-types.ts";
import { missingRegistry } from "./config/host.ts";
import type { Endpoint, EndpointRule, EndpointSource } from "./config/types.ts";
import { loginName } from "./credentials/login-name.ts";
import { ANONYMOUS, type CredentialSource } from "./credentials/types.ts";
import { DEFAULT_ENDPOINTS } from "./default-endpoints.ts";
import { DocumentCache } from "./document-cache.ts";
import { Documents } from "./documents.ts";
import type { RepositoryEndpoints } from "./endpoints.ts";
import { createTransport, waitAsAsked, type RetryPolicy, type Transport } from "./http/index.ts";
import { ledBy } from "./led-by-rule.ts";
import { listRepositories } from "./lists.ts";
import { OwnMount } from "./own-mount.ts";
import { pausing } from "./pause.ts";
import { ping } from "./ping.ts";
import { RepositoryClient, type RegistryTraits } from "./repository-client.ts";
import { RemoteRepository } from "./repository.ts";
import { SinglePost } from "./single-post.ts";
import { HostTls } from "./tls/host-tls.ts";

export interface RemoteStoreOptions {
  /** Where repositories are. Default: at the registries that they name, by https; on this machine also by http. */
  readonly endpoints?: EndpointSource;
  /** Default: none. */
  readonly credentials?: CredentialSource;
  /**
   * Default: one of its own, without proxies. One that is given must know how to speak TLS to the hosts of `endpoints`.
   */
  readonly transport?: Transport;
  /** The registry, or registry and namespace, of names that say none: `quay.io/myorg`. Default: names must say it. */
  readonly registry?: string;
  /** Connections at a time to each host. Without meaning for a `transport` that is given. Default: 6. */
  readonly concurrency?: number;
  /** Uploads go out in requests of so many bytes. Default: as one stream, and in chunks where a registry refuses that. */
  readonly chunkSize?: number;
  /** Is told of every request that goes out. */
  readonly onRequest?: (event: RequestEvent) => void;
  readonly retry?: RetryPolicy;
  /** The time in milliseconds; default: the clock. */
  readonly now?: () => number;
}

/** A registry with all its repositories' requests going through it: one sign-in, one set of connections. */
interface Registry {
  readonly client: RegistryClient;
  readonly traits: RegistryTraits;
}

/**
 * Repositories of registries. Nothing is sent before something is asked for; what is learnt about a registry (how it is spoken
 * to, tokens, whether it lists referrers) is kept for as long as the store.
 */
export class RemoteStore implements Store {
  readonly #options: RemoteStoreOptions;
  readonly #transport: Transport;
  readonly #cache: DocumentCache;
  readonly #endpoints: EndpointSource;
  readonly #registries = new Map<string, Registry>();
  readonly #repositories = new Map<string, RemoteRepository>();

  constructor(options: RemoteStoreOptions = {}) {
    this.#options = options;
    this.#cache = new DocumentCache(options.now);
    const { concurrency, endpoints = DEFAULT_ENDPOINTS, transport } = options;
    const hosts = new HostTls(true);
    this.#endpoints = transport === undefined ? hosts.learnFrom(endpoints) : endpoints;
    this.#transport =
      transport ??
      createTransport({ tls: (host) => hosts.for(host), ...(concurrency === undefined ? {} : { concurrency }) });
  }

  /** Throws `REFERENCE_INVALID` for what is no repository name, and for one without a registry if there is no default. */
  repository(name: string): RemoteRepository {
    const full = this.#fullName(name);
    const known = this.#repositories.get(full);
    if (known !== undefined) return known;
    const { chunkSize, retry } = this.#options;
    const referrersOneByOne = limiter(1);
    let endpoints: Promise<RepositoryEndpoints> | undefined;
    const repository = new RemoteRepository({
      name: full,
      endpoints: async () => {
        endpoints ??= this.#connect(full, (client) => new Documents(client, full, this.#cache, referrersOneByOne));
        endpoints.catch(() => (endpoints = undefined));
        return endpoints;
      },
      neighbour: async (other) => this.#neighbour(full, other),
      cache: this.#cache,
      upload: {
        pause: pausing(retry),
        obey: async (failure, signal) => waitAsAsked(failure, { ...retry, ...(signal && { signal }) }),
        ...(chunkSize === undefined ? {} : { chunkSize }),
      },
      oneByOne: limiter(1),
    });
    this.#repositories.set(full, repository);
    return repository;
  }

  /**
   * The full names of the repositories of the default registry, as its catalog has them: those that the caller may see; in
   * some registries, also those that have been emptied. Throws `REGISTRY_UNSUPPORTED` without a default registry, and
   * from registries without a catalog.
   */
  async *repositories(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    const { registry } = this.#options;
    if (registry === undefined) {
      throw new SkillError("REGISTRY_UNSUPPORTED", "the repositories of all registries cannot be listed", {
        hint: "Name a registry, or a repository.",
      });
    }
    const client = await this.#registryFor(registry);
    for (const found of await ledBy(client.rule, () => listRepositories(client.client, options))) {
      if (found.startsWith(client.prefix)) yield `${registry}/${found.slice(client.prefix.length)}`;
    }
  }

  /**
   * Asks whether a registry (`quay.io`, or `quay.io/myorg`) is there and takes the credentials that there are for it. Rejects with
   * `REGISTRY_UNAUTHORIZED` when it does not, `RESPONSE_INVALID` when it is no registry that answers, and with what every request
   * rejects with. A registry that lets anybody in does not look at credentials. Resolves to the host that was asked: where the
   * endpoints lead elsewhere, another one.
   */
  async ping(registry: string, options: OperationOptions = {}): Promise<string> {
    const { client, host, rule } = await this.#registryFor(registry);
    await ledBy(rule, () => ping(client, options));
    return host;
  }

  /**
   * The user name with which the registry of a repository, by its full name, would be asked; `undefined` for anonymous, for
   * tokens, and for names that say nothing of anybody, as `AWS`. Sends nothing. Throws `CREDENTIALS_INVALID`.
   */
  async loginName(name: string, options: OperationOptions = {}): Promise<string | undefined> {
    const { credentials = ANONYMOUS } = this.#options;
    const { registry, repository } = registryOf(await this.#endpoints.endpoints(this.#fullName(name)));
    return loginName(await credentials.find(`${registry}/${repository}`, options));
  }

  /** Closes the connections that are kept for the next request. The store can be used again. */
  async close(): Promise<void> {
    return this.#transport.close();
  }

  #fullName(name: string): string {
    const parsed = parseReference(parseRepositoryName(name));
    const { registry } = this.#options;
    if (parsed.registry !== undefined) return repositoryName(parsed);
    if (registry === undefined) throw missingRegistry(name);
    return parseRepositoryName(`${registry}/${name}`);
  }

  async #connect(name: string, documentsOf: (client: RepositoryClient) => Documents): Promise<RepositoryEndpoints> {
    const endpoints = await this.#endpoints.endpoints(name);
    const mirrors = endpoints.flatMap((endpoint) => {
      const { mirror } = endpoint;
      return mirror === undefined ? [] : [{ client: this.#clientFor(endpoint), pull: mirror.pull }];
    });
    return { mirrors, documents: documentsOf(this.#clientFor(registryOf(endpoints))) };
  }

  #clientFor(endpoint: Endpoint): RepositoryClient {
    const { client, traits } = this.#open(endpoint);
    return new RepositoryClient(client, endpoint.repository, traits, endpoint.rule);
  }

  #open(endpoint: Endpoint): Registry {
    const key = `${endpoint.scheme} ${endpoint.registry}`;
    const known = this.#registries.get(key);
    if (known !== undefined) return known;
    const { credentials = ANONYMOUS, retry, onRequest, now } = this.#options;
    const client = createRegistryClient({
      endpoint,
      credentials,
      transport: this.#transport,
      ...(retry && { retry }),
      ...(onRequest && { onRequest }),
      ...(now && { now }),
    });
    const opened = {
      client,
      traits: { listsReferrers: undefined, ownMount: new OwnMount(), singlePost: new SinglePost() },
    };
    this.#registries.set(key, opened);
    return opened;
  }

  /** The client for the registry behind a default, and what stands there before the names that are below the default. */
  async #registryFor(registry: string): Promise<{
    readonly client: RegistryClient;
    readonly host: string;
    readonly prefix: string;
    readonly rule: EndpointRule | undefined;
  }> {
    const below = "any/name";
    const endpoint = registryOf(await this.#endpoints.endpoints(`${registry}/${below}`));
    const prefix = endpoint.repository.slice(0, -below.length);
    return { client: this.#open(endpoint).client, host: endpoint.registry, prefix, rule: endpoint.rule };
  }

  async #neighbour(name: string, other: string): Promise<string | undefined> {
    if (name === other || parseReference(other).registry === undefined) return undefined;
    const own = registryOf(await this.#endpoints.endpoints(name));
    const others = registryOf(await this.#endpoints.endpoints(other));
    return own.registry === others.registry ? others.repository : undefined;
  }
}

/** The registry itself; mirrors come before it. */
function registryOf(endpoints: readonly [Endpoint, ...Endpoint[]]): Endpoint {
  return endpoints.at(-1) ?? endpoints[0];
}
