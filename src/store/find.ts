import { isSkillError } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions, ResolveOptions, Resolver } from "./types.ts";

/** {@link Resolver.resolve}, with `undefined` in place of `NOT_FOUND`. */
export async function find(
  repository: Pick<Resolver, "resolve">,
  tagOrDigest: string,
  options?: ResolveOptions,
): Promise<Descriptor | undefined> {
  try {
    return await repository.resolve(tagOrDigest, options);
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** {@link find} where it is to be written to: a mirror may still have what the registry has not, or something older. */
export async function findCurrent(
  repository: Pick<Resolver, "resolve">,
  tagOrDigest: string,
  options?: OperationOptions,
): Promise<Descriptor | undefined> {
  return find(repository, tagOrDigest, { ...options, bypassMirrors: true, mayCreate: true });
}
