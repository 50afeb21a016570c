/**
 * Runs the end-to-end tests on the other runtimes that the command supports, because no feature may work on one and not on
 * another: the executables for linux/amd64 and (through qemu) linux/arm64, Node.js 22 and 24.
 *
 *     node scripts/test-runtimes.mjs                       # all tests on all of them
 *     node scripts/test-runtimes.mjs --quick               # what CI runs: all on linux-amd64, a part on the others
 *     node scripts/test-runtimes.mjs node-22 linux-arm64   # only these
 *
 * Needs `npm run release:build -- linux-amd64 linux-arm64`, and qemu-user-static for the latter. Each leaves vitest's report in
 * .vitest/results-<runtime>.json.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { nodeOf } from "./release/runtimes.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
process.chdir(ROOT);

/** The tests that say most in little time: files and archives, the store, processes and signals. */
const QUICK = ["test/e2e/journey.test.ts", "test/e2e/process.test.ts"];
/** Emulated, each call takes seconds. These check, pack and list. */
const QUICKEST = ["test/e2e/authoring.test.ts", "--testNamePattern=makes the same image|packs as it is"];

const RUNTIMES = {
  "linux-amd64": { start: async () => ({ command: "release/linux-amd64/skillctl" }) },
  "node-22": { quick: QUICK, start: async () => ({ node: await nodeOf(22) }) },
  "node-24": { quick: QUICK, start: async () => ({ node: await nodeOf(24) }) },
  "linux-arm64": {
    patience: 6,
    needs: "qemu-aarch64-static",
    quick: QUICKEST,
    start: async () => ({ command: await emulated() }),
  },
};

const { values, positionals } = parseArgs({ options: { quick: { type: "boolean" } }, allowPositionals: true });
const chosen = positionals.length === 0 ? Object.keys(RUNTIMES) : positionals;
const failed = [];
for (const name of chosen) {
  const runtime = RUNTIMES[name];
  if (runtime === undefined) throw new Error(`there is no ${name}; there are ${Object.keys(RUNTIMES).join(", ")}`);
  if (runtime.needs !== undefined && spawnSync(runtime.needs, ["--version"]).error !== undefined) {
    console.log(
      `\n== end-to-end tests on ${name} [skipped, there is no ${runtime.needs}: apt-get install qemu-user-static]`,
    );
    if (process.env.CI !== undefined) failed.push(name);
    continue;
  }
  console.log(`\n== end-to-end tests on ${name}`);
  const { node = process.execPath, command } = await runtime.start();
  const tests = (values.quick ? runtime.quick : undefined) ?? ["test/e2e"];
  const patience = (runtime.patience ?? 1) * 60_000;
  const { status } = spawnSync(
    node,
    [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--project=e2e",
      "--reporter=default",
      "--reporter=json",
      `--outputFile=.vitest/results-${name}.json`,
      `--testTimeout=${patience}`,
      `--hookTimeout=${patience}`,
      ...tests,
    ],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...(command === undefined ? {} : { SKILLCTL: command }) },
    },
  );
  if (status !== 0) failed.push(name);
}
if (failed.length > 0) {
  console.error(`\nfailed on ${failed.join(", ")}`);
  process.exitCode = 1;
}

/** A script that runs the arm64 executable on this machine, with the libraries that the image has. */
async function emulated() {
  const root = ".tools/runtimes/root-arm64";
  if (!existsSync(root)) {
    await mkdir(".tools/runtimes", { recursive: true });
    const unfinished = await mkdtemp(".tools/runtimes/.root-");
    const { status } = spawnSync(join(ROOT, "deploy/image/root.sh"), ["arm64", unfinished], { stdio: "inherit" });
    if (status !== 0) throw new Error("deploy/image/root.sh failed");
    await rename(unfinished, root).catch(() => rm(unfinished, { recursive: true }));
  }
  const script = "release/linux-arm64/emulated";
  const [libraries, executable] = [join(ROOT, root), join(ROOT, "release/linux-arm64/skillctl")];
  await writeFile(script, `#!/bin/sh\nexec qemu-aarch64-static -L '${libraries}' '${executable}' "$@"\n`, {
    mode: 0o755,
  });
  return script;
}
