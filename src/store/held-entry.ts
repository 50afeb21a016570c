/**
 * An entry of an index as it is held in memory.
 *
 * Of ten thousand entries a command looks at one or two. So an entry that stands in a text whose form was checked is read
 * when somebody asks what it says.
 */
import { Annotation, type Descriptor } from "../oci/index.ts";

/** An index as it was read: ASCII, so that a byte is a character. */
export interface WrittenIndex {
  readonly bytes: Uint8Array;
  readonly text: string;
}

export interface HeldEntry {
  /** What `org.opencontainers.image.ref.name` says. */
  readonly name: string | undefined;
  readonly descriptor: Descriptor;
}

/** An entry that has been read, or is new. */
export function heldEntry(descriptor: Descriptor): HeldEntry {
  return { name: descriptor.annotations?.[Annotation.refName], descriptor };
}

/** An entry of which only name and place are known. That what stands there is a sound descriptor was checked. */
export class WrittenEntry implements HeldEntry {
  readonly name: string;
  /** Where its `{` is in the index. */
  readonly start: number;
  /** What comes after its `}`. */
  readonly end: number;
  readonly #index: WrittenIndex;

  constructor(name: string, index: WrittenIndex, start: number, end: number) {
    this.name = name;
    this.start = start;
    this.end = end;
    this.#index = index;
  }

  /** Read at each look, as there are many entries and few that are looked at twice. */
  get descriptor(): Descriptor {
    return JSON.parse(this.#index.text.slice(this.start, this.end)) as Descriptor;
  }
}
