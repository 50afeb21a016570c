/** Takes everything at once of tasks that are too long to be run once for each figure: time, CPU time, memory, requests. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { execute, median } from "./measure.mjs";

/** What is measured beside the time, in the order of the report's columns. */
export const COSTS = ["CPU ms", "MB", "requests"];

/**
 * Measures a row as `measureRow` does, its unit "ms", and with a function `requests` that counts the requests to a registry
 * since its last call. A task that does only a part of the work says by `times` how often that goes into the whole; its figures,
 * memory apart, are counted so often. The result has `costs` as well: the figures of {@link COSTS} of skillctl and of each peer, and their
 * targets. CPU time is that of the command and all its children, memory the peak of the largest of them.
 */
export async function measureWhole({ requests, ...row }, bench) {
  const runners = [{ task: row.ours }, ...row.peers.filter((peer) => peer.task !== undefined)];
  const samples = new Map(runners.map(({ task }) => [task, []]));
  for (let round = 0; round < row.runs; round++) {
    for (const { task } of runners) {
      await task.prepare?.();
      requests();
      samples.get(task).push(scaled({ ...take(task, bench.directory), requests: requests() }, task.times ?? 1));
    }
  }
  const figureOf = (task, unit) =>
    task === undefined ? undefined : median(samples.get(task).map((sample) => sample[unit]));
  const costsOf = (task) => COSTS.map((unit) => figureOf(task, unit));
  const measured = row.peers.filter(({ task }) => task !== undefined);
  return {
    ...row,
    unit: "ms",
    ours: figureOf(row.ours, "ms"),
    peers: row.peers.map(({ name, task, missing }) => ({ name, missing, figure: figureOf(task, "ms") })),
    targets: row.targets.filter(({ unit }) => unit === "ms"),
    costs: {
      ours: costsOf(row.ours),
      peers: measured.map(({ name, task }) => ({ name, figures: costsOf(task) })),
      targets: row.targets.filter(({ unit }) => unit !== "ms"),
    },
  };
}

function scaled({ ms, "CPU ms": cpu, MB, requests }, times) {
  return { ms: ms * times, "CPU ms": cpu * times, MB, requests: requests * times };
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
