/** Events for a program elsewhere: in their order, again and again until it has them. */
import type { RegistryEvent } from "../../registry/events.ts";
import type { Log } from "../log.ts";
import { deliver, type Message, type Target } from "./delivery.ts";

/** Events that wait for one target; beyond that, new ones are dropped. */
const MOST_WAITING = 10_000;
const ATTEMPTS = 10;
/** Milliseconds before the second attempt; each further one waits twice as long, up to the longest. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 5 * 60_000;

export interface WebhookOptions extends Target {
  /** Default: all kinds. */
  readonly events?: readonly RegistryEvent["kind"][];
  /** Only repositories in this namespace. */
  readonly namespace?: string;
  readonly log: Log;
  readonly onOutcome?: (outcome: "delivered" | "failed" | "dropped") => void;
  readonly now?: () => number;
  /** Waits; rejects or resolves at once when the signal fires. */
  readonly pause?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export class Webhook {
  readonly #options: WebhookOptions;
  readonly #waiting: Message[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: WebhookOptions) {
    this.#options = options;
  }

  /** Whether one with these options would tell the same target of the same events in the same way. */
  isLike(options: WebhookOptions): boolean {
    return identityOf(options) === identityOf(this.#options);
  }

  /** Takes an event if it is wanted. What waits is kept in memory: it does not outlive the process. */
  accept(event: RegistryEvent): void {
    if (!this.#wants(event) || this.#stop.signal.aborted) return;
    if (this.#waiting.length >= MOST_WAITING) {
      this.#options.onOutcome?.("dropped");
      this.#options.log.error(
        { target: this.#options.url.host, event: event.id },
        "a webhook is too far behind; an event is dropped",
      );
      return;
    }
    this.#waiting.push({ id: event.id, kind: event.kind, body: JSON.stringify(event) });
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  /** Gives what waits a last chance to be delivered, for so many milliseconds. */
  async close(within: number): Promise<void> {
    const timer = setTimeout(() => this.#stop.abort(), within);
    await this.#running;
    clearTimeout(timer);
    this.#stop.abort();
    const { log, onOutcome, url } = this.#options;
    const lost = this.#waiting.splice(0).length;
    if (lost === 0) return;
    for (let each = 0; each < lost; each += 1) onOutcome?.("dropped");
    log.error({ target: url.host, events: lost }, "a webhook ended before its target had everything");
  }

  #wants({ kind, repository }: RegistryEvent): boolean {
    const { events, namespace } = this.#options;
    const isKind = events === undefined || events.includes(kind);
    return isKind && (namespace === undefined || repository === namespace || repository.startsWith(`${namespace}/`));
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting[0]; next !== undefined && !this.#stop.signal.aborted; next = this.#waiting[0]) {
      if (await this.#deliver(next)) this.#waiting.shift();
    }
  }

  /** Resolves to whether it is done with, delivered or dropped. */
  async #deliver(message: Message): Promise<boolean> {
    const { log, onOutcome, url, now = Date.now, pause = wait } = this.#options;
    for (let attempt = 1; !this.#stop.signal.aborted; attempt++) {
      try {
        await deliver(this.#options, message, { now: now(), signal: this.#stop.signal });
        onOutcome?.("delivered");
        return true;
      } catch (error) {
        const isLast = attempt >= ATTEMPTS;
        onOutcome?.(isLast ? "dropped" : "failed");
        log[isLast ? "error" : "warn"](
          { target: url.host, event: message.id, attempt, err: error },
          "a webhook was not delivered",
        );
        if (isLast) return true;
        await pause(Math.min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE), this.#stop.signal);
      }
    }
    return false;
  }
}

function identityOf({ url, secret, allowPrivate, events, namespace }: WebhookOptions): string {
  return JSON.stringify([url, secret, allowPrivate, events, namespace]);
}

function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    timer.unref();
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
