/** A server from its beginning to its end. */
import { SkillError } from "../errors.ts";
import type { RegistryEvents } from "../registry/events.ts";
import { gc } from "../registry/maintenance/index.ts";
import type { RegistryStorage } from "../registry/storage/types.ts";
import { formatHost, isLoopback, parseListenAddress } from "./addresses.ts";
import { steadyClock } from "./clock.ts";
import type { ServerConfig } from "./config/schema.ts";
import { listen, type Listener } from "./listener.ts";
import { NO_LOG, type Log } from "./log.ts";
import { createParts, type ServerParts } from "./parts.ts";
import { Readiness } from "./readiness.ts";
import { createRouter } from "./router.ts";
import { schedule } from "./schedule.ts";
import { openStorage } from "./storage.ts";
import { watchTls } from "./tls.ts";

const DEFAULT_LISTEN = "127.0.0.1:5000";
/** Milliseconds. */
const SHUTDOWN_TIMEOUT = 30_000;
const GC_EVERY = 3_600_000;

export interface ServeOptions {
  /** The directory of the registry; the configuration's `root` counts before it. */
  readonly root: string;
  /** Default: what the configuration says, or the fs driver over the root. The server closes it. */
  readonly storage?: RegistryStorage;
  readonly log?: Log;
  /** Whether everybody who reaches the server from elsewhere may do everything. Default: false. */
  readonly allowAnonymousPublic?: boolean;
  /** Milliseconds since 1970. Default: the clock of the machine, but never backwards. */
  readonly now?: () => number;
}

export interface RunningServer {
  /** `http://127.0.0.1:5000`. */
  readonly url: string;
  /** `127.0.0.1:5000`: what stands before the repository in a reference. */
  readonly host: string;
  readonly root: string;
  readonly isEncrypted: boolean;
  /** Whether there is anything to log in to. */
  readonly hasAccess: boolean;
  readonly events: RegistryEvents;
  /** Takes certificates into use as they are now. */
  reload(): Promise<void>;
  /** Answers what was asked, then lets go of everything. Resolves when that is done. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves when it listens. Throws `USAGE` for an address that it cannot or should not listen on,
 * `CONFIG_INVALID`, and what opening the storage throws.
 */
export async function serve(config: ServerConfig, options: ServeOptions): Promise<RunningServer> {
  const { log = NO_LOG, now = steadyClock() } = options;
  const address = parseListenAddress(config.listen ?? DEFAULT_LISTEN);
  const root = config.root ?? options.root;
  const isOpen = config.access === undefined;
  if (isOpen && !isLoopback(address.host) && options.allowAnonymousPublic !== true) throw openToAll(address.host);
  const storage = options.storage ?? (await openStorage(config, root, { now }));
  try {
    const parts = await createParts(config, { storage, root, log, now });
    const readiness = new Readiness(storage, log);
    let isEnding = false;
    const handler = createRouter({
      parts,
      log,
      logRequests: config.log?.requests ?? true,
      publicMetrics: config.metrics?.public ?? false,
      guardedHosts: isOpen && isLoopback(address.host) ? namesOf(config) : undefined,
      isReady: async () => !isEnding && readiness.look(),
      now,
    });
    const listener = await listen(address, handler, config.tls);
    const stopJobs = startJobs(config, parts, listener, { log, now });
    const host = formatHost(listener.host, listener.port);
    const isEncrypted = config.tls !== undefined;
    if (!isOpen && !isEncrypted && !isLoopback(address.host) && !config.publicUrl?.startsWith("https:")) {
      log.warn(
        { host },
        "passwords and tokens cross the network unencrypted; set tls, or publicUrl behind a proxy that has it",
      );
    }
    log.info({ host, root, isEncrypted, hasAccess: !isOpen }, "listening");
    let closing: Promise<void> | undefined;
    return {
      url: `${isEncrypted ? "https" : "http"}://${host}`,
      host,
      root,
      isEncrypted,
      hasAccess: !isOpen,
      events: parts.events,
      reload: async () => listener.reloadTls(),
      close: async () => {
        isEnding = true;
        closing ??= shutDown(parts, listener, stopJobs, config.shutdownTimeout ?? SHUTDOWN_TIMEOUT, log);
        await closing;
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

async function shutDown(
  { webhooks, audit, storage }: ServerParts,
  listener: Listener,
  stopJobs: () => Promise<void>,
  within: number,
  log: Log,
): Promise<void> {
  log.info({}, "ending");
  await listener.close(within);
  await stopJobs();
  await Promise.all(webhooks.map(async (webhook) => webhook.close(within / 3)));
  await audit?.close();
  await storage.close();
  log.info({}, "ended");
}

/** What is done while the server runs. Returns what ends it. */
function startJobs(
  config: ServerConfig,
  parts: ServerParts,
  listener: Listener,
  { log, now }: { readonly log: Log; readonly now: () => number },
): () => Promise<void> {
  const { every = GC_EVERY, grace, uploads } = config.gc ?? {};
  const collecting = schedule(every, async (signal) => {
    try {
      const options = {
        ...(grace === undefined ? {} : { grace }),
        ...(uploads === undefined ? {} : { uploadExpiry: uploads }),
      };
      const { removed, ...report } = await gc(parts.storage, { signal, now, ...options });
      parts.metrics.collection("done");
      log.info({ ...report, removed: removed.length }, "collected garbage");
    } catch (err) {
      if (signal.aborted) return;
      parts.metrics.collection("failed");
      log.error({ err }, "garbage was not collected");
    }
  });
  const unwatch =
    config.tls === undefined
      ? () => {}
      : watchTls(config.tls, () => {
          void listener.reloadTls().then(
            () => log.info({}, "took a new certificate into use"),
            (err: unknown) => log.error({ err }, "the new certificate is no good; the old one stays in use"),
          );
        });
  return async () => {
    unwatch();
    await collecting.stop();
  };
}

/** By which the server is called behind a proxy. */
function namesOf({ publicUrl }: ServerConfig): ReadonlySet<string> {
  return new Set(publicUrl !== undefined && URL.canParse(publicUrl) ? [new URL(publicUrl).hostname] : []);
}

function openToAll(host: string): SkillError {
  return new SkillError("USAGE", `everybody who reaches ${host} could change this registry`, {
    hint: "Set access in a configuration file, listen on 127.0.0.1, or say --allow-anonymous-public.",
  });
}
