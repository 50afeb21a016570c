/** The endpoints of one repository: where it is read, in which order, and where it is written. */
import { isSkillError } from "../errors.ts";
import type { Documents } from "./documents.ts";
import type { Endpoint } from "./config/types.ts";
import type { RepositoryClient } from "./repository-client.ts";

/** A mirror: a place that may have what the registry has, and only that. */
export interface Mirror {
  readonly client: RepositoryClient;
  readonly pull: NonNullable<Endpoint["mirror"]>["pull"];
}

export interface RepositoryEndpoints {
  /** In the order in which they are asked. */
  readonly mirrors: readonly Mirror[];
  /** The registry itself: what is written goes there, and what must be sure is asked of it. */
  readonly documents: Documents;
}

/** Whether something is asked for by its digest, of which no mirror can give a wrong one, or by a tag, which may be old there. */
export type AskedBy = "digest" | "tag";

/** The places to read from, the registry last. */
export function readers({ mirrors, documents }: RepositoryEndpoints, by: AskedBy): readonly RepositoryClient[] {
  const fitting = mirrors.filter(({ pull }) => pull === "all" || pull === `${by}-only`);
  return [...fitting.map(({ client }) => client), documents.repository];
}

/**
 * What the first place gives that does not fail, in whatever way. When all fail, rejects with the error of the last one, the
 * others' as its cause; `ABORTED` at once.
 */
export async function firstOf<T>(
  places: readonly RepositoryClient[],
  read: (place: RepositoryClient) => Promise<T>,
): Promise<T> {
  const failures: unknown[] = [];
  for (const place of places) {
    try {
      return await read(place);
    } catch (error) {
      if (isSkillError(error, "ABORTED")) throw error;
      failures.push(error);
    }
  }
  throw lastOf(failures);
}

/** The last error, with those before it as its cause. */
export function lastOf(failures: readonly unknown[]): unknown {
  const last = failures.at(-1);
  if (failures.length < 2 || !(last instanceof Error)) return last;
  const earlier = [...failures.slice(0, -1), ...(last.cause === undefined ? [] : [last.cause])];
  last.cause = new AggregateError(earlier, "mirrors that were asked before failed as well");
  return last;
}
