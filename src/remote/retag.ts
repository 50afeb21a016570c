/**
 * Tag changes in a registry, which has no such request: neither several changes at once nor one that depends on what a tag
 * names. So everything that is expected is looked at first, tags are set before others are removed, and afterwards it is
 * made sure that nobody else came between: by the removal of an expected tag, which only one of several can succeed in,
 * or by looking again. Registries that know conditional requests are sent those as well.
 */
import { isSkillError, SkillError, throwIfAborted } from "../errors.ts";
import { isDigest, isTag, type Descriptor, type Digest } from "../oci/index.ts";
import { receiveDocument } from "../store/read.ts";
import type { OperationOptions, RetagOptions, TagChange } from "../store/types.ts";
import { quote } from "../text/index.ts";
import type { Documents } from "./documents.ts";
import { deleteManifest, headManifest } from "./manifests.ts";
import { hasStatus } from "./registry-error.ts";
import { isRefusedRemoval, TagsRemainError } from "./tags-remain.ts";

/** Makes the changes as `Tagger.retag` says. Calls for one repository must not run at the same time. */
export async function retag(
  documents: Documents,
  changes: readonly TagChange[],
  { between, onUnsure, ...options }: RetagOptions,
): Promise<void> {
  return new Retagging(documents, options).run(changes, between, onUnsure);
}

/** A change that sets a name. */
type Setting = TagChange & { readonly to: Descriptor };

class Retagging {
  readonly #documents: Documents;
  readonly #options: OperationOptions;
  /** What names were found to stand for; `null`: nothing. */
  readonly #found = new Map<string, Digest | null>();

  constructor(documents: Documents, options: OperationOptions) {
    this.#documents = documents;
    this.#options = options;
  }

  async run(
    changes: readonly TagChange[],
    between: RetagOptions["between"],
    onUnsure: RetagOptions["onUnsure"],
  ): Promise<void> {
    for (const change of changes) this.#checkName(change);
    throwIfAborted(this.#options.signal);
    await Promise.all(changes.map(async (change) => this.#checkExpected(change)));
    const set: Setting[] = [];
    for (const change of changes) {
      if (isSetting(change) && (await this.#set(change))) set.push(change);
    }
    await between?.();
    // A registry keeps a manifest until it is deleted, so that a digest names nothing any more is not for it to do.
    const removals = changes.filter(({ name, to }) => to === undefined && !isDigest(name));
    const { isSole, refused } = await this.#removeAll(removals);
    const guarded = set.filter(({ name, expect }) => expect !== undefined && !isDigest(name));
    if (!isSole) await Promise.all(guarded.map(async (change) => this.#checkStill(change)));
    if (refused !== undefined) throw refused;
    if (!isSole && removals.some(({ expect }) => typeof expect === "string")) onUnsure?.();
  }

  #checkName({ name, to }: TagChange): void {
    if (!isTag(name) && !isDigest(name)) {
      throw new SkillError("REFERENCE_INVALID", `${quote(name)} is neither a tag nor a digest`);
    }
    if (isDigest(name) && to !== undefined && to.digest !== name) {
      throw new SkillError("REFERENCE_INVALID", `${name} cannot name ${to.digest}: a digest names only itself`);
    }
  }

  async #checkExpected({ name, to, expect, isSeen }: TagChange): Promise<void> {
    if (expect === undefined || (isSeen === true && to !== undefined)) return;
    // A tag that goes is looked at again right before it does; until then, what was seen a moment ago will do.
    if (to === undefined && expect !== null && this.#documents.seenTag(name) === expect) return;
    const actual = await this.#look(name);
    if (actual !== expect) throw this.#conflict(name, `is ${actual ?? "absent"}, not ${expect ?? "absent"}`);
  }

  async #look(name: string): Promise<Digest | null> {
    const actual = (await headManifest(this.#documents.repository, name, this.#options))?.digest ?? null;
    this.#found.set(name, actual);
    return actual;
  }

  /** Sets one name; tells whether anything had to be written for that. */
  async #set(change: Setting): Promise<boolean> {
    const { name, to, expect, content } = change;
    if (this.#found.get(name) === to.digest) return false;
    if (content === undefined && isDigest(name)) {
      if (this.#documents.isHeld(name) || (await this.#look(name)) !== null) return false;
    }
    const bytes = content === undefined ? await this.#bytesOf(to) : await receiveDocument(to, content);
    const condition = expect === undefined || isDigest(name) ? {} : { expect };
    try {
      await this.#documents.write(name, to, bytes, { ...this.#options, ...condition });
    } catch (error) {
      // A write that was repeated because its answer was lost may have met itself.
      if (!hasStatus(error, 412) || (await this.#look(name)) !== to.digest) throw error;
    }
    return true;
  }

  async #bytesOf(to: Descriptor): Promise<Uint8Array> {
    try {
      return (await this.#documents.read(to.digest, this.#options)).bytes;
    } catch (error) {
      if (!isSkillError(error, "NOT_FOUND")) throw error;
      const { name } = this.#documents.repository;
      throw new SkillError(
        "BLOB_MISSING",
        `${to.digest} (${to.mediaType}) is not in ${name}; a tag would point at it`,
        {
          hint: "Push what a manifest refers to before the manifest, and the manifest before its tag.",
          cause: error,
        },
      );
    }
  }

  /**
   * Removes tags. `isSole`: one that was expected was removed by nobody else, so nobody else can have made these changes.
   * `refused`: the registry did not remove some.
   */
  async #removeAll(
    removals: readonly TagChange[],
  ): Promise<{ readonly isSole: boolean; readonly refused: TagsRemainError | undefined }> {
    const remaining: string[] = [];
    let isSole = false;
    let cause: unknown;
    for (const change of removals) {
      if (change.expect === null || this.#found.get(change.name) === null) continue;
      try {
        if (await this.#remove(change)) isSole = true;
      } catch (error) {
        if (!isRefusedRemoval(error)) throw error;
        remaining.push(change.name);
        cause = error;
      }
    }
    const { name } = this.#documents.repository;
    return { isSole, refused: remaining.length === 0 ? undefined : new TagsRemainError(name, remaining, cause) };
  }

  /**
   * Removes one tag; tells whether that proves that nobody else did. Throws `CONFLICT` when somebody else was first. A tag that
   * was given to another image meanwhile is that image's, and stays.
   */
  async #remove({ name, expect }: TagChange): Promise<boolean> {
    const { repository } = this.#documents;
    if (expect === undefined || expect === null) {
      await deleteManifest(repository, name, this.#options);
      return false;
    }
    const actual = await this.#look(name);
    if (actual !== null && actual !== expect) return false;
    const { found, isRepeated } = actual === null ? GONE : await this.#removeExpected(name, expect);
    if (isRepeated) return false;
    if (!found) throw this.#conflict(name, "was removed by somebody else meanwhile");
    return true;
  }

  async #removeExpected(
    name: string,
    expect: Digest,
  ): Promise<{ readonly found: boolean; readonly isRepeated: boolean }> {
    try {
      return await deleteManifest(this.#documents.repository, name, { ...this.#options, expect });
    } catch (error) {
      // Given to another image since we looked.
      if (!hasStatus(error, 412)) throw error;
      return { found: true, isRepeated: true };
    }
  }

  async #checkStill({ name, to }: Setting): Promise<void> {
    const actual = await this.#look(name);
    if (actual === null) throw this.#conflict(name, "is not there, though it was just written");
    if (actual !== to.digest) throw this.#conflict(name, `is ${actual}: somebody else set it, too`);
  }

  #conflict(name: string, what: string): SkillError {
    const separator = isDigest(name) ? "@" : ":";
    return new SkillError("CONFLICT", `${this.#documents.repository.name}${separator}${name} ${what}`, {
      hint: "Look at it again: if it is still to be changed, repeat the command.",
    });
  }
}

/** How the removal of a tag would end that somebody else has removed. */
const GONE = { found: false, isRepeated: false };

function isSetting(change: TagChange): change is Setting {
  return change.to !== undefined;
}
