/**
 * Everything that must hold before a commit, in the order in which a failure is cheapest to learn: `npm test` and CI
 * run this and nothing else. Stops at the first failure with that step's exit status.
 *
 * Leaves vitest's reports in .vitest/results*.json, from which .ci/run takes its last line.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The most that the published package may weigh, in bytes packed; over it, look at what slipped in. */
const PACKAGE_LIMIT = 1024 * 1024;
const REPORT = ".vitest/results.json";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync(REPORT, { force: true });

step("generate", "npm", "run", "--silent", "generate");
step("format", "npm", "run", "--silent", "format:check");
step("lint", "npm", "run", "--silent", "lint");
step("types", "npm", "run", "--silent", "typecheck");
step("build", "npm", "run", "--silent", "build");
// What test/delivery tries. It can be made anywhere, and run on this platform only.
const DELIVERS = process.platform === "linux" && process.arch === "x64";
if (DELIVERS) step("release", "node", "scripts/release/build.mjs", "linux-amd64", "linux-arm64");
else console.log("\n== the release and the tests of it [skipped, they need linux/x64]");
step("unused code and dependencies", "npx", "--no-install", "knip", "--no-progress");
step("package", "npx", "--no-install", "publint", "--strict", "--pack", "false");
checkPackageSize();
step(
  "tests",
  "npx",
  "--no-install",
  "vitest",
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile=${REPORT}`,
  ...(DELIVERS ? [] : ["--project=!delivery"]),
);
if (DELIVERS) step("other runtimes", "node", "scripts/test-runtimes.mjs", "--quick");

/** Runs one command with its output shown; ends the whole check when it fails. */
function step(name, command, ...args) {
  heading(name);
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (error !== undefined) fail(name, 1, error.message);
  if (status !== 0) fail(name, status ?? 1, `${[command, ...args].join(" ")} exited with ${status ?? "a signal"}`);
  console.log(`   ok, ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

/** Weighs the package that `npm publish` would send. `--ignore-scripts`: the build above is the one to weigh. */
function checkPackageSize() {
  heading("package size");
  const packed = spawnSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { encoding: "utf8" });
  if (packed.status !== 0) fail("package size", packed.status ?? 1, packed.stderr);
  const [{ size, unpackedSize, entryCount }] = JSON.parse(packed.stdout);
  console.log(`   ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked, ${entryCount} files`);
  if (size > PACKAGE_LIMIT) fail("package size", 1, `the package is over ${kilobytes(PACKAGE_LIMIT)} packed`);
}

function heading(name) {
  console.log(`\n== ${name}`);
}

function kilobytes(bytes) {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}

function fail(name, status, why) {
  console.error(`\ncheck failed at "${name}": ${why}`);
  process.exit(status);
}
