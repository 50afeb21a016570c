/** From the name that an image shall have elsewhere to the local image that is meant. */
import { SkillError } from "../errors.ts";
import { baseName, formatReference, parseReference, repositoryName, withTag, type Reference } from "../oci/index.ts";
import type { EntryLister, OperationOptions, Store } from "../store/index.ts";
import { suggest } from "../text/index.ts";
import { find } from "./find.ts";
import { list, type SkillSummary } from "./list.ts";

const MAX_CANDIDATES = 8;

export interface FindLocalOptions extends OperationOptions {
  /** What `target` is short for, where it names no registry. Default: the same. */
  readonly fullName?: Reference;
}

/**
 * The image of a local store to push to `target`: the one of exactly that name, or of its full name, else the one whose repository ends in the
 * same segment, under the same tag (under any, when the target has none). Several names of one image are one image. Throws
 * `REFERENCE_AMBIGUOUS` and `NOT_FOUND`, with the commands to type or the names that come near as the hint.
 */
export async function findLocal(
  store: Store & Partial<EntryLister>,
  target: Reference,
  { fullName = target, ...options }: FindLocalOptions = {},
): Promise<Reference> {
  for (const name of new Set([target, fullName])) if (await isHere(store, name, options)) return name;
  const named: SkillSummary[] = [];
  const others = new Set<string>();
  const wanted = baseName(target);
  for await (const summary of list(store, options)) {
    const name = lastSegment(summary.repository);
    if (name === wanted) named.push(summary);
    else others.add(name);
  }
  const fitting = named.filter((summary) => fits(summary, target));
  const [first, ...rest] = fitting;
  if (first === undefined) throw notFound(target, named, others);
  if (rest.every(({ digest }) => digest === first.digest)) return parseReference(first.reference);
  throw new SkillError(
    "REFERENCE_AMBIGUOUS",
    `${fitting.length} local images could be meant by ${formatReference(target)}`,
    { hint: `Say which one: ${enumerate(fitting.map((each) => pushCommand(each, target)))}.` },
  );
}

async function isHere(store: Store, reference: Reference, options: OperationOptions): Promise<boolean> {
  const exact = reference.digest ?? reference.tag;
  if (exact === undefined) return false;
  return (await find(store.repository(repositoryName(reference)), exact, options)) !== undefined;
}

function fits({ tag, digest }: SkillSummary, target: Reference): boolean {
  if (target.digest !== undefined) return digest === target.digest;
  return target.tag === undefined || tag === target.tag;
}

function pushCommand({ reference, tag }: SkillSummary, target: Reference): string {
  const named = target.tag === undefined && target.digest === undefined && tag !== undefined;
  return `skillctl push ${reference} ${formatReference(named ? withTag(target, tag) : target)}`;
}

function notFound(target: Reference, named: readonly SkillSummary[], others: ReadonlySet<string>): SkillError {
  const wanted = baseName(target);
  const near = suggest(wanted, others);
  const hint =
    named.length > 0
      ? `There is ${enumerate(named.map(({ reference }) => reference))}. Name what to push: skillctl push <local> ${formatReference(target)}`
      : near !== undefined
        ? `Did you mean ${near}? See what there is: skillctl list.`
        : "Pack it first: skillctl pack <directory>. See what there is: skillctl list.";
  const version = target.digest ?? target.tag;
  const what =
    version === undefined ? wanted : `${wanted} with the ${target.digest === undefined ? "tag" : "digest"} ${version}`;
  return new SkillError("NOT_FOUND", `there is no local image ${what} to push`, { hint });
}

function enumerate(items: readonly string[]): string {
  const shown = items.slice(0, MAX_CANDIDATES).join(", ");
  return items.length > MAX_CANDIDATES ? `${shown} and ${items.length - MAX_CANDIDATES} more` : shown;
}

function lastSegment(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}
