/**
 * From a name without a registry to the repository that is meant.
 *
 * Here such a name is first of all that of a local image, so it is expanded only by what somebody has said on purpose. The
 * list of registries to search one after the other, which registries.conf may have too, is not used: whoever is first to
 * register a name in any of them would be pulled from.
 */
import { formatReference, parseReference, type Reference } from "../../oci/reference.ts";
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";

export interface NameExpansion {
  /** `host[:port]` or `host[:port]/namespace`, such as quay.io/myorg. */
  readonly defaultRegistry?: string;
  /** From short names to `registry/repository`, as `readAliases` gives them. */
  readonly aliases?: ReadonlyMap<string, string>;
}

/** The repository, with its registry, of which `name` is an alias; `undefined` when it is none. */
export function resolveShortName(name: string, aliases: ReadonlyMap<string, string>): string | undefined {
  return aliases.get(name) || undefined;
}

/**
 * The reference with the registry that its name lacks; tag and digest stay. The default registry comes before the
 * aliases, as it is this user's own word, while most aliases come with the distribution. A reference that has a registry, or
 * for which there is neither, is returned as it is. Throws `REFERENCE_INVALID` when `defaultRegistry` begins with no host.
 */
export function expandName(reference: Reference, { defaultRegistry, aliases }: NameExpansion): Reference {
  if (reference.registry !== undefined) return reference;
  const name = reference.repository;
  const full =
    defaultRegistry === undefined ? aliases && resolveShortName(name, aliases) : `${defaultRegistry}/${name}`;
  if (full === undefined) return reference;
  const { registry, repository } = parseReference(full);
  if (registry === undefined) {
    throw new SkillError("REFERENCE_INVALID", `${quote(full)} does not say which registry is meant`, {
      hint: "The default registry must begin with a host, as in quay.io/myorg.",
    });
  }
  return parseReference(formatReference({ ...reference, registry, repository }));
}
