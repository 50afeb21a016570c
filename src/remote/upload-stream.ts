/**
 * Sending content of any size in an upload session, and going on where a connection broke.
 *
 * One streamed request is what every registry takes, because docker and skopeo push so. Chunks are for those that limit
 * a request's size: when somebody asks for them, or once a registry has answered 413. What was interrupted goes on from
 * where the registry says that it is: out of the chunk at hand, or by reading the content again, if that can be done.
 */
import { isSkillError, SkillError } from "../errors.ts";
import { isRetryable } from "./http/index.ts";
import { hasStatus } from "./registry-error.ts";
import type { UploadSession } from "./upload-session.ts";
import { piecesOf, type UploadSource } from "./upload-source.ts";

/** How often an upload goes on without having got any further. */
const MOST_RESUMPTIONS = 5;
/** Bytes of a chunk where nobody said how many. */
const CHUNK = 8 * 1024 * 1024;

export interface UploadPlan {
  readonly source: UploadSource;
  /** Begins another session, for when the registry has forgotten the one before. */
  readonly begin: () => Promise<UploadSession>;
  /** Bytes of a chunk; `undefined`: one streamed request. */
  readonly chunkSize: number | undefined;
  /** Waits before going on the `times`th time without progress. */
  readonly pause: (times: number) => Promise<void>;
  /** Waits as long as a failure asks for. Throws where that is too long. */
  readonly obey: (failure: unknown) => Promise<void>;
}

export class StreamUpload {
  readonly #plan: UploadPlan;
  #session: UploadSession;
  #chunkSize: number | undefined;

  constructor(session: UploadSession, plan: UploadPlan) {
    this.#session = session;
    this.#plan = plan;
    this.#chunkSize = plan.chunkSize;
  }

  /** The session that the content is in now; it need not be the first. */
  get session(): UploadSession {
    return this.#session;
  }

  /** Sends all of the source. Throws what the source throws, and what the registry answers when there is no going on. */
  async run(): Promise<void> {
    const { source } = this.#plan;
    for (let start = 0, idle = 0; ;) {
      try {
        await this.#sendFrom(start);
        return;
      } catch (error) {
        if (source.failure !== undefined) throw source.failure.error;
        if (!source.isRereadable || idle >= MOST_RESUMPTIONS || !this.#canGoOn(error)) throw error;
        await this.#plan.obey(error);
        const held = await this.#locate(error);
        if (held > (source.size ?? Infinity)) throw hasTooMuch(held);
        idle = held > start ? 1 : idle + 1;
        start = held;
        await this.#plan.pause(idle);
      }
    }
  }

  /** Whether sending the rest could help. A request that is too large is the reason to send smaller ones. */
  #canGoOn(error: unknown): boolean {
    if (!hasStatus(error, 413) || this.#chunkSize !== undefined) return isInterruption(error);
    this.#chunkSize = CHUNK;
    return true;
  }

  /** How far the registry is. An upload that it has forgotten, or whose size it refuses, begins anew. */
  async #locate(error: unknown): Promise<number> {
    const held = hasStatus(error, 404, 413) ? undefined : await this.#session.held();
    if (held !== undefined) return held;
    if (!hasStatus(error, 404)) await this.#session.abandon();
    this.#session = await this.#plan.begin();
    return 0;
  }

  async #sendFrom(start: number): Promise<void> {
    const { source } = this.#plan;
    const content = source.read(start);
    if (this.#chunkSize === undefined) {
      const length = source.size === undefined ? undefined : source.size - start;
      if (length !== 0) return this.#session.send({ body: content, start, length });
    }
    const size = Math.max(this.#chunkSize ?? CHUNK, this.#session.minChunk);
    let at = start;
    for await (const chunk of piecesOf(content, size)) {
      await this.#sendChunk(chunk, at);
      at += chunk.byteLength;
    }
  }

  /** Sends one chunk, and what the registry misses of it again, for as long as it misses nothing else. */
  async #sendChunk(chunk: Uint8Array, start: number): Promise<void> {
    const end = start + chunk.byteLength;
    for (let at = start, idle = 0; at < end;) {
      try {
        await this.#session.send({ body: chunk.subarray(at - start), start: at, length: end - at });
        return;
      } catch (error) {
        if (idle >= MOST_RESUMPTIONS || !isInterruption(error) || hasStatus(error, 404)) throw error;
        await this.#plan.obey(error);
        const held = await this.#session.held();
        if (held === undefined || held < start || held > end) throw error;
        idle = held > at ? 1 : idle + 1;
        at = held;
        await this.#plan.pause(idle);
      }
    }
  }
}

/** A registry that counts bytes which nobody has sent. */
function hasTooMuch(held: number): SkillError {
  return new SkillError(
    "RESPONSE_INVALID",
    `cannot send a blob: the registry says that it has ${held} bytes of it, too many`,
    {
      hint: "Try again; if it stays, tell whoever runs the registry.",
    },
  );
}

/**
 * Whether an upload can go on after this: the connection broke, the registry or its token server failed for a moment, it has other
 * bytes than we thought, or wanted a new token, which was got meanwhile.
 */
function isInterruption(error: unknown): boolean {
  return hasStatus(error, 401, 404, 416) || isRetryable(error) || isSkillError(error, "REGISTRY_UNREACHABLE");
}
