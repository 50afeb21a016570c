/** The versions of a repository that are out, or were: also those that no tag names any more. */
import { compareStates, compareVersions, isPrerelease, isVersion, tagFor } from "../../lifecycle/index.ts";
import type { Digest } from "../../oci/index.ts";
import type { AdmissionContext } from "../hooks.ts";
import { isContentOf, readSkill, type Skill } from "./skill.ts";

/** Some megabytes of digests. */
const MAX_KNOWN = 50_000;

/** Whether a skill has been given out: published, deprecated or archived. */
export function isOut({ status }: Pick<Skill, "status">): boolean {
  return status !== undefined && compareStates(status, "published") >= 0;
}

/** Finds what is out, and remembers what it has read: what a digest names never changes in a repository; an index may list what another does not hold. */
export class OutVersions {
  /** By repository and digest, the version that is out under it; `undefined`: none. */
  readonly #known = new Map<string, Map<Digest, string | undefined>>();
  #size = 0;

  /** All that a repository holds of a version and that is out. Reads every manifest of the repository that it has not seen. */
  async *find(version: string, context: AdmissionContext): AsyncGenerator<Skill, void, undefined> {
    const known = this.#known.get(context.repository) ?? new Map<Digest, string | undefined>();
    const isOther = (digest: Digest): boolean => {
      const out = known.get(digest);
      return out === undefined ? known.has(digest) : out !== version;
    };
    for await (const { descriptor } of context.manifests(isOther)) {
      const held = await context.manifest(descriptor.digest);
      const skill = held === undefined ? undefined : await readSkill(held, context);
      const found = skill !== undefined && isOut(skill) ? skill : undefined;
      this.#remember(context.repository, descriptor.digest, found?.version);
      if (found?.version === version) yield found;
    }
  }

  #remember(repository: string, digest: Digest, version: string | undefined): void {
    if (this.#size >= MAX_KNOWN) {
      this.#known.clear();
      this.#size = 0;
    }
    const known = this.#known.get(repository) ?? new Map<Digest, string | undefined>();
    this.#known.set(repository, known);
    if (!known.has(digest)) this.#size += 1;
    known.set(digest, version);
  }

  /** What is out and of the same content as `skill`: itself, or what it was promoted to. */
  async sameAs(skill: Skill, context: AdmissionContext): Promise<Skill | undefined> {
    if (isOut(skill)) return skill;
    for await (const other of this.find(skill.version ?? "", context)) {
      if (isContentOf(skill, other)) return other;
    }
    return undefined;
  }
}

/** The highest published version of a repository, releases before pre-releases: what `latest` must name. */
export async function highestPublished(
  context: AdmissionContext,
): Promise<{ readonly version: string; readonly digest: Digest } | undefined> {
  const candidates: string[] = [];
  for await (const tag of context.tags()) {
    const version = tag.replace("_", "+");
    if (isVersion(version) && !/-(?:draft|testing)$/.test(tag)) candidates.push(version);
  }
  for (const version of candidates.toSorted(highestFirst)) {
    const digest = await context.tag(tagFor(version, "published") ?? version);
    const held = digest === undefined ? undefined : await context.manifest(digest);
    const skill = held === undefined ? undefined : await readSkill(held, context);
    if (digest !== undefined && skill?.status === "published" && skill.version === version) return { version, digest };
  }
  return undefined;
}

/** Orders valid versions as `latest` follows them. */
export function highestFirst(a: string, b: string): number {
  return Number(isPrerelease(a)) - Number(isPrerelease(b)) || compareVersions(b, a);
}
