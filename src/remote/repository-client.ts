/** Requests to one repository at one endpoint, and what was learnt about its registry on the way. */
import type { RegistryClient, RegistryRequest, RegistryResponse } from "./client-types.ts";
import type { EndpointRule } from "./config/types.ts";
import { ledBy } from "./led-by-rule.ts";
import type { OwnMount } from "./own-mount.ts";
import type { SinglePost } from "./single-post.ts";

/** What a registry turned out to be like. Shared by all of its repositories. */
export interface RegistryTraits {
  /** Whether it lists referrers itself; `undefined`: not known yet. */
  listsReferrers: boolean | undefined;
  /** Whether one request asks for a blob and begins its upload. */
  readonly ownMount: OwnMount;
  /** Whether one request brings a whole blob. */
  readonly singlePost: SinglePost;
}

/** A request whose `path`, where it is a string, is below the repository: `manifests/1.0.0`. */
export type RepositoryRequest = Omit<RegistryRequest, "repository">;

export class RepositoryClient {
  /** The repository's path at the registry. */
  readonly path: string;
  readonly traits: RegistryTraits;
  readonly #client: RegistryClient;
  readonly #rule: EndpointRule | undefined;

  /** `rule`: what leads to it from another name. */
  constructor(client: RegistryClient, path: string, traits: RegistryTraits, rule?: EndpointRule) {
    this.#client = client;
    this.#rule = rule;
    this.path = path;
    this.traits = traits;
  }

  /** The registry, as references name it. */
  get registry(): string {
    return this.#client.registry;
  }

  /** The full name, for messages. */
  get name(): string {
    return `${this.registry}/${this.path}`;
  }

  /** {@link RegistryClient.request}. */
  async request(request: RepositoryRequest): Promise<RegistryResponse> {
    const path = typeof request.path === "string" ? `${this.path}/${request.path}` : request.path;
    return ledBy(this.#rule, () => this.#client.request({ ...request, path, repository: this.path }));
  }
}
