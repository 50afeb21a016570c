/** Listing the manifests that refer to another one. OCI distribution-spec "Listing Referrers". */
import { isSkillError, SkillError } from "../errors.ts";
import { MediaType, parseManifest, readDescriptor, type Descriptor, type Digest } from "../oci/index.ts";
import type { OperationOptions } from "../store/types.ts";
import type { RegistryResponse } from "./client-types.ts";
import { getManifest } from "./manifests.ts";
import { isNoList, pages } from "./pages.ts";
import { referrersTag } from "./referrers-tag.ts";
import { hasStatus } from "./registry-error.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** Referrers of one manifest; a registry that has more is up to something. */
const MAX_REFERRERS = 100_000;

export interface ReferrersOptions extends OperationOptions {
  readonly artifactType?: string;
}

/**
 * The manifests whose subject is `subject`, each once: those that the registry lists, and where it does not, those in the
 * index of the tag schema. None when there is neither.
 */
export async function listReferrers(
  repository: RepositoryClient,
  subject: Digest,
  { artifactType, ...options }: ReferrersOptions = {},
): Promise<readonly Descriptor[]> {
  const listed =
    repository.traits.listsReferrers === false
      ? undefined
      : await askRegistry(repository, subject, artifactType, options);
  const found = listed ?? (await readReferrersIndex(repository, subject, options))?.manifests ?? [];
  const wanted = found.filter((each) => artifactType === undefined || each.artifactType === artifactType);
  return [...new Map(wanted.map((each) => [each.digest, each])).values()];
}

/** What the registry lists; `undefined` when it lists no referrers. */
async function askRegistry(
  repository: RepositoryClient,
  subject: Digest,
  artifactType: string | undefined,
  options: OperationOptions,
): Promise<Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  const listing = pages({
    path: `referrers/${subject}`,
    ...(artifactType === undefined ? {} : { query: { artifactType } }),
    headers: { accept: MediaType.index },
    doing: `list what refers to ${subject}`,
    send: async (page) => {
      const response = await repository.request(page);
      // Whoever has begun a list knows the path.
      return typeof page.path === "string" ? refusePage(response) : response;
    },
    ...options,
  });
  try {
    for await (const { document, headers } of listing) {
      // A registry that filtered knows the type of what it lists, even where it does not say it.
      const isFiltered = /\bartifactType\b/.test(headers["oci-filters-applied"] ?? "") && artifactType !== undefined;
      for (const each of descriptorsIn(repository, document)) {
        found.push(isFiltered ? { artifactType, ...each } : each);
      }
      if (found.length > MAX_REFERRERS) throw invalid(repository, `lists more than ${MAX_REFERRERS} referrers`);
    }
  } catch (error) {
    if (!(error instanceof WebPage) && !isNoList(error)) throw error;
    if (!isOfThisManifest(error)) repository.traits.listsReferrers ??= false;
    return undefined;
  }
  repository.traits.listsReferrers = true;
  return found;
}

/** What some registries that do not list referrers answer, with 200, to every path that they do not know. */
class WebPage extends Error {
  override readonly name = "WebPage";
}

/**
 * Whether an answer says nothing of other manifests: a registry that lists referrers answers 404 for a repository that does not
 * exist and, as Quay, 400 for a manifest that does not.
 */
function isOfThisManifest(error: unknown): boolean {
  return hasStatus(error, 400) || (hasStatus(error, 404) && error.ociCode === "NAME_UNKNOWN");
}

async function refusePage(response: RegistryResponse): Promise<RegistryResponse> {
  if (!/^text\/html\b/i.test(response.headers["content-type"] ?? "")) return response;
  await response.discard();
  throw new WebPage("not a list of referrers");
}

function descriptorsIn(repository: RepositoryClient, document: unknown): Descriptor[] {
  const isObject = typeof document === "object" && document !== null;
  const members: unknown = isObject && "manifests" in document ? (document.manifests ?? []) : undefined;
  if (!Array.isArray(members)) throw invalid(repository, "does not answer with an index of referrers");
  return members.map((member: unknown, at) => readDescriptor(member, `manifests[${at}]`));
}

function invalid(repository: RepositoryClient, what: string): SkillError {
  return new SkillError("RESPONSE_INVALID", `${repository.name}: the registry ${what}`, {
    hint: "Check that the address is that of a registry.",
  });
}

/** The index of the tag schema as it is now. */
export interface ReferrersIndex {
  readonly digest: Digest;
  readonly manifests: readonly Descriptor[];
  /** The whole document, with the fields that we do not know. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Reads it; `undefined` when there is none. Throws `MANIFEST_INVALID` when the tag names something else. */
export async function readReferrersIndex(
  repository: RepositoryClient,
  subject: Digest,
  options: OperationOptions = {},
): Promise<ReferrersIndex | undefined> {
  const tag = referrersTag(subject);
  try {
    const { descriptor, bytes } = await getManifest(repository, tag, options);
    const { digest, mediaType } = descriptor;
    const index = parseManifest(bytes, mediaType);
    if (index.kind === "index") return { digest, manifests: index.manifests, document: index.document };
  } catch (error) {
    if (isSkillError(error, "NOT_FOUND")) return undefined;
    throw error;
  }
  throw new SkillError("MANIFEST_INVALID", `${repository.name}:${tag} is not an index of referrers`, {
    hint: "That tag is where a registry without a list of referrers keeps them; free it.",
  });
}
