/**
 * Which store a reference means: the local one, or the registry that it names.
 *
 * Reading looks here first, because what was packed or pulled is at hand; then in the registry, where a short name is
 * expanded by the default registry. `--local` and `--remote` leave nothing open.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { formatReference, repositoryName, type Reference } from "../oci/reference.ts";
import { resolveReference } from "../skill/resolve.ts";
import type { Store } from "../store/types.ts";
import type { OptionSpec } from "./command.ts";
import type { Context } from "./context.ts";
import { expand, expandFully, expandTarget } from "./default-registry.ts";
import { openRegistries } from "./remote.ts";
import { REGISTRY_OPTIONS, type RegistryFlags } from "./registry-flags.ts";
import { openStore, openStoreIfAny } from "./store.ts";

export interface PlaceFlags extends RegistryFlags {
  readonly local?: boolean;
  readonly remote?: boolean;
}

/** A store, and the name that the image has in it. */
export interface Place {
  readonly store: Store;
  readonly reference: Reference;
  readonly isRemote: boolean;
  /** What the registry there calls this user, where it knows him by a name. */
  readonly loginName: () => Promise<string | undefined>;
}

/** For commands that read. */
export const READING_OPTIONS: readonly OptionSpec[] = [
  { flags: "--local", summary: "look in the local store only" },
  { flags: "--remote", summary: "look in the registry only" },
  ...REGISTRY_OPTIONS,
];

/**
 * Calls `use` with the local store and, when the image is not there, with its registry. Throws `NOT_FOUND` that names both
 * when it is in neither, and `USAGE` when only a registry may be asked and none is known.
 */
export async function reading<T>(
  context: Context,
  reference: Reference,
  flags: PlaceFlags,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  refuseBoth(flags);
  const here = await localPlace(context, reference, flags);
  if (here === undefined) return use(await remotePlace(context, reference, flags));
  try {
    return await use(here);
  } catch (error) {
    if (flags.local === true || !isSkillError(error, "NOT_FOUND") || (await isThere(here, context))) throw error;
    const full = await expand(context, reference, "unless here");
    if (full.registry === undefined) throw error;
    return await elsewhere(context, full, flags, use);
  }
}

async function elsewhere<T>(
  context: Context,
  reference: Reference,
  flags: PlaceFlags,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  const there = await placeAt(context, reference, flags);
  try {
    return await use(there);
  } catch (error) {
    if (!isSkillError(error, "NOT_FOUND") || (await isThere(there, context))) throw error;
    const text = formatReference(reference);
    throw new SkillError(
      "NOT_FOUND",
      `there is no image ${text}, neither in the local store nor at ${reference.registry}`,
      {
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      },
    );
  }
}

/**
 * Calls `use` with the store that decides over the image: the registry that the reference names; for a short name the local
 * store, unless the image is not there and there is a default registry.
 */
export async function deciding<T>(
  context: Context,
  reference: Reference,
  flags: PlaceFlags,
  use: (place: Place) => Promise<T>,
): Promise<T> {
  refuseBoth(flags);
  const here = await localPlace(context, reference, flags);
  if (here === undefined) return use(await writablePlace(context, reference, flags));
  if (flags.local === true) return use(here);
  if (reference.registry === undefined) {
    const full = (await isThere(here, context)) ? reference : await expand(context, reference, "never");
    return use(full.registry === undefined ? here : await remotePlace(context, full, flags));
  }
  try {
    return await use(await remotePlace(context, reference, flags));
  } catch (error) {
    if (!isSkillError(error, "NOT_FOUND") || !(await isThere(here, context))) throw error;
    throw new SkillError("NOT_FOUND", error.message, { hint: "It is in the local store: add --local.", cause: error });
  }
}

/**
 * The local store; `undefined` when only the registry may be asked, or when the reference names one and this user can have
 * no local store.
 */
async function localPlace(context: Context, reference: Reference, flags: PlaceFlags): Promise<Place | undefined> {
  if (flags.remote === true) return undefined;
  const needsStore = flags.local === true || reference.registry === undefined;
  const store = needsStore ? await openStore(context) : await openStoreIfAny(context);
  return store && { store, reference, isRemote: false, loginName: async () => undefined };
}

/** {@link remotePlace} for what may be changed there: no alias says where. */
async function writablePlace(context: Context, given: Reference, flags: RegistryFlags): Promise<Place> {
  return placeAt(context, await expandTarget(context, given), flags);
}

/** The registry of a reference. Throws `USAGE` when none is known. */
async function remotePlace(context: Context, given: Reference, flags: RegistryFlags): Promise<Place> {
  return placeAt(context, await expandFully(context, given, "always"), flags);
}

async function placeAt(context: Context, reference: Reference, flags: RegistryFlags): Promise<Place> {
  const store = await openRegistries(context, flags);
  const { signal } = context;
  return {
    store,
    reference,
    isRemote: true,
    // Credentials that cannot be read are told of by the request that wants them.
    loginName: async () => store.loginName(repositoryName(reference), { signal }).catch(undefinedIfOurs),
  };
}

function undefinedIfOurs(error: unknown): undefined {
  if (!isSkillError(error) || isSkillError(error, "ABORTED")) throw error;
}

/** Whether the image itself is there, so that it is something in it that could not be found. */
async function isThere({ store, reference }: Place, { signal }: Context): Promise<boolean> {
  try {
    await resolveReference(store, reference, { signal });
    return true;
  } catch (error) {
    return !isSkillError(error, "NOT_FOUND");
  }
}

/** Throws `USAGE` when both flags were given. */
export function refuseBoth({ local, remote }: PlaceFlags): void {
  if (local === true && remote === true) {
    throw new SkillError("USAGE", "--local and --remote exclude each other", { hint: "Give one of them, or none." });
  }
}
