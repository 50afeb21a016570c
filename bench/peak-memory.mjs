/**
 * Loaded before skillctl by `node --import`: writes the process's peak resident memory, in KiB, to PEAK_MEMORY_FILE when
 * it ends. VmHWM counts all threads and, unlike getrusage, nothing that the parent process had.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.on("exit", () => {
    const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    writeFileSync(process.env.PEAK_MEMORY_FILE, peak);
  });
}
