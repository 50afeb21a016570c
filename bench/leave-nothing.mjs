/**
 * What the bench starts and writes does not outlive it. A signal would leave it no time to clean up, nor can it hear one while
 * it waits for a command: so another process, the caretaker, does that as soon as this one is gone.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";

const CARETAKER = fileURLToPath(new URL("caretaker.mjs", import.meta.url));

let caretaker;

/** From now on `directory` goes when this process ends. Returns what removes it before, and resolves when it is gone. */
export function leaveNothing(directory) {
  // A group of its own: Ctrl-C is for the bench.
  const started = spawn(process.execPath, [CARETAKER, directory], {
    stdio: ["pipe", "ignore", "inherit"],
    detached: true,
  });
  caretaker = started;
  return async () => {
    const ended = once(started, "exit");
    started.stdin.end();
    await ended;
  };
}

/** A server, a child process, that ends when this process does. */
export function endsWithUs(server) {
  caretaker?.stdin.write(`+${server.pid}\n`);
  server.once("exit", () => caretaker?.stdin.write(`-${server.pid}\n`));
}
