import { isSkillError } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import type { OperationOptions, Resolver } from "./types.ts";

/** {@link Resolver.resolve}, with `undefined` in place of `NOT_FOUND`. */
export async function find(
  repository: Pick<Resolver, "resolve">,
  tagOrDigest: string,
  options?: OperationOptions,
): Promise<Descriptor | undefined> {
  try {
    return await repository.resolve(tagOrDigest, options);
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}
