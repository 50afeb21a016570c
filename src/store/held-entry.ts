/**
 * An entry of an index as it is held in memory.
 *
 * Of ten thousand entries a command looks at one or two. So an entry that stands in a text whose form was checked is read
 * when somebody asks what it says, and one that nobody changed is written again as the bytes that it is.
 */
import { Annotation, type Descriptor } from "../oci/index.ts";

/** An index as it was read: ASCII, so that a byte is a character. */
export interface WrittenIndex {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export class HeldEntry {
  /** What `org.opencontainers.image.ref.name` says. */
  readonly name: string | undefined;
  /** Where it stands written; `undefined` for an entry that is new, or that has a form of its own. */
  readonly index: WrittenIndex | undefined;
  /** Where its `{` is in the index. */
  readonly start: number;
  /** What comes after its `}`. */
  readonly end: number;
  #descriptor: Descriptor | undefined;

  private constructor(name: string | undefined, index: WrittenIndex | undefined, start: number, end: number) {
    this.name = name;
    this.index = index;
    this.start = start;
    this.end = end;
    this.#descriptor = undefined;
  }

  /** An entry that has been read, or is new. */
  static of(descriptor: Descriptor): HeldEntry {
    const entry = new HeldEntry(descriptor.annotations?.[Annotation.refName], undefined, 0, 0);
    entry.#descriptor = descriptor;
    return entry;
  }

  /** An entry of which only name and place are known. That what stands there is a sound descriptor was checked. */
  static at(name: string, index: WrittenIndex, start: number, end: number): HeldEntry {
    return new HeldEntry(name, index, start, end);
  }

  get descriptor(): Descriptor {
    return (this.#descriptor ??= JSON.parse(this.index?.text.slice(this.start, this.end) ?? "") as Descriptor);
  }
}
