/**
 * Kills processes at work in a store.
 *
 * Most of a short command's life goes by before it touches the store, so killing at random times alone would rarely hit
 * what matters. Every temporary file of a store is named for its owner, the process number first; so the killer sees
 * who is writing and strikes after some random number of steps, or, for the rest of a command's life, after some time.
 */
import type { ChildProcess } from "node:child_process";
import { watch, type FSWatcher } from "node:fs";
import { join } from "node:path";

/** Steps are creations and renames of temporary files: a pack has about ten, a change of tags four. */
const MAX_STEPS = 12;

export class Killer {
  readonly #random: () => number;
  readonly #watcher: FSWatcher;
  /** What to do when a process takes its next step, by process number. */
  readonly #steps = new Map<number, () => void>();
  /** How long the last command lived, in milliseconds. */
  #lifetime = 500;

  /** `store` must exist and have been written. */
  constructor(store: string, random: () => number) {
    this.#random = random;
    this.#watcher = watch(join(store, ".skillimage", "tmp"));
    this.#watcher.on("change", (_, name) => this.#steps.get(Number.parseInt(String(name), 10))?.());
  }

  /** Lets a third of the processes live; decides for the others when they die, by SIGKILL, unless they end before. */
  stalk(child: ChildProcess): void {
    const started = performance.now();
    const kill = (): unknown => child.kill("SIGKILL");
    const fate = this.#random();
    const timer = fate < 1 / 6 ? setTimeout(kill, this.#random() * this.#lifetime) : undefined;
    if (fate > 1 / 2) {
      let left = Math.floor(this.#random() * MAX_STEPS);
      this.#steps.set(child.pid ?? 0, () => left-- === 0 && kill());
    }
    child.on("exit", () => {
      clearTimeout(timer);
      this.#steps.delete(child.pid ?? 0);
      this.#lifetime = performance.now() - started;
    });
  }

  close(): void {
    this.#watcher.close();
  }
}
