/** The tags of a repository and the repositories of a registry. */
import { isSkillError, SkillError } from "../errors.ts";
import { isRepositoryPath, isTag } from "../oci/index.ts";
import type { OperationOptions, TagsOptions } from "../store/types.ts";
import type { RegistryClient } from "./client-types.ts";
import { listTexts } from "./pages.ts";
import { isReferrersTag } from "./referrers-tag.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** Entries of a page. Registries give fewer where they like. */
const PAGE = { n: "1000" };

/**
 * The tags, in lexical order, without those under which registries without a list of referrers keep theirs. None for a
 * repository that does not exist, or `NOT_FOUND` with `mustExist`. OCI distribution-spec "Listing Tags".
 */
export async function listTags(
  repository: RepositoryClient,
  { mustExist = false, ...options }: TagsOptions,
): Promise<readonly string[]> {
  const request = {
    path: "tags/list",
    query: PAGE,
    doing: "list the tags",
    send: async (page: Parameters<RepositoryClient["request"]>[0]) => repository.request(page),
    ...options,
  };
  try {
    return (await listTexts(request, "tags", isTag)).filter((tag) => !isReferrersTag(tag));
  } catch (error) {
    if (!isSkillError(error, "NOT_FOUND")) throw error;
    if (!mustExist) return [];
    throw new SkillError("NOT_FOUND", `there is no repository ${repository.name}`, {
      hint: `Give its whole name, not a namespace. Perhaps you may not read it: skillctl login ${repository.registry}.`,
      cause: error,
    });
  }
}

/** The repositories that a registry lists, by their paths there, in lexical order. Throws `REGISTRY_UNSUPPORTED` where there is no list. */
export async function listRepositories(client: RegistryClient, options: OperationOptions): Promise<readonly string[]> {
  const request = {
    path: "_catalog",
    query: PAGE,
    doing: "list the repositories",
    send: async (page: Parameters<RegistryClient["request"]>[0]) => client.request(page),
    ...options,
  };
  try {
    return await listTexts(request, "repositories", isRepositoryPath);
  } catch (error) {
    if (!isSkillError(error, "NOT_FOUND")) throw error;
    throw new SkillError("REGISTRY_UNSUPPORTED", `${client.registry} does not list its repositories`, {
      hint: "Name a repository.",
      cause: error,
    });
  }
}
