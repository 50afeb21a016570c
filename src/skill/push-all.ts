/** Sends a whole store, or the part of it that is asked for, to a registry. */
import { SkillError, throwIfAborted } from "../errors.ts";
import { LATEST, type LifecycleState } from "../lifecycle/index.ts";
import { parseReference, withTag, type Digest, type Reference } from "../oci/index.ts";
import { inOrder } from "../store/in-order.ts";
import type { EntryLister, Store } from "../store/index.ts";
import { quote } from "../text/index.ts";
import { list, type SkillSummary } from "./list.ts";
import { outcomeOf } from "./outcome.ts";
import { ownSignal } from "./own-signal.ts";
import { push, type PushResult, type PushSkillOptions } from "./push.ts";

export interface PushAllOptions extends PushSkillOptions {
  /** A glob over the local repository names, as for `list`. Default: all. */
  readonly name?: string;
  /** Default: every state, and images without one. */
  readonly status?: readonly LifecycleState[];
  /** How many images are pushed at once, over the connections that there are. Default: 12. */
  readonly concurrency?: number;
}

/** What became of one local image; `source` is its reference. */
export type PushOutcome =
  | { readonly source: string; readonly result: PushResult }
  | { readonly source: string; readonly error: SkillError };

/**
 * Pushes every tagged image of `from` to `<prefix>/<name>:<tag>`, where the name is the last segment of its repository, and
 * yields each outcome in the order of {@link list}. One that fails does not stop the others; being cancelled (`ABORTED`) and
 * faults that are no {@link SkillError} end the iteration, after the outcomes of what was done by then. Images that would get one name
 * fail with `CONFLICT`, all of them, and nothing of them is sent. `latest` is not pushed where it names a version that is: it
 * follows at the target.
 */
export async function* pushAll(
  from: Store & Partial<EntryLister>,
  to: Store,
  prefix: string,
  options: PushAllOptions = {},
): AsyncIterable<PushOutcome> {
  const { name, status, concurrency = 12, ...pushOptions } = options;
  const filters = { ...(name === undefined ? {} : { name }), ...(status === undefined ? {} : { status }) };
  const rows: SkillSummary[] = [];
  for await (const row of list(from, { ...options, ...filters })) if (row.tag !== undefined) rows.push(row);
  const pushed = withoutLatest(rows);
  const claims = new Claims(pushed, prefix);
  const pushRow = async (row: SkillSummary): Promise<PushOutcome> => {
    throwIfAborted(options.signal);
    const source = row.reference;
    const work = async (): Promise<PushResult> => {
      const target = targetOf(row, prefix);
      const own = { ...pushOptions, ...ownSignal(options.signal) };
      return claims.take(row, () => push(from, to, parseReference(source), target, own));
    };
    return { source, ...(await outcomeOf(work)) };
  };
  yield* inOrder(pushed, concurrency, pushRow, { salvage: true });
}

/** `latest` goes on by itself where its image has another tag, too. */
function withoutLatest(rows: readonly SkillSummary[]): readonly SkillSummary[] {
  const key = ({ repository, digest }: SkillSummary): `${string} ${Digest}` => `${repository} ${digest}`;
  const others = new Set(rows.filter(({ tag }) => tag !== LATEST).map(key));
  return rows.filter((row) => row.tag !== LATEST || !others.has(key(row)));
}

/** Throws `REFERENCE_INVALID`, as for a name that is too long behind the prefix. */
function targetOf(row: SkillSummary, prefix: string): Reference {
  return withTag(parseReference(repositoryAt(row, prefix)), row.tag ?? "");
}

function repositoryAt({ repository }: SkillSummary, prefix: string): string {
  return `${prefix.replace(/\/$/, "")}/${repository.slice(repository.lastIndexOf("/") + 1)}`;
}

/** Who gets which name at the target: images of their own only; of one image that has it twice, one after the other. */
class Claims {
  readonly #prefix: string;
  readonly #rows = new Map<string, SkillSummary[]>();
  readonly #done = new Map<string, Promise<unknown>>();

  constructor(rows: readonly SkillSummary[], prefix: string) {
    this.#prefix = prefix;
    for (const row of rows) {
      const name = this.#nameOf(row);
      const claimants = this.#rows.get(name) ?? [];
      this.#rows.set(name, claimants);
      claimants.push(row);
    }
  }

  async take<R>(row: SkillSummary, work: () => Promise<R>): Promise<R> {
    const { reference, digest } = row;
    const text = this.#nameOf(row);
    const rival = this.#rows.get(text)?.find((other) => other.digest !== digest);
    if (rival !== undefined) {
      throw new SkillError("CONFLICT", `${quote(reference)} and ${quote(rival.reference)} would both be ${text}`, {
        hint: `Neither is pushed. Push each under a name of its own: skillctl push ${reference} <remote>`,
      });
    }
    const earlier = this.#done.get(text);
    const done = earlier === undefined ? work() : earlier.then(work, work);
    this.#done.set(text, done);
    return done;
  }

  /** Not as a reference: of names that are none at the target, each fails by itself. */
  #nameOf(row: SkillSummary): string {
    return `${repositoryAt(row, this.#prefix)}:${row.tag}`;
  }
}
