/** So many pieces are put together that have fewer bytes each, on average. */
const MANY = 256;
const SMALL = 1024;

/**
 * Bytes that are kept as they come until all are there. Whoever sends chooses how: a piece of one byte that is kept for itself takes
 * four hundred, so what comes in very small ones is put together on the way. Pieces must not change meanwhile.
 */
export class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  /** How many came last, of which it is not decided yet, and how many bytes were there before them. */
  #open = 0;
  #before = 0;

  get size(): number {
    return this.#size;
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#size += piece.byteLength;
    this.#open += 1;
    if (this.#open < MANY) return;
    const size = this.#size - this.#before;
    if (size < MANY * SMALL) this.#pieces.push(joined(this.#pieces.splice(-MANY), size));
    this.#open = 0;
    this.#before = this.#size;
  }

  /** All of them: a copy, or what came if that was a single one. */
  whole(): Uint8Array {
    const [only] = this.#pieces;
    return only !== undefined && this.#pieces.length === 1 ? only : this.copy();
  }

  /** All of them, in memory of its own. */
  copy(): Uint8Array {
    return joined(this.#pieces, this.#size);
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
