/**
 * The keys of an auth file: `quay.io`, `quay.io/myorg`, `registry.local:5000`, and what older tools wrote instead.
 *
 * A key stands for a registry or for a part of one, so a credential for `quay.io/myorg` is never one for all of `quay.io`.
 */

/** What docker calls Docker Hub, in its files and to its helpers. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";
const DOCKER_HUB = "docker.io";
const DOCKER_HUB_HOSTS = new Set([DOCKER_HUB, "index.docker.io", "registry-1.docker.io"]);

/**
 * The one spelling of a key: without a scheme and the slash at its end, the host in lower case, Docker Hub as `docker.io`.
 * The path of an API (`/v1/`, `/v2/`) after a scheme says nothing; any other path is kept.
 */
export function canonicalKey(key: string): string {
  const withoutScheme = key.replace(/^https?:\/\//i, "");
  const [first = "", ...segments] = withoutScheme.split("/").filter((segment) => segment !== "");
  const host = first.toLowerCase();
  const isHub = DOCKER_HUB_HOSTS.has(host);
  const isApi = (withoutScheme !== key || isHub) && (segments[0] === "v1" || segments[0] === "v2");
  return [isHub ? DOCKER_HUB : host, ...(isApi ? [] : segments)].join("/");
}

/**
 * The keys that may hold the credential of a repository, the most specific first: `quay.io/a/b`, `quay.io/a`, `quay.io`.
 * Implements containers-auth.json(5).
 */
export function lookupKeys(repository: string): readonly string[] {
  const segments = canonicalKey(repository).split("/");
  return segments.map((_, at) => segments.slice(0, segments.length - at).join("/"));
}

/** How a canonical key is written, so that docker and podman both find it: docker looks for Docker Hub under a name of its own. */
export function writtenKey(key: string): string {
  return key === DOCKER_HUB ? DOCKER_HUB_KEY : key;
}
