import { LIFECYCLE_STATES, type LifecycleState } from "../../lifecycle/state.ts";
import { SkillError } from "../../errors.ts";
import { formatReference, parseReference, repositoryName, type Reference } from "../../oci/reference.ts";
import { listByRepository, listRepository, type SkillSummary } from "../../skill/list.ts";
import { plural, quote, visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { defaultRegistry, expandFully } from "../default-registry.ts";
import { ExitStatus } from "../exit.ts";
import { refuseBoth, type PlaceFlags } from "../places.ts";
import { FOR_MANY, transferOptions } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import { hasStore, openStore } from "../store.ts";
import { colorState } from "../style.ts";
import { table } from "../table.ts";
import { formatAge, formatBytes, shortDigest } from "../units.ts";
import { listOf, state, text } from "../values.ts";

interface Flags extends PlaceFlags {
  readonly status?: readonly LifecycleState[];
  readonly trunc: boolean;
}

/** `skillctl list`: the images of the store, or of a repository in a registry, one for each tag. */
export const listCommand: CommandDefinition<[name: string | undefined], Flags> = {
  description:
    "Prints one line for each tag, and one for each image kept without a tag, sorted by name, newest version first. " +
    "With --quiet, only the references, one per line. A name that begins with a registry lists that repository there; a registry " +
    "alone lists what its catalog has, with a request for each tag. A glob is for the local store, also one that begins with a " +
    "registry, unless --remote says otherwise.",
  arguments: [
    {
      syntax: "[name]",
      summary: "only names that match this glob, with or without their namespace; registry/repository; or a registry",
      parse: text("name"),
    },
  ],
  options: [
    {
      flags: "--status <states>",
      summary: "only these states, separated by commas",
      completes: LIFECYCLE_STATES,
      parse: listOf(state),
    },
    { flags: "--no-trunc", summary: "print full digests, and exact times and sizes" },
    { flags: "--local", summary: "list the local store, whatever the name" },
    { flags: "--remote", summary: "list the repository of that name, or those that match, in the default registry" },
    ...transferOptions(String(FOR_MANY)),
  ],
  examples: [
    { title: "Everything", command: "skillctl list" },
    { title: "What could be promoted in one namespace", command: "skillctl list 'examples/*' --status draft,testing" },
    { title: "What a repository holds", command: "skillctl list quay.io/myorg/hello-world" },
    { title: "What a registry holds, if it has a catalog", command: "skillctl list registry.example.com" },
    {
      title: "The references of all published skills, for a script",
      command: "skillctl list --status published --quiet",
    },
  ],
  exitStatus: { 1: "the registry has no such repository" },
  async run(context, [name], flags) {
    const { output } = context;
    const { status, trunc } = flags;
    const place = await placeOf(context, name, flags);
    const skills = await read(context, place, flags);
    await output.result(
      skills,
      (rows) => (rows.length === 0 ? "" : formatTable(rows, context, trunc)),
      (rows) => rows.map(({ reference }) => `${reference}\n`).join(""),
    );
    if (skills.length > 0) return ExitStatus.ok;
    await output.remark(
      place.repository === undefined ? await nothing(context, place, flags) : noneIn(place.repository, status),
    );
    return ExitStatus.ok;
  },
};

/** One repository of a registry; or, of a registry or the local store, the names that match. */
interface Place {
  readonly repository?: string;
  readonly registry?: string;
  /** A glob. */
  readonly name?: string;
}

async function read(context: Context, { repository, registry, name }: Place, flags: Flags): Promise<SkillSummary[]> {
  const filters = filtersOf(context, flags);
  const skills: SkillSummary[] = [];
  if (repository !== undefined) {
    const registries = await openRegistries(context, flags, { isForMany: true });
    for await (const skill of listRepository(registries, repository, filters)) skills.push(skill);
    return skills;
  }
  const store =
    registry === undefined
      ? await openStore(context)
      : await openRegistries(context, flags, { registry, isForMany: true });
  const denials = new Map<string, SkillError>();
  const options = {
    ...filters,
    ...(name === undefined ? {} : { name }),
    onDenied: (each: string, error: SkillError) => void denials.set(each, error),
  };
  for await (const some of listByRepository(store, options)) for (const skill of some) skills.push(skill);
  // Whoever gets nothing is not told that there is nothing.
  const [denial] = denials.values();
  if (skills.length === 0 && denial !== undefined) throw denial;
  if (denials.size > 0) await context.output.remark(`You may not read ${nameSome([...denials.keys()])}.\n`);
  return skills;
}

/** What can hardly be meant as the name of a skill: `quay.io`, `localhost`, `registry:5000`, `[::1]:5000`; also with a slash behind it. */
const HOST = /^((?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\[[0-9a-f:.]+\])(?::[0-9]+)?|[a-z0-9-]+:[0-9]{2,5})\/?$/i;

const GLOB = /[*?]/;

/** Why there is nothing to list. Where nothing was ever stored, the name of the store may be mistyped. */
async function nothing(context: Context, place: Place, flags: Flags): Promise<string> {
  const isHere = place.registry === undefined;
  if (isHere && !(await hasStore(context))) {
    return `There is no store at ${visibleLine(await context.storePath())} yet. ${packHint(context)}`;
  }
  if (isHere && place.name === undefined && flags.status === undefined)
    return `The store is empty. ${packHint(context)}`;
  return noMatch(place, flags);
}

function packHint({ storeOption }: Context): string {
  return `Pack a skill: skillctl pack${storeOption} <directory>\n`;
}

/** Where to look for a name. */
async function placeOf(context: Context, name: string | undefined, flags: Flags): Promise<Place> {
  refuseBoth(flags);
  const registry = flags.local === true ? undefined : HOST.exec(name ?? "")?.[1];
  if (registry !== undefined) return { registry };
  if (flags.remote === true) return remotePlace(context, name);
  const reference = flags.local === true || name === undefined ? undefined : referenceWithRegistry(name);
  if (reference !== undefined) return { repository: await fullName(context, reference) };
  return name === undefined ? {} : { name };
}

async function remotePlace(context: Context, name: string | undefined): Promise<Place> {
  if (name !== undefined && !GLOB.test(name)) return { repository: await fullName(context, parseReference(name)) };
  const [first = ""] = name?.split("/", 1) ?? [];
  if (name?.includes("/") === true && HOST.test(first)) return { registry: first, name };
  const registry = await defaultRegistry(context);
  if (registry === undefined) {
    throw new SkillError("USAGE", "--remote needs the name of a registry, as there is no default one", {
      hint: "Name one, as in skillctl list localhost:5000, or set a default: skillctl config set registry quay.io/myorg",
    });
  }
  if (name === undefined) return { registry };
  return { registry, name: name.includes("/") ? `${registry}/${name}` : name };
}

async function fullName(context: Context, reference: Reference): Promise<string> {
  if (reference.tag !== undefined || reference.digest !== undefined) {
    throw new SkillError("USAGE", `${formatReference(reference)} is one image, not a repository`, {
      hint: `See that image with skillctl inspect, or leave out what follows ${repositoryName(reference)}.`,
    });
  }
  return repositoryName(await expandFully(context, reference, "always"));
}

/** For the local store: a glob, and a name without a registry. */
function referenceWithRegistry(name: string): Reference | undefined {
  try {
    const reference = parseReference(name);
    return reference.registry === undefined ? undefined : reference;
  } catch {
    return undefined;
  }
}

/** As many as a person may read. */
function nameSome(repositories: readonly string[]): string {
  const [named, more] = [repositories.slice(0, 5).map(visibleLine), repositories.length - 5];
  return more > 0
    ? `${named.join(", ")} and ${plural(more, "other repository", "other repositories")}`
    : named.join(", ");
}

function filtersOf(
  { signal }: Context,
  { status }: Flags,
): { readonly signal: AbortSignal; readonly status?: readonly LifecycleState[] } {
  return { signal, ...(status === undefined ? {} : { status }) };
}

function noneIn(repository: string, status: Flags["status"]): string {
  const what = status === undefined ? "" : ` that names an image with the status ${status.join(" or ")}`;
  return `${visibleLine(repository)} has no tag${what}. What is archived is found by its digest only.\n`;
}

/** Says what was asked for, because a typo in it is the likeliest reason. */
function noMatch({ registry, name }: Place, { status, local }: Flags): string {
  const where = registry === undefined ? "" : ` at ${visibleLine(registry)}`;
  const filters = [
    ...(name === undefined ? [] : [`a name like ${quote(name)}`]),
    ...(status === undefined ? [] : [`the status ${status.join(" or ")}`]),
  ];
  if (filters.length === 0) return `There is no image${where} that you may see.\n`;
  const [first = ""] = name?.split("/", 1) ?? [];
  const isMeantThere = registry === undefined && local !== true && name?.includes("/") === true && HOST.test(first);
  const more = isMeantThere ? ` This is the local store; --remote asks ${visibleLine(first)}.` : "";
  return `No image${where} has ${filters.join(" and ")}.${more}\n`;
}

function formatTable(rows: readonly SkillSummary[], { output, environment }: Context, isShort: boolean): string {
  const { style } = output;
  const now = environment.now();
  return table(
    rows,
    [
      { title: "NAME", value: ({ repository }) => repository },
      { title: "TAG", value: ({ tag }) => tag ?? "<none>" },
      { title: "STATUS", value: (row) => row.status ?? "-", paint: (cell) => colorState(cell, style) },
      { title: "DIGEST", value: ({ digest }) => (isShort ? shortDigest(digest) : digest) },
      { title: "SIZE", value: ({ size }) => formatSize(size, isShort), align: "right" },
      { title: "CREATED", value: ({ created }) => (isShort ? formatAge(created ?? "-", now) : (created ?? "-")) },
    ],
    style,
  );
}

function formatSize(size: number | undefined, isShort: boolean): string {
  if (size === undefined) return "-";
  return isShort ? formatBytes(size) : String(size);
}
