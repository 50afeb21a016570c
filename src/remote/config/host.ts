/** What the host of a registry tells by its name alone. */
import { SkillError } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";
import { quote } from "../../text/index.ts";

/** A name that means another host: Docker Hub's API is there. */
const DOCKER_HUB = "docker.io";
const DOCKER_HUB_API = "registry-1.docker.io";

/** A repository of a registry, in two parts. */
export interface RepositoryName {
  /** `host[:port]`, in lower case. */
  readonly host: string;
  readonly path: string;
}

/**
 * The registry and path of a full repository name, as docker and the containers tools name them. Throws
 * `REFERENCE_INVALID` for what is not the name of a repository of a registry.
 */
export function parseFullName(text: string): RepositoryName {
  const { registry, repository, tag, digest } = parseReference(text);
  if (registry === undefined || tag !== undefined || digest !== undefined) throw missingRegistry(text);
  // What reads like an address need not be one: 1.2.3.999.
  if (URL.canParse(`https://${registry}/`)) return normalizeName({ host: registry, path: repository });
  throw new SkillError("REFERENCE_INVALID", `${quote(registry)} is not the name or address of a host`);
}

/** The error for a name that does not say where it is. */
export function missingRegistry(repository: string): SkillError {
  return new SkillError("REFERENCE_INVALID", `${quote(repository)} does not say which registry is meant`, {
    hint: "Write the registry's host and the repository, as in quay.io/myorg/hello-world.",
  });
}

/**
 * The name that docker and the containers tools give a repository: `index.docker.io` is `docker.io`, where a name of
 * one segment is one below `library/`.
 */
export function normalizeName({ host, path }: RepositoryName): RepositoryName {
  const lower = host.toLowerCase();
  if (lower !== DOCKER_HUB && lower !== `index.${DOCKER_HUB}`) return { host: lower, path };
  return { host: DOCKER_HUB, path: path.includes("/") ? path : `library/${path}` };
}

/** The host to speak to for a registry's name. */
export function apiHost(host: string): string {
  return host === DOCKER_HUB ? DOCKER_HUB_API : host;
}
