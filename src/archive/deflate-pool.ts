import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { BLOCK_SIZE, deflateBlock, MAX_DEFLATED } from "./deflate-block.ts";
import type { DeflateJob } from "./deflate-worker.ts";

/** Room for a block and for what it is compressed to; shared with the worker threads when there are any. */
export interface Slot {
  readonly block: Uint8Array;
  readonly output: Uint8Array;
}

interface Task extends DeflateJob {
  readonly done: (result: Uint8Array) => void;
  readonly failed: (error: unknown) => void;
}

interface PoolWorker {
  readonly thread: Worker;
  /** What it was sent and has not answered, oldest first. */
  readonly tasks: Task[];
}

// A worker makes next to no garbage; without a limit it would keep a large nursery for it.
const WORKER_MEMORY = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 } as const;

/**
 * Compresses blocks in worker threads. A pool that cannot have workers (bundled elsewhere, run from source, threads
 * refused by the system), or whose workers die, compresses in this thread; the bytes are the same either way.
 */
export class DeflatePool {
  /** How many blocks it pays to hand over before waiting for the first: two for each worker, one without. */
  readonly depth: number;
  readonly #workers: PoolWorker[] = [];
  readonly #spare: Slot[] = [];

  /** Starts `workers` threads; none when `worker`, the compiled worker file, is not to be found. */
  constructor(workers: number, worker: URL | undefined = workerFile()) {
    for (let index = 0; worker !== undefined && index < workers; index++) this.#start(worker);
    this.depth = Math.max(1, this.#workers.length * 2);
  }

  /** A slot whose block is to be filled; {@link deflate} takes it back. */
  slot(): Slot {
    return this.#spare.pop() ?? { block: this.#room(BLOCK_SIZE), output: this.#room(MAX_DEFLATED) };
  }

  /** Compresses the first `length` bytes of the slot's block. The slot may not be touched after that. */
  async deflate(slot: Slot, length: number): Promise<Uint8Array> {
    const result = await this.#assign({ ...slot, length });
    this.#spare.push(slot);
    return result;
  }

  /** Stops the threads. Blocks that are under way are dropped. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map(({ thread }) => thread.terminate()));
  }

  #room(size: number): Uint8Array {
    return this.depth === 1 ? Buffer.allocUnsafeSlow(size) : new Uint8Array(new SharedArrayBuffer(size));
  }

  #assign(job: DeflateJob): Promise<Uint8Array> {
    const idlest = this.#workers.reduce<PoolWorker | undefined>(
      (a, b) => (a && a.tasks.length <= b.tasks.length ? a : b),
      undefined,
    );
    if (idlest === undefined) return inline(job);
    return new Promise((done, failed) => {
      idlest.tasks.push({ ...job, done, failed });
      idlest.thread.ref();
      idlest.thread.postMessage(job);
    });
  }

  #start(file: URL): void {
    const thread = new Worker(file, { execArgv: [], resourceLimits: WORKER_MEMORY });
    const worker: PoolWorker = { thread, tasks: [] };
    thread.unref();
    thread.on("message", (length: number) => {
      const task = worker.tasks.shift();
      task?.done(task.output.slice(0, length));
      if (worker.tasks.length === 0) thread.unref();
    });
    thread.on("error", () => this.#drop(worker));
    thread.on("exit", () => this.#drop(worker));
    this.#workers.push(worker);
  }

  /** A worker died: what it had not answered is done here. */
  #drop(worker: PoolWorker): void {
    const index = this.#workers.indexOf(worker);
    if (index === -1) return;
    this.#workers.splice(index, 1);
    for (const task of worker.tasks.splice(0)) inline(task).then(task.done, task.failed);
  }
}

/** Lets other work have its turn first: a block takes some twenty milliseconds. */
async function inline({ block, length, output }: DeflateJob): Promise<Uint8Array> {
  await new Promise((resume) => setImmediate(resume));
  return Uint8Array.from(output.subarray(0, deflateBlock(block.subarray(0, length), output)));
}

/** Finds the compiled worker: beside this module, or from where a bundle of the command lies (`dist/cli/`). */
function workerFile(): URL | undefined {
  for (const place of ["./deflate-worker.js", "../archive/deflate-worker.js"]) {
    const url = new URL(place, import.meta.url);
    if (url.protocol === "file:" && existsSync(fileURLToPath(url))) return url;
  }
  return undefined;
}
