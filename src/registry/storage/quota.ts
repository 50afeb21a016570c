/**
 * How much the repositories of a namespace may hold together. What a repository holds is counted as its own: a blob that two
 * repositories have counts in both, because either may outlive the other. Drivers count, and check in the step that writes.
 */
import { SkillError } from "../../errors.ts";

/** What repositories hold. */
export interface Usage {
  /** Of their blobs and manifests. */
  readonly bytes: number;
  readonly manifests: number;
}

/** A bound. What it does not name is not bounded. */
export interface Quota {
  /** The first part of repositories' names, as in `team/a`; empty: the whole registry. */
  readonly namespace: string;
  readonly bytes?: number;
  readonly manifests?: number;
}

/** For what adds to a repository. */
export interface QuotaOptions {
  /** Bounds that it must keep; those of other namespaces are ignored. Throws `QUOTA_EXCEEDED`. Default: none. */
  readonly quotas?: readonly Quota[];
}

export const NOTHING: Usage = { bytes: 0, manifests: 0 };

/** Whether a repository lies in a namespace. */
export function isWithin(repository: string, namespace: string): boolean {
  return namespace === "" || repository === namespace || repository.startsWith(`${namespace}/`);
}

/** All namespaces that a repository lies in, the whole registry first. */
export function namespacesOf(repository: string): string[] {
  const parts = repository.split("/");
  return ["", ...parts.map((_, at) => parts.slice(0, at + 1).join("/"))];
}

/** Those that bound a repository, in an order that is the same for everybody. */
export function quotasOf(repository: string, quotas: readonly Quota[]): Quota[] {
  const own = quotas.filter(({ namespace }) => isWithin(repository, namespace));
  return own.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
}

/** Throws `QUOTA_EXCEEDED` when there is no room for more. */
export function checkRoom({ namespace, bytes, manifests }: Quota, used: Usage, added: Usage): void {
  const place = namespace === "" ? "the registry" : namespace;
  if (bytes !== undefined && added.bytes > 0 && used.bytes + added.bytes > bytes) {
    throw exceeded(`${place} holds ${used.bytes} of ${bytes} bytes, which leaves no room for ${added.bytes} more`);
  }
  if (manifests !== undefined && added.manifests > 0 && used.manifests + added.manifests > manifests) {
    throw exceeded(`${place} holds ${used.manifests} of ${manifests} manifests, and may not have another`);
  }
}

function exceeded(message: string): SkillError {
  return new SkillError("QUOTA_EXCEEDED", message, {
    hint: "Delete what nobody needs; blobs count until the next garbage collection. Or ask whoever runs the registry for more.",
  });
}
