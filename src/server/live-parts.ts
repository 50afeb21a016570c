/** The parts of a server that a new configuration replaces while it runs: who may do what, rules, limits, quotas, webhooks. */
import { SkillError } from "../errors.ts";
import type { ServerConfig } from "./config/schema.ts";
import { createParts, type PartsOptions, type ServerParts } from "./parts.ts";

/** What only a new start changes. */
const FIXED = ["listen", "root", "storage", "log"] as const;
/** Milliseconds that webhooks have to deliver what waits when others take their place. */
const LAST_DELIVERIES = 10_000;

export class LiveParts {
  readonly #options: PartsOptions;
  #config: ServerConfig;
  #parts: ServerParts;
  #unsubscribe: () => void;
  #retiring: Promise<void> = Promise.resolve();

  private constructor(config: ServerConfig, parts: ServerParts, options: PartsOptions) {
    this.#options = options;
    this.#config = config;
    this.#parts = parts;
    this.#unsubscribe = subscribe(parts);
  }

  /** Throws what making the parts throws. */
  static async create(config: ServerConfig, options: PartsOptions): Promise<LiveParts> {
    return new LiveParts(config, await createParts(config, options), options);
  }

  /** The configuration in force. */
  get config(): ServerConfig {
    return this.#config;
  }

  get parts(): ServerParts {
    return this.#parts;
  }

  /**
   * Takes a configuration into use, for requests that begin from now on; others end as they began. Events and counters go on. Resolves to
   * the sections that differ but need a new start. Throws, and changes nothing, when it is no good: `CONFIG_INVALID`,
   * `FILE_UNREADABLE`.
   */
  async replace(config: ServerConfig): Promise<readonly string[]> {
    checkTls(config, this.#config);
    const kept = Object.fromEntries(FIXED.map((key) => [key, this.#config[key]]));
    const later = FIXED.filter((key) => JSON.stringify(config[key]) !== JSON.stringify(this.#config[key]));
    const effective = { ...config, ...kept } as ServerConfig;
    const parts = await createParts(effective, this.#options, this.#parts);
    const old = this.#parts;
    this.#unsubscribe();
    [this.#config, this.#parts, this.#unsubscribe] = [effective, parts, subscribe(parts)];
    const webhooks = old.webhooks.filter((webhook) => !parts.webhooks.includes(webhook));
    const retired = release({ ...old, webhooks }, LAST_DELIVERIES);
    this.#retiring = Promise.all([this.#retiring, retired]).then(() => undefined);
    return later;
  }

  /** Lets go of webhooks, after so many milliseconds at most, and of the audit log. */
  async close(within: number): Promise<void> {
    this.#unsubscribe();
    await Promise.all([this.#retiring, release(this.#parts, within)]);
  }
}

/** A listening socket uses TLS and asks for certificates, or does not, for good. Throws `CONFIG_INVALID`. */
function checkTls({ tls: next }: ServerConfig, { tls: now }: ServerConfig): void {
  const refuse = (what: string): never => {
    throw new SkillError("CONFIG_INVALID", `a server cannot begin or cease to ${what} while it runs`, {
      hint: "Start it again.",
    });
  };
  if ((next === undefined) !== (now === undefined)) refuse("use TLS");
  if ((next?.clientAuthority === undefined) !== (now?.clientAuthority === undefined)) {
    refuse("ask clients for certificates");
  }
}

function subscribe({ events, metrics, sources, webhooks }: ServerParts): () => void {
  metrics.sources = sources;
  const ends = webhooks.map((webhook) => events.subscribe((event) => webhook.accept(event)));
  return () => ends.forEach((end) => end());
}

/** An audit log that a request still writes to opens its file again. */
async function release({ webhooks, audit }: ServerParts, within: number): Promise<void> {
  await Promise.all(webhooks.map(async (webhook) => webhook.close(within)));
  await audit?.close();
}
