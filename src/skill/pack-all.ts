import { SkillError, throwIfAborted } from "../errors.ts";
import { inOrder } from "../store/in-order.ts";
import type { Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { outcomeOf } from "./outcome.ts";
import { pack, type PackOptions, type PackResult } from "./pack.ts";

/** What became of one directory. */
export type PackOutcome =
  | { readonly directory: string; readonly result: PackResult }
  | { readonly directory: string; readonly error: SkillError };

export interface PackAllOptions extends PackOptions {
  /** How many directories are packed at once. Default: 8, which keeps the disk's flushes overlapping. */
  readonly concurrency?: number;
}

/**
 * Packs several directories, in parallel, and yields each outcome in the order of `directories`. One that fails does not
 * stop the others; only being cancelled (`ABORTED`) and faults that are no {@link SkillError} end the iteration, after the
 * outcomes of what was done by then.
 */
export async function* packAll(
  directories: readonly string[],
  store: Store,
  options: PackAllOptions = {},
): AsyncIterable<PackOutcome> {
  const { concurrency = 8, ...packOptions } = options;
  const targets = new Map<string, string>();
  const packed = async (directory: string): Promise<PackOutcome> => {
    throwIfAborted(options.signal);
    const onTarget = (reference: string): void => claim(targets, reference, directory);
    return { directory, ...(await outcomeOf(() => pack(directory, store, { ...packOptions, onTarget }))) };
  };
  yield* inOrder(directories, concurrency, packed, { salvage: true });
}

/** Of two directories with one name and version only one could be kept, by chance. */
function claim(targets: Map<string, string>, reference: string, directory: string): void {
  const other = targets.get(reference);
  if (other !== undefined) {
    throw new SkillError("CONFLICT", `${quote(other)} and ${quote(directory)} are both ${reference}`, {
      hint: "Give one of them another name or version.",
    });
  }
  targets.set(reference, directory);
}
