/**
 * Gets the runtimes that are not part of the development dependencies, because few need them and they are large: Bun for each
 * platform (`.ci/bun`), Node.js for the tests (`.ci/node`). npm gets them, at the versions and with the checksums of the lock file there.
 *
 *     node scripts/release/runtimes.mjs linux-amd64 linux-arm64 node   # nothing is done for what is there already
 *
 * They are kept in .tools, each under a name that changes with its lock file.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { targetOf } from "./targets.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const KEPT = join(ROOT, ".tools/runtimes");
const run = promisify(execFile);

/** The path of the Bun that runs on `target`. */
export async function bunFor(target) {
  const directory = await installed("bun", target.name, target.npm);
  return join(directory, "node_modules", target.runtime);
}

/** The path of Node.js of that major version, for linux/amd64. */
export async function nodeOf(major) {
  return join(await installed("node", "linux-amd64", {}), `node_modules/node-${major}/bin/node`);
}

/** The directory into which the packages of `.ci/<name>` are installed, for a platform. */
async function installed(name, platform, { os, cpu, libc }) {
  const source = join(ROOT, ".ci", name);
  const lock = await readFile(join(source, "package-lock.json"));
  const digest = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  const directory = join(KEPT, `${name}-${platform}-${digest}`);
  if (await exists(directory)) return directory;

  await mkdir(KEPT, { recursive: true });
  const unfinished = await mkdtemp(join(KEPT, ".unfinished-"));
  try {
    for (const file of ["package.json", "package-lock.json"]) await cp(join(source, file), join(unfinished, file));
    const platformFlags = Object.entries({ os, cpu, libc }).flatMap(([flag, value]) =>
      value === undefined ? [] : [`--${flag}=${value}`],
    );
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", ...platformFlags], { cwd: unfinished });
    await rename(unfinished, directory);
  } catch (error) {
    // Another process may have been as far before this one.
    if (!(await exists(directory))) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return directory;
}

async function exists(path) {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await Promise.all(process.argv.slice(2).map((name) => (name === "node" ? nodeOf(22) : bunFor(targetOf(name)))));
}
