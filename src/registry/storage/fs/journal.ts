/**
 * Changes of several small files, all or none, whatever happens.
 *
 * What is to change is first written to a journal and flushed; with that it is done. Then the files are put in their places,
 * where readers find them, and flushed later, many at once; then the journal is not needed any more. After a crash it is
 * played again. Changes that come while one write of the journal is under way wait together and go into the next as one: the
 * more writers there are, the fewer flushes each of them costs.
 */
import { absentAsUndefined } from "../../../errno.ts";
import { SkillError } from "../../../errors.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { isUnopened } from "../../../store/layout/failure.ts";
import { limiter } from "../../../store/limiter.ts";
import { encodeChanges, pathOf, type FileChange } from "./changes.ts";
import type { RegistryPaths } from "./paths.ts";
import { Segments } from "./segments.ts";
import { ChangeStage, type StagedChanges } from "./staged-changes.ts";

/** The journal is cleared when so many files were written, or so many milliseconds after the first. */
const MANY = 2048;
const DELAY = 2000;

interface Pending {
  readonly line: string;
  readonly staged: StagedChanges;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface JournalOptions {
  /** Called when changes were made whose caller was told that they failed. */
  readonly changedLate: () => void;
  /** Throws when somebody else changes repositories by now: what this process kept may be of yesterday. */
  readonly mayStill: () => Promise<void>;
}

export class Journal {
  readonly #disk: Disk<RegistryPaths>;
  readonly #segments: Segments;
  readonly #stage: ChangeStage;
  readonly #options: JournalOptions;
  #pending: Pending[] = [];
  /** What is in the journal but could not be put in its place. Nothing is written before it is. */
  #unapplied: StagedChanges[] = [];
  #settling: Promise<void> | undefined;
  #running: Promise<void> | undefined;
  #clearing: Promise<void> | undefined;
  #isClearingDue = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  /** A failed flush may have dropped what it was to write: from then on the journal is kept until it is played again. */
  #mustStay = false;

  constructor(disk: Disk<RegistryPaths>, options: JournalOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#segments = new Segments(disk);
    this.#stage = new ChangeStage(disk);
  }

  /** Plays what a crash left. To be called once, before anything else, by the only process that writes. */
  async replay(): Promise<void> {
    const last = new Map((await this.#segments.load()).map((change) => [pathOf(change), change]));
    for (const change of last.values()) await (await this.#stage.stage([change])).apply();
    await this.#clear();
  }

  /**
   * Makes what a failing disk kept (see {@link commit}), and takes from the journal what it says for nothing. To be waited for
   * before anything is decided by what is in its place now: otherwise what was decided is written after what it knew nothing
   * of. Throws while the disk still fails.
   */
  async settle(): Promise<void> {
    // What fails at this moment is not decided on: whoever waits here has its lock.
    if (!this.isSettled) await this.#settled();
  }

  /** Whether there is nothing to {@link settle}. */
  get isSettled(): boolean {
    return this.#unapplied.length === 0 && !this.#segments.isTorn;
  }

  /**
   * Makes changes; resolves when they are on the disk and in their places. When it rejects, nothing was changed; but a
   * disk that failed at the last step may have kept them, and then they are made when it works again.
   */
  async commit(changes: readonly FileChange[]): Promise<void> {
    if (changes.length === 0) return;
    const staged = await this.#stage.stage(changes);
    if (this.#isClosed) {
      await staged.discard();
      // Somebody else may have the directory by now.
      throw new SkillError("STORE_LOCKED", "the registry is closed", {
        hint: "The server ends; ask it again when it is back.",
      });
    }
    return new Promise((resolve, reject) => {
      this.#pending.push({ line: encodeChanges(changes), staged, resolve, reject });
      this.#start();
    });
  }

  /** Waits for what is under way, refuses what comes later, and clears the journal if it can. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#running;
    await this.#clearing;
    // Or whoever opens it next makes what somebody was told is not done.
    await this.#settled().catch(ignore);
    clearTimeout(this.#timer);
    await this.#cut();
    await this.#clearing;
    await this.#segments.end();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 || this.#isClearingDue) {
      const group = this.#pending;
      this.#pending = [];
      if (group.length > 0) await this.#write(group);
      if (this.#isClearingDue || this.#stage.size >= MANY) await this.#cut();
      else this.#clearLater();
    }
  }

  async #write(group: readonly Pending[]): Promise<void> {
    try {
      await this.#settled();
      // Whoever was suspended for long has lost it, and has not heard of that.
      await this.#options.mayStill();
      await this.#segments.append(group.map(({ line }) => line).join(""));
    } catch (error) {
      await Promise.all(group.map(async ({ staged }) => staged.discard()));
      for (const { reject } of group) reject(error);
      return;
    }
    await Promise.all(group.map(async (pending) => this.#apply(pending)));
  }

  async #settled(): Promise<void> {
    this.#settling ??= this.#applyLate().finally(() => (this.#settling = undefined));
    return this.#settling;
  }

  async #applyLate(): Promise<void> {
    if (this.isSettled) return;
    await this.#options.mayStill();
    for (let first = this.#unapplied[0]; first !== undefined; first = this.#unapplied[0]) {
      // Also when it fails again: some of it may be in its place by then.
      await first.apply().finally(this.#options.changedLate);
      this.#unapplied.shift();
      this.#clearLater();
    }
    await this.#segments.mend();
  }

  async #apply({ staged, resolve, reject }: Pending): Promise<void> {
    try {
      await staged.apply();
      resolve();
    } catch (error) {
      this.#unapplied.push(staged);
      reject(error);
    }
  }

  #clearLater(): void {
    if (!this.#isClosed) this.#timer ??= setTimeout(() => this.#clearSoon(), DELAY).unref();
  }

  #clearSoon(): void {
    this.#timer = undefined;
    this.#isClearingDue = true;
    this.#start();
  }

  /** Between two groups: ends the segment, so that all that the old ones say is in its place, and begins to clear them. */
  async #cut(): Promise<void> {
    this.#isClearingDue = false;
    if (this.#clearing !== undefined) return this.#clearLater();
    if (this.#mustStay || this.#unapplied.length > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#segments.end().catch(ignore);
    this.#clearing = this.#clear()
      // Nobody may write any more who would bring it about again.
      .catch(() => this.#clearLater())
      .finally(() => (this.#clearing = undefined));
  }

  /** Flushes what the old segments say, and removes them. */
  async #clear(): Promise<void> {
    const old = this.#segments.takeOld();
    const touched = this.#stage.takeTouched();
    try {
      const limit = limiter(8);
      await Promise.all([...touched.files].map((path) => limit(async () => this.#flush(path))));
      await Promise.all([...touched.directories].map((path) => limit(async () => this.#flushNames(path))));
      await this.#segments.remove(old);
    } catch (error) {
      this.#segments.keep(old);
      this.#stage.giveBack(touched);
      throw error;
    }
  }

  async #flush(path: string): Promise<void> {
    const file = await this.#disk.fs.open(path).catch(absentAsUndefined);
    if (file === undefined) return;
    try {
      await this.#orStay(file.sync());
    } finally {
      await file.close();
    }
  }

  async #flushNames(directory: string): Promise<void> {
    await this.#orStay(this.#disk.syncDirectory(directory));
  }

  async #orStay(flushed: Promise<void>): Promise<void> {
    try {
      await flushed;
    } catch (error) {
      if (!isUnopened(error)) this.#mustStay = true;
      throw error;
    }
  }
}

function ignore(): void {
  // The journal stays, so nothing is lost; who writes meets the same disk.
}
