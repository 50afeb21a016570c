/**
 * Who is alive. A lock or a temporary file outlives a process that was killed; whoever finds it must know, without
 * asking anybody, whether its owner still runs. A bare process number is not enough: numbers are reused, restart with
 * the machine, and mean something else in another container.
 */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

import { errnoOf } from "../../errno.ts";

/** `unknown`: the owner is (or was) where we cannot look, on another machine or in another container. */
export type Liveness = "alive" | "dead" | "unknown";

/** Knows this process by a name that no other process ever has, and judges the names of others. */
export interface ProcessTable {
  /** This process: letters, digits and `-`, so that it can be part of a file name. */
  readonly self: string;
  /** `undefined` for a text that is no process's name. */
  liveness(owner: string): Liveness | undefined;
}

interface Identity {
  readonly pid: number;
  /** In clock ticks after boot; `0` where there is no /proc. */
  readonly startTime: string;
  /** The number of the pid namespace; `0` where there is no /proc. */
  readonly namespace: string;
  /** Part of the boot id; `0` where there is no /proc. */
  readonly boot: string;
  /** A hash of the host's name. */
  readonly host: string;
  /** A hash of the machine id, which is nobody else's business; `0` where there is none, see machine-id(5). */
  readonly machine: string;
}

const OWNER = /^([0-9]{1,10})-([0-9]{1,20})-([0-9]{1,20})-([0-9a-f]{1,32})-([0-9a-f]{8})-([0-9a-f]{8}|0)$/;

let own: Identity | undefined;

/** The processes of this machine. */
export const machineProcesses: ProcessTable = {
  get self() {
    const { pid, startTime, namespace, boot, host, machine } = identify();
    return `${pid}-${startTime}-${namespace}-${boot}-${host}-${machine}`;
  },
  liveness: (owner) => {
    const other = parseOwner(owner);
    const self = identify();
    if (other === undefined) return undefined;
    if (other.host !== self.host || other.machine !== self.machine) return "unknown";
    // Another boot is an earlier one of this machine, unless two machines share a name and neither has an id.
    if (other.boot !== self.boot) return self.machine === "0" ? "unknown" : "dead";
    if (other.namespace !== self.namespace) return "unknown";
    return isRunning(other) ? "alive" : "dead";
  },
};

/** The process number in an owner's name, for messages. */
export function pidOf(owner: string): number | undefined {
  return parseOwner(owner)?.pid;
}

function identify(): Identity {
  own ??= {
    pid: process.pid,
    startTime: readStat("self")?.startTime ?? "0",
    namespace: /\d+/.exec(attempt(() => readlinkSync("/proc/self/ns/pid")) ?? "")?.[0] ?? "0",
    boot: attempt(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"))?.replaceAll(/[^0-9a-f]/g, "") ?? "0",
    host: shortHash(hostname()),
    machine: machineId(),
  };
  return own;
}

/** Empty, or `uninitialized`, in images that were not booted yet: then it is as if there were none. */
function machineId(): string {
  const id = attempt(() => readFileSync("/etc/machine-id", "utf8"))?.trim() ?? "";
  return /^[0-9a-f]{32}$/.test(id) ? shortHash(id) : "0";
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function parseOwner(owner: string): Identity | undefined {
  const [, pid, startTime, namespace, boot, host, machine] = OWNER.exec(owner) ?? [];
  if (pid === undefined || startTime === undefined || namespace === undefined) return undefined;
  if (boot === undefined || host === undefined || machine === undefined) return undefined;
  return { pid: Number(pid), startTime, namespace, boot, host, machine };
}

function isRunning({ pid, startTime }: Identity): boolean {
  const stat = readStat(String(pid));
  if (stat !== undefined) return stat.running && (startTime === "0" || stat.startTime === startTime);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== "ESRCH";
  }
}

/** Reads proc(5) `/proc/<pid>/stat`. The second field is a file name in parentheses and may hold anything. */
function readStat(pid: string): { readonly running: boolean; readonly startTime: string } | undefined {
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const startTime = fields[19];
  return startTime === undefined ? undefined : { running: !/[ZX]/.test(fields[0] ?? ""), startTime };
}

/** Where there is no /proc, or not all of it, we know less. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
