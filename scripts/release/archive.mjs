/**
 * Archives and checksums whose bytes depend on nothing but the files inside: one order, one time, no owner, fixed modes.
 * Needs GNU tar, gzip and zip; of equal versions of these the bytes are equal.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/**
 * Packs the files of `directory`, which lie at its top, into `file` (`….tar.gz` or `….zip`). `programs` are the names of
 * those that are executable; `time` is in seconds since 1970. Changes their modes and times on the disk, too.
 */
export async function pack(directory, file, { programs, time }) {
  const names = (await readdir(directory)).toSorted();
  for (const name of names) {
    await chmod(join(directory, name), programs.includes(name) ? 0o755 : 0o644);
    await utimes(join(directory, name), time, time);
  }
  await rm(file, { force: true });
  if (file.endsWith(".zip")) {
    // Its times are local ones. -X: neither owners nor finer times.
    await run("zip", ["-q", "-X", file, ...names], { cwd: directory, env: { ...process.env, TZ: "UTC" } });
    return;
  }
  const tar = file.replace(/\.gz$/, "");
  const flags = ["--format=ustar", "--owner=0", "--group=0", "--numeric-owner", `--mtime=@${time}`];
  await run("tar", [...flags, "-C", directory, "-cf", tar, ...names]);
  await run("gzip", ["-n", "-f", tar]);
}

/** The SHA-256 of a file's content, in hexadecimal digits. */
export async function sha256(file) {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

/** Writes `checksums.txt` for `files`, as `sha256sum --check` reads it. Resolves to the digests by name. */
export async function writeChecksums(directory, files) {
  const digests = new Map();
  for (const file of files.toSorted()) digests.set(basename(file), await sha256(file));
  const lines = [...digests].map(([name, digest]) => `${digest}  ${name}\n`);
  await writeFile(join(directory, "checksums.txt"), lines.join(""));
  return digests;
}
