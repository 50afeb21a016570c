/**
 * Waits until the bench has ended, in whatever way, and takes away what it left: its servers, and its directory.
 *
 *   node caretaker.mjs <directory>   stdin: a line `+<pid>` for each server that was started, `-<pid>` for one that has ended
 */
import { existsSync, rmSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";

/** Seconds for which a command that was being measured may go on, and write what is removed once more. */
const PATIENCE = 120;

const [directory] = process.argv.slice(2);
const servers = new Set();
for await (const line of createInterface({ input: process.stdin })) {
  const pid = Number(line.slice(1));
  if (line.startsWith("+")) servers.add(pid);
  else servers.delete(pid);
}
for (const pid of servers) kill(pid);
for (let second = 0; second < PATIENCE && existsSync(directory); second++) {
  try {
    rmSync(directory, { recursive: true, force: true });
  } catch (error) {
    if (second === PATIENCE - 1) throw error;
  }
  // Without servers everything has ended as it should, and nobody writes any more.
  if (servers.size > 0) await delay(1000);
}

function kill(pid) {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
