/** Copying the tags of a whole repository: what makes a mirror. */
import { isSkillError, SkillError, throwIfAborted } from "../errors.ts";
import type { Descriptor, Digest } from "../oci/index.ts";
import { findCurrent } from "./find.ts";
import { GraphCopy, type GraphCopyOptions } from "./graph-copy.ts";
import { inOrder } from "./in-order.ts";
import type { Repository } from "./types.ts";

/** How many tags are on their way at once. */
const TAGS_AT_ONCE = 6;

export interface CopyRepositoryOptions extends GraphCopyOptions {
  /** Which tags; default: all. */
  readonly tags?: (tag: string) => boolean;
  /**
   * Is asked before a tag is given to another image than it has in the target now, if to any, and throws to keep it from that.
   * Tells whether the tag must still be so when it is given: then it fails with `CONFLICT` if somebody else was faster.
   */
  readonly allow?: (tag: string, root: Descriptor, current: Descriptor | undefined) => Promise<boolean>;
}

/** What became of one tag. */
export type TagCopy =
  | {
      readonly tag: string;
      readonly digest: Digest;
      /** Whether it named this very image before. */
      readonly unchanged: boolean;
    }
  | { readonly tag: string; readonly error: SkillError };

/**
 * Copies the tags of a repository and all that they name, and yields what became of each, in the order of the tags. What
 * several tags share is copied once. One that fails does not stop the others; a failure to list the tags, being
 * cancelled (`ABORTED`), and faults that are no {@link SkillError} end the iteration. Tags that only the target has stay.
 */
export async function* copyRepository(
  from: Repository,
  to: Repository,
  { tags = () => true, allow, ...options }: CopyRepositoryOptions = {},
): AsyncIterable<TagCopy> {
  const graph = new GraphCopy(from, to, options);
  const copyTag = async (tag: string): Promise<TagCopy> => {
    throwIfAborted(options.signal);
    try {
      const root = await from.resolve(tag, options);
      const current = await findCurrent(to, tag, options);
      const isCareful = current?.digest !== root.digest && (await allow?.(tag, root, current)) === true;
      const expected = isCareful ? { expect: current?.digest ?? null } : {};
      const unchanged = await graph.deliver(root, { name: tag, found: current ?? null, ...expected });
      return { tag, digest: root.digest, unchanged };
    } catch (error) {
      if (!(error instanceof SkillError) || isSkillError(error, "ABORTED")) throw error;
      return { tag, error };
    }
  };
  yield* inOrder(wanted(from.tags(options), tags), TAGS_AT_ONCE, copyTag, { salvage: true });
}

async function* wanted(tags: AsyncIterable<string>, isWanted: (tag: string) => boolean): AsyncIterable<string> {
  for await (const tag of tags) if (isWanted(tag)) yield tag;
}
