/**
 * Takes an upload's bytes as they come, and makes parts of them that S3 accepts. Two parts are in memory at most: one that
 * is sent, and one that fills. What is too small for a part becomes an object of its own, the tail, until more comes.
 */
import { Pieces, readAll } from "../../../content/index.ts";
import { SkillError } from "../../../errors.ts";
import type { S3Bucket } from "./bucket.ts";
import type { Leftovers } from "./leftovers.ts";
import type { HeldUpload } from "./upload-records.ts";

/** What S3 takes as a part that is not the last, at least, in bytes. */
const LEAST_PART = 5 * 1024 * 1024;
/** How many parts S3 takes. */
const MOST_PARTS = 10_000;
/** Parts grow, so that there are enough of them for the largest object that S3 takes, and small blobs need little memory. */
const PARTS_OF_A_SIZE = 2000;

export class PartWriter {
  readonly #held: HeldUpload;
  readonly #bucket: S3Bucket;
  readonly #leftovers: Leftovers;
  #buffered = new Pieces();
  /** Bytes that are in parts, or on their way into one. */
  #inParts: number;
  #parts: number;
  #sending: Promise<void> = Promise.resolve();
  #isNew = false;

  constructor(held: HeldUpload, bucket: S3Bucket, leftovers: Leftovers) {
    this.#held = held;
    this.#bucket = bucket;
    this.#leftovers = leftovers;
    this.#inParts = held.record.offset - held.record.tailSize;
    this.#parts = held.record.parts.length;
  }

  /** Takes the tail back into memory, before anything is written. */
  async resume(): Promise<void> {
    const { tail } = this.#held.record;
    if (tail === undefined) return;
    this.#buffered.add(await readAll(this.#bucket.read(tail)));
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.byteLength === 0) return;
    this.#buffered.add(chunk);
    this.#isNew = true;
    if (this.#buffered.size >= LEAST_PART * 2 ** Math.floor(this.#parts / PARTS_OF_A_SIZE)) await this.#flush();
  }

  /** Waits until everything is in the bucket, and on record. */
  async end(): Promise<void> {
    await this.#sending;
    const { size } = this.#buffered;
    if (size === 0 || !this.#isNew) return this.#held.touch();
    const object = await this.#leftovers.announce();
    await this.#bucket.put(object, this.#buffered.whole());
    await this.#held.setTail(object, size, this.#inParts + size);
  }

  /** Sends what is in memory as a part, which may be the last one. */
  async #flush(): Promise<void> {
    await this.#sending;
    const bytes = this.#buffered.whole();
    this.#buffered = new Pieces();
    this.#isNew = false;
    this.#parts += 1;
    this.#inParts += bytes.byteLength;
    const [number, size] = [this.#parts, this.#inParts];
    if (number >= MOST_PARTS) throw new SkillError("ARCHIVE_LIMIT", `S3 takes no blob of more than ${size} bytes`);
    this.#sending = this.#send(number, bytes, size);
    // Awaited before the next part, or at the end; a rejection before that must not count as unhandled.
    this.#sending.catch(() => undefined);
  }

  async #send(number: number, bytes: Uint8Array, size: number): Promise<void> {
    const { object, multipart } = await this.#multipart();
    const tag = await this.#bucket.putPart({ object, multipart, number }, bytes);
    await this.#held.addPart(tag, size);
  }

  async #multipart(): Promise<{ readonly object: string; readonly multipart: string }> {
    const { record } = this.#held;
    if (record.object !== undefined && record.multipart !== undefined) {
      return { object: record.object, multipart: record.multipart };
    }
    const object = await this.#leftovers.announce({ isMultipart: true });
    const multipart = await this.#bucket.beginMultipart(object);
    await this.#held.setMultipart(object, multipart);
    return { object, multipart };
  }
}
