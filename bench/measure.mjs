/**
 * Runs programs and takes their time or their peak memory.
 *
 * Samples of skillctl and its peers alternate, so that a slow spell of the machine falls on all of them, and the median
 * is taken, so that one spell does not count. A task is
 * { command, prepare?, env?, cwd? }: `prepare` runs before every sample, outside of the clock.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

import { peerEnvironment } from "./peers.mjs";

const PEAK_MEMORY = new URL("peak-memory.mjs", import.meta.url).href;

/**
 * Measures a row { what, unit: "ms" | "MB", runs, ours: task, peers: [{ name, task } | { name, missing }], targets }
 * and returns it with figures in place of tasks.
 */
export async function measureRow(row, bench) {
  const take = row.unit === "MB" ? takeMemory : takeTime;
  const runners = [{ task: row.ours }, ...row.peers.filter((peer) => peer.task !== undefined)];
  const samples = new Map(runners.map((runner) => [runner.task, []]));

  const warmUp = row.unit === "ms" && row.runs > 1 ? 1 : 0;
  for (let round = -warmUp; round < row.runs; round++) {
    for (const { task } of runners) {
      await task.prepare?.();
      const figure = take(task, bench.directory);
      if (round >= 0) samples.get(task).push(figure);
    }
  }
  const figureOf = (task) => (task === undefined ? undefined : median(samples.get(task)));
  return {
    ...row,
    ours: figureOf(row.ours),
    peers: row.peers.map(({ name, task, missing }) => ({ name, missing, figure: figureOf(task) })),
  };
}

/** Milliseconds from start to end of the task's command. */
function takeTime(task, directory) {
  const started = performance.now();
  execute(task.command, task, directory);
  return performance.now() - started;
}

/** Peak resident memory of the task's command, in MB (10^6 bytes). */
function takeMemory(task, directory) {
  const file = join(directory, "peak-memory");
  rmSync(file, { force: true });
  const [program, ...args] = task.command;
  if (program === process.execPath) {
    execute(
      [program, "--import", PEAK_MEMORY, ...args],
      { ...task, env: { ...task.env, PEAK_MEMORY_FILE: file } },
      directory,
    );
  } else {
    execute(["/usr/bin/time", "-f", "%M", "-o", file, ...task.command], task, directory);
  }
  return (Number(readFileSync(file, "utf8").trim().split("\n").at(-1)) * 1024) / 1e6;
}

/** Whether {@link measureRow} can take the peak memory of programs other than node. */
export const canMeasureMemory = existsSync("/usr/bin/time");

/** Runs a command to its end; throws with what it said when it fails. Returns its standard output. */
export function execute([program, ...args], { env = {}, cwd } = {}, directory) {
  const { status, signal, error, stdout, stderr } = spawnSync(program, args, {
    cwd: cwd ?? directory,
    env: { ...peerEnvironment(directory), ...env },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  });
  if (error !== undefined) throw error;
  if (status !== 0)
    throw new Error(`${[program, ...args].join(" ")} ended with ${status ?? signal}\n${stdout}${stderr}`);
  return stdout;
}

export function median(samples) {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
