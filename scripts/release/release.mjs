/**
 * Makes and checks a whole release on one machine. With --dry-run that is all; without, it is meant for the release workflow, and refuses to
 * start while the project's address is not decided or the version has been published.
 *
 *     npm run release -- --dry-run
 *
 * Builds everything twice, in two directories, and says which digests are equal; looks into the executables that cannot run here, runs the
 * one that can; builds the container images; lists the artifacts. Needs GNU tar, gzip, zip, buildah.
 */
import { execFile, execFileSync } from "node:child_process";
import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { parseArgs, promisify } from "node:util";

import { sha256, writeChecksums } from "./archive.mjs";
import { buildRelease } from "./build.mjs";
import { withDirectory } from "./executable.mjs";
import { checkFormat } from "./formats.mjs";
import { buildImage } from "./image.mjs";
import { hostTarget, targetsOf } from "./targets.mjs";
import { commit, home, manifest, OUTPUT, ROOT, version } from "./version.mjs";

const run = promisify(execFile);
const { values, positionals } = parseArgs({
  options: { "dry-run": { type: "boolean" } },
  allowPositionals: true,
});

if (!values["dry-run"]) await refuseUnlessReady();
execFileSync("npm", ["run", "--silent", "build"], { cwd: ROOT, stdio: "inherit" });
const targets = targetsOf(positionals);

console.log(`== skillctl ${version}, commit ${(await commit()) || "unknown"}: built once`);
const first = await buildRelease(targets);
console.log("== built again, elsewhere, to compare");
const differing = await withDirectory(async (elsewhere) => {
  const second = await buildRelease(targets, elsewhere);
  return [...first].flatMap(([name, digest]) => (second.get(name) === digest ? [] : [name]));
});

console.log("== executables");
for (const target of targets) {
  const file = join(OUTPUT, target.name, target.executable);
  // Texts of the command, of what it bundles, and of the worker.
  const found = await checkFormat(file, target, ["skillctl help", "YAMLParseError", "deflate-worker"]);
  const ran = target === hostTarget() ? `, runs: ${(await run(file, ["version"])).stdout.trim()}` : ", not run here";
  console.log(`${target.name}: ${found}${ran}`);
}

console.log("== container images");
const images = [];
const imageArchives = [];
for (const target of targets.filter(({ os }) => os === "linux")) {
  const archive = join(OUTPUT, `skillctl_${version}_image_${target.arch}.oci.tar`);
  images.push(await buildImage(target, `localhost/skillctl:${version}-${target.arch}`, { archive }));
  imageArchives.push(archive);
}
const files = [...first.keys()].map((name) => join(OUTPUT, name));
const digests = await writeChecksums(OUTPUT, files);
for (const target of targets) await rm(join(OUTPUT, target.name), { recursive: true });

console.log("== artifacts");
const others = [...imageArchives.map((file) => basename(file)), "checksums.txt"];
for (const name of [...digests.keys(), ...others]) {
  const file = join(OUTPUT, name);
  const { size } = await stat(file);
  console.log(`${digests.get(name) ?? (await sha256(file))}  ${name}  ${formatSize(size)}`);
}
for (const { name, digest, size } of images) console.log(`${digest}  ${name}, ${size} unpacked`);

if (differing.length > 0) {
  console.error(`\nnot the same when built again: ${differing.join(", ")}`);
  process.exitCode = 1;
} else console.log(`\n${first.size} of ${first.size} files are the same when built again`);

function formatSize(bytes) {
  return bytes < 100_000 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** What has to hold before anything that others see is made. */
async function refuseUnlessReady() {
  const reasons = [];
  if (/\/OWNER\//.test(`${home}/`)) {
    reasons.push("`repository` in package.json still says OWNER: put the project's address there, and into install.sh");
  }
  if (manifest.private === true) reasons.push("package.json is private");
  const { stdout } = await run("git", ["status", "--porcelain"], { cwd: ROOT });
  if (stdout !== "") reasons.push("there are changes that are not committed");
  const tags = await run("git", ["tag", "--points-at", "HEAD"], { cwd: ROOT });
  if (!tags.stdout.split("\n").includes(`v${version}`)) reasons.push(`this commit is not tagged v${version}`);
  if (reasons.length === 0) return;
  console.error(`no release:\n${reasons.map((reason) => `  - ${reason}`).join("\n")}`);
  process.exit(1);
}
