/** A server from its beginning to its end. */
import { readdir } from "node:fs/promises";

import { SkillError } from "../errors.ts";
import type { RegistryEvents } from "../registry/events.ts";
import { refuseCutOff, refuseUnfinished } from "../registry/maintenance/unfinished.ts";
import type { RegistryStorage } from "../registry/storage/types.ts";
import { formatHost, isLoopback, parseListenAddress, type ListenAddress } from "./addresses.ts";
import { steadyClock } from "./clock.ts";
import type { ServerConfig } from "./config/schema.ts";
import { Jobs } from "./jobs.ts";
import { listen, tryAddress } from "./listener.ts";
import { LiveParts } from "./live-parts.ts";
import { NO_LOG, type Log } from "./log.ts";
import { Readiness } from "./readiness.ts";
import { createRouter } from "./router.ts";
import { openStorage } from "./storage.ts";
import { readTls } from "./tls.ts";

const DEFAULT_LISTEN = "127.0.0.1:5000";
/** Milliseconds. */
const SHUTDOWN_TIMEOUT = 30_000;

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
  /**
   * Takes a configuration into use, by default the one in force, and the certificates as they are now. No request is dropped.
   * What it was stays in force when it throws: `CONFIG_INVALID`, `FILE_UNREADABLE`, `USAGE`.
   */
  reload(config?: ServerConfig): Promise<void>;
  /** Answers what was asked, then lets go of everything. Resolves when that is done. */
  close(): Promise<void>;
}

/**
 * Starts a server; resolves when it listens. Throws `USAGE` for an address that is none or that it should not listen on,
 * `ADDRESS_UNAVAILABLE` for one that it cannot listen on, `CONFIG_INVALID`, `RESTORE_UNFINISHED` and `BACKUP_UNFINISHED` when the registry has only a part of another, and what opening the storage throws.
 */
export async function serve(config: ServerConfig, options: ServeOptions): Promise<RunningServer> {
  const { log = NO_LOG, now = steadyClock() } = options;
  const address = parseListenAddress(config.listen ?? DEFAULT_LISTEN);
  const root = config.root ?? options.root;
  checkOpen(config, address, options);
  const isInRoot = options.storage === undefined && config.storage === undefined;
  // What cannot begin makes no registry. One that is there may be another server's, which is waited for and then lets go of the address.
  if (isInRoot && (await isNew(root))) await tryAddress(address);
  const storage = options.storage ?? (await openStorage(config, root, { now }));
  try {
    await refuseUnfinished(storage);
    await refuseCutOff(storage);
    if ((await storage.marks.read("backup")) !== undefined) {
      // Or the next backup would take away what is pushed from now on.
      await storage.marks.clear("backup");
      log.warn({ root }, "this was a backup; from now on, skillctl backup replaces what is here only with --adopt");
    }
    const live = await LiveParts.create(config, { storage, root, log, now });
    const readiness = new Readiness(
      async (signal) => Promise.all([storage.check?.({ signal }), live.parts.audit?.check()]),
      log,
    );
    let isEnding = false;
    const isOnLoopback = isLoopback(address.host);
    const handler = createRouter({
      get parts() {
        return live.parts;
      },
      log,
      get logRequests() {
        return live.config.log?.requests ?? true;
      },
      get publicMetrics() {
        return live.config.metrics?.public ?? false;
      },
      get guardedHosts() {
        return isOpen(live.config) && isOnLoopback ? namesOf(live.config) : undefined;
      },
      isReady: async () => !isEnding && readiness.look(),
      now,
    });
    const listener = await listen(address, handler, config.tls);
    const jobs = new Jobs(live, listener, { log, now });
    const host = formatHost(listener.host, listener.port);
    const isEncrypted = config.tls !== undefined;
    if (!isOpen(config) && !isEncrypted && !isOnLoopback && !config.publicUrl?.startsWith("https:")) {
      log.warn(
        { host },
        "passwords and tokens cross the network unencrypted; set tls, or publicUrl behind a proxy that has it",
      );
    }
    log.info({ host, root, isEncrypted, hasAccess: !isOpen(config) }, "listening");
    let closing: Promise<void> | undefined;
    let reloading: Promise<unknown> = Promise.resolve();
    const reload = async (next: ServerConfig): Promise<void> => {
      if (isEnding) return;
      checkOpen(next, address, options);
      if (next.tls !== undefined) await readTls(next.tls);
      const later = await live.replace(next);
      await listener.reloadTls(next.tls);
      await jobs.restart();
      if (later.length > 0) log.warn({ sections: later }, "these sections change when the server is started again");
      log.info({}, "took the configuration into use");
    };
    return {
      url: `${isEncrypted ? "https" : "http"}://${host}`,
      host,
      root,
      isEncrypted,
      get hasAccess() {
        return !isOpen(live.config);
      },
      events: live.parts.events,
      reload: async (next) => {
        const reloaded = reloading.then(async () => reload(next ?? live.config));
        reloading = reloaded.catch(() => undefined);
        return reloaded;
      },
      close: async () => {
        isEnding = true;
        closing ??= reloading.then(async () => {
          const within = live.config.shutdownTimeout ?? SHUTDOWN_TIMEOUT;
          log.info({}, "ending");
          await listener.close(within);
          await jobs.stop();
          await live.close(within / 3);
          await storage.close();
          log.info({}, "ended");
        });
        await closing;
      },
    };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** Whether nothing is there yet, or cannot be seen to be. */
async function isNew(root: string): Promise<boolean> {
  return (await readdir(root).catch(() => [])).length === 0;
}

/** Whether everybody may do everything. */
function isOpen({ access }: ServerConfig): boolean {
  return access === undefined;
}

/** Throws `USAGE` when everybody could change a registry that others reach. */
function checkOpen(config: ServerConfig, { host }: ListenAddress, { allowAnonymousPublic }: ServeOptions): void {
  if (isOpen(config) && !isLoopback(host) && allowAnonymousPublic !== true) throw openToAll(host);
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
