/** Memory to read a long body into, a part after the other, which is used again when all of it was given back. */
import { lend } from "../../content/index.ts";

/** In bytes: as much of what waits is read at a time, at most. */
const SLAB = 1024 * 1024;

class Slab {
  readonly memory = Buffer.allocUnsafeSlow(SLAB);
  /** Where the next bytes go. */
  end = 0;
  /** Bytes that were handed out and have not come back. */
  out = 0;
}

export class Slabs {
  readonly #least: number;
  readonly #free: Slab[] = [];
  #current: Slab | undefined;

  /** `least`: so many bytes of room are always given. */
  constructor(least: number) {
    this.#least = least;
  }

  /** Where to read to next. Nothing is handed out of it before {@link filled}. */
  room(): Uint8Array {
    let slab = this.#current;
    if (slab === undefined || SLAB - slab.end < this.#least) this.#current = slab = this.#next(slab);
    return slab.memory.subarray(slab.end);
  }

  /** Hands out the beginning of what was given as room. */
  filled({ byteLength }: Uint8Array): void {
    if (this.#current === undefined) return;
    this.#current.end += byteLength;
    this.#current.out += byteLength;
  }

  #next(full: Slab | undefined): Slab {
    const slab = full?.out === 0 ? full : (this.#free.pop() ?? this.#make());
    slab.end = 0;
    return slab;
  }

  #make(): Slab {
    const slab = new Slab();
    lend(slab.memory.buffer, (bytes) => {
      slab.out -= bytes;
      if (slab.out === 0 && slab !== this.#current) this.#free.push(slab);
    });
    return slab;
  }
}
