/**
 * Real registries, each on a port of its own on the loopback interface, over a directory of its own that goes with it.
 *
 * Two, because they differ where a client must cope: distribution 2.8 authenticates but has no referrers API, so a
 * client falls back to referrers tags; olareg has that API and no authentication.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { removeDirectory } from "../fixtures/temporary-directory.ts";
import { dockerRegistry, htpasswd, olareg, type Tool } from "../tools.ts";
import type { KeyPair } from "./certificates.ts";

/** Milliseconds: a registry that has not answered by then will not. */
const START_TIMEOUT = 20_000;
/** How often to try again when somebody else took the port that had been free a moment before. */
const ATTEMPTS = 3;
/**
 * Below those that a system hands out to whoever asks for any: so nobody gets a port between {@link freePort} and the start of
 * its program, nor while that is down to be started again. Ten for each process that runs tests, before they are those of the next.
 */
let nextPort = 20_000 + (process.pid % 1000) * 10;

/** A registry at work. */
export interface Registry {
  /** `127.0.0.1:PORT`: what stands before the repository in a reference. */
  readonly host: string;
  /** `http://127.0.0.1:PORT`, or `https:` where it was given a certificate. */
  readonly url: string;
  /** Where it keeps its content. */
  readonly directory: string;
  /** What it has logged so far: its requests, and why it refused them. */
  log(): string;
  /** Ends the process and removes its directory. */
  close(): Promise<void>;
}

/** One that can be killed, and started again at the same place. */
export interface MortalRegistry extends Registry {
  /** By SIGKILL. Resolves when it is gone. */
  kill(): Promise<void>;
  /** Resolves when it answers again. */
  restart(): Promise<void>;
}

/** Where a registry sends its clients for a token, and whose tokens it believes. */
export interface TokenAuthority {
  /** The URL that issues tokens. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** A PEM file: the authority whose certificates sign tokens. */
  readonly authority: string;
}

/** How to start {@link startDockerRegistry}. */
export interface DockerRegistryOptions {
  /** Passwords by user name. Default: everybody may do everything. */
  readonly users?: Readonly<Record<string, string>>;
  /** Wants bearer tokens, as `startTokenService` issues them. Not together with `users`. */
  readonly token?: TokenAuthority;
  /** Serves over TLS; with `clientAuthority`, a PEM file, only to clients with a certificate from there. */
  readonly tls?: KeyPair & { readonly clientAuthority?: string };
  /** Whether manifests and blobs may be deleted. Default: true. */
  readonly deletes?: boolean;
}

/** Starts distribution 2.8, Debian's docker-registry: htpasswd, tokens, TLS; no referrers API. Resolves when it answers. */
export function startDockerRegistry(options: DockerRegistryOptions = {}): Promise<Registry> {
  const { users, token, tls, deletes = true } = options;
  return start(dockerRegistry, tls !== undefined, (port, directory) => {
    // JSON is YAML, so there is nothing to quote.
    const configuration = {
      version: "0.1",
      log: { level: "info" },
      storage: { filesystem: { rootdirectory: join(directory, "content") }, delete: { enabled: deletes } },
      http: {
        addr: `127.0.0.1:${port}`,
        secret: "loopback",
        ...(tls === undefined ? {} : { tls: tlsConfiguration(tls) }),
      },
      ...(users === undefined ? {} : { auth: { htpasswd: { realm: "tests", path: writeUsers(directory, users) } } }),
      ...(token === undefined ? {} : { auth: { token: tokenConfiguration(token) } }),
    };
    const file = join(directory, "config.yml");
    writeFileSync(file, JSON.stringify(configuration));
    return ["serve", file];
  });
}

/** How to start {@link startReferrersRegistry}. */
export interface ReferrersRegistryOptions {
  /** Serves over TLS. */
  readonly tls?: KeyPair;
  /** Whether manifests, tags and blobs may be deleted. Default: true. */
  readonly deletes?: boolean;
  /** Texts to send as `Warning` headers with every response. */
  readonly warnings?: readonly string[];
}

/** Starts olareg, a registry that has the referrers API and deletes tags. Resolves when it answers. */
export function startReferrersRegistry(options: ReferrersRegistryOptions = {}): Promise<Registry> {
  const { tls, deletes = true, warnings = [] } = options;
  return start(olareg, tls !== undefined, (port, directory) => [
    "serve",
    "--addr=127.0.0.1",
    `--port=${port}`,
    `--dir=${join(directory, "content")}`,
    `--api-delete=${deletes}`,
    `--api-blob-delete=${deletes}`,
    "--verbosity=info",
    ...(tls === undefined ? [] : [`--tls-cert=${tls.certificate}`, `--tls-key=${tls.key}`]),
    ...warnings.map((warning) => `--warning=${warning}`),
  ]);
}

/** Runs `program` with the arguments for a port and a directory, until it answers or has failed {@link ATTEMPTS} times. */
export async function start(
  program: Tool,
  secure: boolean,
  prepare: (port: number, directory: string) => readonly string[],
): Promise<MortalRegistry> {
  if (program.path === undefined) throw new Error(`${program.name} is not installed`);
  let log = "";
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const directory = mkdtempSync(join(tmpdir(), "registry-"));
    mkdirSync(join(directory, "content"));
    const host = `127.0.0.1:${await freePort()}`;
    const url = `${secure ? "https" : "http"}://${host}`;
    const { path } = program;
    const args = prepare(Number(host.split(":")[1]), directory);
    const begin = (): ChildProcess => {
      const begun = spawn(path, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
      for (const stream of [begun.stdout, begun.stderr]) {
        stream.on("data", (chunk: Buffer) => (log += chunk.toString()));
      }
      return begun;
    };
    log = "";
    let child = begin();
    const close = async (): Promise<void> => {
      await end(child);
      removeDirectory(directory);
    };
    const kill = async (): Promise<void> => end(child);
    const restart = async (): Promise<void> => {
      child = begin();
      if (!(await answers(url, child))) throw new Error(`${program.name} did not start again:\n${log}`);
    };
    if (await answers(url, child)) {
      return { host, url, directory: join(directory, "content"), log: () => log, close, kill, restart };
    }
    await close();
  }
  throw new Error(`${program.name} did not start:\n${log}`);
}

/** Asks until there is an answer, whatever it is; false when the process ended or time is up. */
async function answers(url: string, child: ChildProcess): Promise<boolean> {
  const deadline = performance.now() + START_TIMEOUT;
  while (child.exitCode === null && performance.now() < deadline) {
    if (await listens(url)) return true;
    await delay(10);
  }
  return false;
}

/** Whether a server takes the request. One that then wants a client's certificate breaks off, but it is there. */
function listens(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const request = url.startsWith("https:")
      ? httpsRequest(`${url}/v2/`, { rejectUnauthorized: false })
      : httpRequest(`${url}/v2/`);
    request.on("response", (response) => {
      response.resume();
      resolve(true);
    });
    request.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code !== "ECONNREFUSED");
    });
    request.end();
  });
}

/** Kills a process; resolves when it is gone. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

/** A port that nobody listens on, and that is given to nobody else. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort++;
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isHeard = new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
  });
  if (!(await isHeard)) return false;
  server.close();
  await once(server, "close");
  return true;
}

/** The part of the configuration for TLS; distribution lists client authorities as files. */
function tlsConfiguration({ certificate, key, clientAuthority }: NonNullable<DockerRegistryOptions["tls"]>): object {
  return { certificate, key, ...(clientAuthority === undefined ? {} : { clientcas: [clientAuthority] }) };
}

/** The part of the configuration for bearer tokens. */
function tokenConfiguration({ realm, service, issuer, authority }: TokenAuthority): object {
  return { realm, service, issuer, rootcertbundle: authority };
}

/** Writes the file of users, with bcrypt, the only hash that distribution takes. */
export function writeUsers(directory: string, users: Readonly<Record<string, string>>): string {
  const lines = Object.entries(users).map(([name, password]) =>
    execFileSync(htpasswd.path ?? htpasswd.name, ["-niB", "-C", "4", name], {
      input: password,
      encoding: "utf8",
    }).trim(),
  );
  const file = join(directory, "users");
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
