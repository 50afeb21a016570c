/** A piece of fewer bytes is small, and so many small ones, one after the other, are put together. */
const SMALL = 1024;
const MANY = 256;

/**
 * Bytes that are kept as they come until all are there. Whoever sends chooses how: a piece of one byte that is kept for itself takes
 * four hundred, so what comes in very small ones is put together on the way. Pieces must not change meanwhile.
 */
export class Pieces {
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  /** How many small ones came last. */
  #small = 0;

  get size(): number {
    return this.#size;
  }

  add(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#size += piece.byteLength;
    this.#small = piece.byteLength < SMALL ? this.#small + 1 : 0;
    if (this.#small < MANY) return;
    this.#small = 0;
    this.#pieces.push(joined(this.#pieces.splice(-MANY)));
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

function joined(
  pieces: readonly Uint8Array[],
  size = pieces.reduce((sum, each) => sum + each.byteLength, 0),
): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.byteLength;
  }
  return bytes;
}
