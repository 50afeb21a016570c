/** Takes everything at once of tasks that are too long to be run once for each figure: time, CPU time, memory, requests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { execute, median } from "./measure.mjs";

/**
 * Measures a row as `measureRow` does, but one with `units`, a list of "ms", "CPU ms", "MB" and "requests", and `requests`, a
 * function that counts the requests to a registry since its last call. Returns one measured row for each unit. CPU time is that
 * of the command and all its children, memory the peak of the largest of them.
 */
export async function measureWhole({ units, requests, ...row }, bench) {
  const runners = [{ task: row.ours }, ...row.peers.filter((peer) => peer.task !== undefined)];
  const samples = new Map(runners.map(({ task }) => [task, []]));
  for (let round = 0; round < row.runs; round++) {
    for (const { task } of runners) {
      await task.prepare?.();
      requests();
      samples.get(task).push({ ...take(task, bench.directory), requests: requests() });
    }
  }
  const figureOf = (task, unit) =>
    task === undefined ? undefined : median(samples.get(task).map((sample) => sample[unit]));
  return units.map((unit, at) => ({
    ...row,
    unit,
    what: at === 0 ? row.what : `— ${unit === "MB" ? "peak memory" : unit}`,
    ours: figureOf(row.ours, unit),
    peers: row.peers.map(({ name, task, missing }) => ({ name, missing, figure: figureOf(task, unit) })),
    targets: row.targets.filter((target) => target.unit === unit),
  }));
}

/** What GNU time says of a command, to its end. */
function take(task, directory) {
  const file = join(directory, "usage");
  const { command } = task;
  const started = performance.now();
  execute(["/usr/bin/time", "-f", "%U %S %M", "-o", file, ...command], task, directory);
  const ms = performance.now() - started;
  const [user, system, peak] = readFileSync(file, "utf8").trim().split("\n").at(-1).split(" ").map(Number);
  return { ms, "CPU ms": (user + system) * 1000, MB: (peak * 1024) / 1e6 };
}
