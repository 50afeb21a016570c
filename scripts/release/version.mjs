/** What is being released: its version, its commit and that commit's time; and where what is made goes. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Where a release is made. Git ignores it. */
export const OUTPUT = join(ROOT, "release");

export const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
export const { version } = manifest;

/** The project's page. `repository` of package.json is the one place that says where it is; OWNER stands for what is not decided. */
export const home = manifest.repository.url.replace(/^git\+|\.git$/g, "");

/** The commit that is being built, in short; empty outside of a git checkout. */
export async function commit() {
  return git("rev-parse", "--short=12", "HEAD");
}

/** Seconds since 1970 that stand for all times in what is made: SOURCE_DATE_EPOCH, else the commit's. */
export async function epoch() {
  return Number((process.env.SOURCE_DATE_EPOCH ?? (await git("log", "-1", "--format=%ct"))) || 0);
}

async function git(...args) {
  try {
    const { stdout } = await promisify(execFile)("git", args, { cwd: ROOT });
    return stdout.trim();
  } catch {
    return "";
  }
}
