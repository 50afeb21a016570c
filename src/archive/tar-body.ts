import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";
import type { ByteReader } from "./byte-reader.ts";
import { invalid } from "./refusals.ts";
import { isZero } from "./tar-raw.ts";
import { paddingOf } from "./tar-header.ts";

const CHUNK = 64 * 1024;

/** The content of one entry, read from the archive itself: once, in order, and not after the reader has moved on. */
export class TarBody implements AsyncIterable<Uint8Array> {
  readonly #bytes: ByteReader;
  readonly #size: number;
  readonly #path: string;
  #left: number;
  #finished = false;

  constructor(bytes: ByteReader, size: number, path: string) {
    this.#bytes = bytes;
    this.#size = size;
    this.#path = path;
    this.#left = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (this.#finished) {
        throw new SkillError("USAGE", `the content of ${quote(this.#path)} was read after the reader had moved on`);
      }
      if (this.#left === 0) return;
      yield await this.#next();
    }
  }

  /** Skips what was not read, and checks the padding. */
  async finish(): Promise<void> {
    this.#finished = true;
    while (this.#left > 0) await this.#next();
    await expectPadding(this.#bytes, this.#size);
  }

  async #next(): Promise<Uint8Array> {
    const chunk = await this.#bytes.take(Math.min(this.#left, CHUNK));
    if (chunk === undefined) throw invalid(`it ends in the middle of ${quote(this.#path)}`);
    this.#left -= chunk.length;
    return chunk;
  }
}

/** Reads the zeros that fill up the last block of an entry. */
export async function expectPadding(bytes: ByteReader, size: number): Promise<void> {
  const padding = await bytes.need(paddingOf(size), "the padding of an entry");
  if (!isZero(padding)) throw invalid("it hides data in the padding of an entry");
}
