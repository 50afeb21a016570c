/** From a short name to the repository that this user means by it. */
import { isSkillError, SkillError } from "../errors.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";
import { resolveReference } from "../skill/resolve.ts";
import { visibleLine } from "../text/index.ts";
import type { Context } from "./context.ts";
import { surroundingsOf } from "./environment.ts";
import { openStoreIfAny } from "./store.ts";

/** The end of a hint. */
export const HOW_TO_SET = "set a default: skillctl config set registry quay.io/myorg";

/** What SKILLCTL_REGISTRY or the settings say: a registry, or a namespace in it. Throws `CONFIG_INVALID`. */
export async function defaultRegistry({ environment }: Context): Promise<string | undefined> {
  const { readConfig } = await import("./config/config.ts");
  return (await readConfig(environment.variables)).registry;
}

/**
 * When an alias in registries.conf may say which registry is meant: where only a registry can be; or where nothing here has the name,
 * as most aliases come with the container tools, and nobody knows which; or never.
 */
export type Aliases = "always" | "unless here" | "never";

/**
 * The reference with the registry that it lacks: the default one, else that of an alias, which is remarked on; as it is when
 * there is none of them. Throws `CONFIG_INVALID`.
 */
export async function expand(context: Context, reference: Reference, aliases: Aliases): Promise<Reference> {
  if (reference.registry !== undefined) return reference;
  const [registry, { expandName }] = await Promise.all([
    defaultRegistry(context),
    import("../remote/config/short-names.ts"),
  ]);
  if (registry !== undefined) return expandName(reference, { defaultRegistry: registry });
  if (aliases === "never") return reference;
  const { readAliases } = await import("../remote/config/registries-files.ts");
  const expanded = expandName(reference, { aliases: await readAliases(surroundingsOf(context.environment)) });
  if (expanded.registry === undefined) return reference;
  if (aliases === "unless here" && (await isNameHere(context, reference))) return reference;
  const [short, full] = [reference, expanded].map((each) => visibleLine(formatReference(each)));
  await context.output.remark(`${short} is ${full}, by an alias in registries.conf\n`);
  return expanded;
}

/** {@link expand}, for what only a registry can mean. Throws `USAGE` when none is known; `target`: what it shall be called there, for the hint. */
export async function expandFully(
  context: Context,
  given: Reference,
  aliases: Aliases,
  target?: Reference,
): Promise<Reference> {
  const reference = await expand(context, given, aliases);
  if (reference.registry !== undefined) return reference;
  throw noRegistry(given, (await isHere(context, given)) ? pushHint(context, given, target) : writeHint(given));
}

/**
 * {@link expandFully} for what is written to: never by an alias, which says where something is to be had.
 */
export async function expandTarget(context: Context, given: Reference): Promise<Reference> {
  const reference = await expand(context, given, "never");
  if (reference.registry !== undefined) return reference;
  throw noRegistry(given, writeHint(given));
}

/** Whether a repository here that is no registry's has that name, or has it behind a namespace. */
async function isNameHere(context: Context, { repository }: Reference): Promise<boolean> {
  const store = await openStoreIfAny(context);
  if (store === undefined) return false;
  for await (const name of store.repositories({ signal: context.signal })) {
    if (parseReference(name).registry !== undefined) continue;
    if (name === repository || name.endsWith(`/${repository}`)) return true;
  }
  return false;
}

/** For a hint: what cannot be read is not here. */
async function isHere(context: Context, reference: Reference): Promise<boolean> {
  try {
    const store = await openStoreIfAny(context);
    if (store === undefined) return false;
    await resolveReference(store, reference, { signal: context.signal });
    return true;
  } catch (error) {
    if (!isSkillError(error) || error.code === "ABORTED") throw error;
    return false;
  }
}

function noRegistry(given: Reference, hint: string): SkillError {
  return new SkillError("USAGE", `${formatReference(given)} names no registry, and there is no default one`, { hint });
}

function pushHint({ storeOption }: Context, given: Reference, target: Reference | undefined): string {
  const named = target?.registry === undefined ? inFull(given) : formatReference(target);
  return `It is in the local store. To send it to a registry: skillctl push${storeOption} ${formatReference(given)} ${named}`;
}

function writeHint(given: Reference): string {
  return `Write it in full, as in ${inFull(given)}, or ${HOW_TO_SET}`;
}

/** A name that it could have in a registry. */
function inFull(given: Reference): string {
  const text = formatReference(given);
  return `quay.io/myorg/${text.slice(text.lastIndexOf("/") + 1)}`;
}
