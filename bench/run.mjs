/**
 * `npm run bench`: measures skillctl beside what a user would otherwise run here, in one go on one machine, and writes
 * bench/results.md. A peer that is not installed is reported as such; no figure is carried over from elsewhere.
 *
 *   --only <name>   run the cases whose file name contains <name>; results go to the terminal only
 *   --quick         fewer and smaller samples, to see whether it works; results go to the terminal only
 */
import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { leaveNothing } from "./leave-nothing.mjs";
import { describeMachine } from "./machine.mjs";
import { COSTS, measureWhole } from "./measure-whole.mjs";
import { measureRow } from "./measure.mjs";
import { findPeers, findProgram } from "./peers.mjs";
import { formatReport } from "./report.mjs";
import { spreadOut } from "./spread-out.mjs";

const CASES = new URL("cases/", import.meta.url);
const RESULTS = new URL("results.md", import.meta.url);
const SKILLCTL = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

// What .ci/tools.sh has unpacked.
process.env.PATH += delimiter + fileURLToPath(new URL("../.tools/bin", import.meta.url));

const { values: options } = parseArgs({
  options: { only: { type: "string", default: "" }, quick: { type: "boolean", default: false } },
});

const directory = mkdtempSync(join(tmpdir(), "skillimage-bench-"));
const cleanUp = leaveNothing(directory);
spreadOut(directory);
try {
  const peers = findPeers(directory);
  const machine = describeMachine(directory, peers);
  const loadBefore = load();
  const bench = {
    /** Where cases put their files; removed at the end. */
    directory,
    peers,
    /** What the registry cases start: Debian's docker-registry, and one that lists referrers and removes tags. */
    registries: ["docker-registry", "olareg"].map((name) => ({ name, ...findProgram(name, ["--version"]) })),
    quick: options.quick,
    /** The command line of skillctl with `args`. */
    skillctl: (...args) => [process.execPath, SKILLCTL, ...args],
    /** A number of samples, fewer with --quick. */
    runs: (count) => (options.quick ? Math.min(count, 2) : count),
  };

  const rows = [];
  for (const file of readdirSync(CASES).toSorted()) {
    if (!file.includes(options.only)) continue;
    console.error(`== ${file.replace(".mjs", "")}`);
    const { rows: rowsOf } = await import(new URL(file, CASES).href);
    for await (const row of rowsOf(bench)) {
      // Targets are for the full sizes.
      const wanted = options.quick ? { ...row, targets: [] } : row;
      rows.push(await measure(wanted));
    }
  }

  async function measure(row) {
    if (row.missing !== undefined) return row;
    const measured = row.isMeasured
      ? row
      : await (row.requests === undefined ? measureRow(row, bench) : measureWhole(row, bench));
    const { what, ours, unit, costs } = measured;
    const further = costs?.ours.map((figure, at) => `, ${figure.toFixed(0)} ${COSTS[at]}`).join("") ?? "";
    console.error(`   ${what}: ${ours.toFixed(1)} ${unit}${further}`);
    return measured;
  }

  const report = formatReport(rows, { ...machine, load: `${loadBefore} before, ${load()} after` });
  console.log(report);
  if (options.only === "" && !options.quick) writeFileSync(RESULTS, report);
} finally {
  await cleanUp();
}

/** The machine's load over the last minute: figures taken on a busy one (well over 1 before) say little. */
function load() {
  return loadavg()[0].toFixed(1);
}
