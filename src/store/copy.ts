/**
 * Copying an image between any two repositories, whatever lies behind them: within a store, into it or out of it.
 *
 * Order is the safety: what a manifest refers to is stored before the manifest, the tag comes last, together with the root
 * manifest, which on a registry is one request. So a copy that is cut off leaves content that nothing names, never a
 * name without its content.
 */
import { throwIfAborted } from "../errors.ts";
import type { Descriptor } from "../oci/index.ts";
import { GraphCopy, type CopyTarget, type GraphCopyOptions } from "./graph-copy.ts";
import type { Repository } from "./types.ts";

export interface CopyOptions extends GraphCopyOptions {
  /** The name in the target, a tag or the digest itself; default: the name in the source. */
  readonly as?: string;
}

/**
 * Copies what `name` (a tag or digest) names in `from` to `to`, and names it there. Content that the target holds is
 * not sent; what the target names so already is left as it is. Rejects with what the repositories throw; then the target's
 * tags are as they were.
 */
export async function copy(
  from: Repository,
  to: Repository,
  name: string,
  options: CopyOptions = {},
): Promise<Descriptor> {
  throwIfAborted(options.signal);
  const root = await from.resolve(name, options);
  await copyImage(from, to, root, { name: options.as ?? name }, options);
  return root;
}

/** {@link copy} of an image that has been found; tells whether the target named it so already. */
export async function copyImage(
  from: Repository,
  to: Repository,
  root: Descriptor,
  target: CopyTarget,
  options: GraphCopyOptions = {},
): Promise<boolean> {
  const cancel = new AbortController();
  const signal = options.signal === undefined ? cancel.signal : AbortSignal.any([options.signal, cancel.signal]);
  const graph = new GraphCopy(from, to, { ...options, signal }, () => cancel.abort());
  return graph.deliver(root, target);
}
