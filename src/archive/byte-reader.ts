import type { Content } from "../content/index.ts";
import { invalid } from "./refusals.ts";

const EMPTY = new Uint8Array(0);

/** Cuts a stream of chunks into the pieces a parser asks for, holding no more than one chunk. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = EMPTY;

  constructor(content: Content) {
    this.#source = content[Symbol.asyncIterator]();
  }

  /** The next bytes, at least one and at most `max`; `undefined` at the end. */
  async take(max: number): Promise<Uint8Array | undefined> {
    while (this.#chunk.length === 0) {
      const next = await this.#source.next();
      if (next.done === true) return undefined;
      this.#chunk = next.value;
    }
    const piece = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** Exactly `length` bytes; `undefined` at the end. Throws `ARCHIVE_INVALID` when the end comes in their midst. */
  async read(length: number, what: string): Promise<Uint8Array | undefined> {
    const first = await this.take(length);
    if (first === undefined || first.length === length) return first;
    const bytes = new Uint8Array(length);
    bytes.set(first);
    for (let offset = first.length; offset < length;) {
      const piece = await this.take(length - offset);
      if (piece === undefined) throw invalid(`it ends in the middle of ${what}`);
      bytes.set(piece, offset);
      offset += piece.length;
    }
    return bytes;
  }

  /** As {@link read}, and the end is an error too. */
  async need(length: number, what: string): Promise<Uint8Array> {
    const bytes = length === 0 ? EMPTY : await this.read(length, what);
    if (bytes === undefined) throw invalid(`it ends before ${what}`);
    return bytes;
  }

  /** Puts back the rest of the piece that was taken last. */
  unread(rest: Uint8Array): void {
    if (this.#chunk.length === 0) this.#chunk = rest;
    else if (rest.length > 0) this.#chunk = Buffer.concat([rest, this.#chunk]);
  }

  /** Tells the source that nothing more will be read, without waiting for it to clean up. */
  close(): void {
    // A source that is waiting for its network would keep us waiting too; whoever owns it cancels it.
    Promise.resolve(this.#source.return?.()).catch(() => undefined);
  }
}
