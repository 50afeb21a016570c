/**
 * The entries of an index, found in its text when they are asked for.
 *
 * To make ten thousand objects takes longer than all else that moving one tag does; to look for one name in the text takes
 * less than a millisecond. It works on a text in which every quotation mark begins or ends a string, and a name stands nowhere but
 * in an entry: that is what `index-text.ts` has checked.
 */
import { Annotation } from "../../oci/index.ts";
import { WrittenEntry, type WrittenIndex } from "../held-entry.ts";
import type { Rows } from "../rows.ts";

/** What ends one entry and begins the next. */
const NEXT = ',{"mediaType":"';
const NAME = `"${Annotation.refName}":"`;
/** Who asks for more names than this shall have a table of them. */
const MAX_SEARCHES = 16;

export class TextRows implements Rows {
  readonly index: WrittenIndex;
  /** Where the first entry begins in the index. */
  readonly start: number;
  /** What comes after the last. */
  readonly end: number;
  readonly #found = new Map<string, readonly WrittenEntry[]>();
  #table: Map<string, WrittenEntry[]> | undefined;

  constructor(index: WrittenIndex, start: number, end: number) {
    this.index = index;
    this.start = start;
    this.end = end;
  }

  named(name: string): readonly WrittenEntry[] {
    if (this.#table !== undefined) return this.#table.get(name) ?? [];
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    if (this.#found.size >= MAX_SEARCHES) {
      this.#table = this.#makeTable();
      return this.named(name);
    }
    const found = [...this.#find(`${NAME}${escaped(name)}"`)];
    this.#found.set(name, found);
    return found;
  }

  beginning(prefix: string): Iterable<WrittenEntry> {
    return prefix === "" ? this : this.#find(`${NAME}${escaped(prefix)}`);
  }

  *[Symbol.iterator](): Generator<WrittenEntry, void, undefined> {
    for (let start = this.start; start < this.end;) {
      const entry = this.#entryAt(start, this.index.text.indexOf(NAME, start));
      yield entry;
      start = entry.end + 1;
    }
  }

  *#find(wanted: string): Generator<WrittenEntry, void, undefined> {
    const { text } = this.index;
    for (let at = text.indexOf(wanted, this.start); at >= 0; at = text.indexOf(wanted, at + 1)) {
      // A comma and a brace stand between two entries only; an object of annotations may begin as an entry does.
      const before = text.lastIndexOf(NEXT, at);
      yield this.#entryAt(before < this.start ? this.start : before + 1, at);
    }
  }

  /** The entry that begins at `start` and bears its name at `name`. */
  #entryAt(start: number, name: number): WrittenEntry {
    const { text } = this.index;
    const next = text.indexOf(NEXT, name);
    const begin = name + NAME.length;
    return new WrittenEntry(text.slice(begin, text.indexOf('"', begin)), this.index, start, next < 0 ? this.end : next);
  }

  #makeTable(): Map<string, WrittenEntry[]> {
    const table = new Map<string, WrittenEntry[]>();
    for (const entry of this) {
      const twins = table.get(entry.name);
      if (twins === undefined) table.set(entry.name, [entry]);
      else twins.push(entry);
    }
    return table;
  }
}

/** A text as it would stand in JSON; with anything to escape in it, it stands nowhere in an index of this form. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
