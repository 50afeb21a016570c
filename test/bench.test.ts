/** The bench leaves nothing behind, in whatever way it ends. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { expect, it, vi } from "vitest";

const LEAVE_NOTHING = fileURLToPath(new URL("../bench/leave-nothing.mjs", import.meta.url));

/** As bench/run.mjs: a directory, a server, and then a command that it waits for, deaf to signals. */
const bench = (directory: string, then: string): readonly string[] => [
  "--input-type=module",
  "-e",
  `import { spawn, spawnSync } from "node:child_process";
   import { writeFileSync } from "node:fs";
   import { endsWithUs, leaveNothing } from ${JSON.stringify(LEAVE_NOTHING)};
   const cleanUp = leaveNothing(${JSON.stringify(directory)});
   const server = spawn("sleep", ["300"], { stdio: "ignore" });
   endsWithUs(server);
   writeFileSync(${JSON.stringify(join(directory, "pid"))}, String(server.pid));
   ${then}`,
];

const isRunning = async (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, "utf8").then(
    // One that nobody has asked after yet has ended all the same.
    (stat) => !/\) Z /.test(stat),
    () => false,
  );

it.each(["SIGTERM", "SIGINT", "SIGKILL"] as const)("a bench that ends by %s", async (signal) => {
  const directory = await mkdtemp(join(tmpdir(), "skillimage-bench-"));
  const running = spawn(process.execPath, bench(directory, 'spawnSync("sleep", ["3"]);'), { stdio: "ignore" });
  const pidOf = async (): Promise<number> => Number(await readFile(join(directory, "pid"), "utf8").catch(() => "0"));
  const server = await vi.waitUntil(pidOf, { timeout: 10_000 });
  expect(await isRunning(server)).toBe(true);
  running.kill(signal);
  await once(running, "exit");
  await vi.waitUntil(async () => !existsSync(directory) && !(await isRunning(server)), { timeout: 10_000 });
});

it("a bench that ends by itself, which waits until that is done", async () => {
  const directory = await mkdtemp(join(tmpdir(), "skillimage-bench-"));
  await promisify(execFile)(process.execPath, bench(directory, "server.kill(); await cleanUp();"));
  expect(existsSync(directory)).toBe(false);
});
