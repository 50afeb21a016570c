/**
 * Makes the files of a release in `release/`: an archive with the executable for each platform, the bill of materials, the npm packages, the
 * Homebrew formula and the Scoop manifest (where all platforms are made), checksums.txt.
 *
 *     npm run release:build                     # all platforms
 *     npm run release:build -- linux-amd64      # only these
 *
 * The same commit makes the same bytes: see docs/how-to/release.md. Needs GNU tar, gzip and zip.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { pack, sha256, writeChecksums } from "./archive.mjs";
import { licenseText, packagesIn, runtime } from "./contents.mjs";
import { bundle, compile, withDirectory } from "./executable.mjs";
import { formula } from "./homebrew.mjs";
import { billOfMaterials } from "./sbom.mjs";
import { scoopManifest } from "./scoop.mjs";
import { TARGETS, targetsOf } from "./targets.mjs";
import { epoch, home, manifest, OUTPUT, ROOT, version } from "./version.mjs";

const run = promisify(execFile);

/** Makes the release for `targets` in the directory `output`, which is emptied. Resolves to the digests by file name. */
export async function buildRelease(targets, output = OUTPUT) {
  const time = await epoch();
  await rm(output, { recursive: true, force: true });
  await mkdir(output, { recursive: true });
  const files = [];

  await withDirectory(async (scripts) => {
    const inside = await packagesIn(await bundle(scripts));
    const contents = [...inside, await runtime()];
    const licenses = licenseText(contents);
    for (const target of targets) {
      const executable = await compile(target, scripts, output);
      const file = join(output, archiveName(target));
      await withDirectory(async (staging) => {
        await cp(executable, join(staging, target.executable));
        await cp(join(ROOT, "LICENSE"), join(staging, "LICENSE"));
        await cp(join(ROOT, "README.md"), join(staging, "README.md"));
        await writeFile(join(staging, "THIRD-PARTY-LICENSES"), licenses);
        await pack(staging, file, { programs: [target.executable], time });
      });
      files.push(file);
    }
    const bill = join(output, `skillctl_${version}_sbom.cdx.json`);
    await writeFile(bill, billOfMaterials({ name: "skillctl", version, license: manifest.license }, contents, time));
    files.push(bill);
  });

  files.push(await packageOf(ROOT, output), await packageOf(join(ROOT, "packages/skillctl"), output));
  await cp(join(ROOT, "install.sh"), join(output, "install.sh"));
  files.push(join(output, "install.sh"));
  if (targets.length === TARGETS.length) files.push(...(await writeRecipes(files, output)));
  return writeChecksums(output, files);
}

/** The name of the archive for `target`: `skillctl_<version>_<os>_<arch>.<ending>`. */
export function archiveName(target) {
  return `skillctl_${version}_${target.os}_${target.arch}.${target.archive}`;
}

/** Packs an npm package as it would be published; its scripts have run before. */
async function packageOf(directory, output) {
  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", output], {
    cwd: directory,
  });
  return join(output, JSON.parse(stdout)[0].filename);
}

async function writeRecipes(files, output) {
  const digests = new Map();
  for (const file of files) digests.set(file.slice(output.length + 1), await sha256(file));
  const release = {
    version,
    home,
    download: `${home}/releases/download/v${version}`,
    description: "Pack, promote and ship AI agent skills as OCI images",
    license: manifest.license,
  };
  const recipes = { "skillctl.rb": formula(release, digests), "skillctl.json": scoopManifest(release, digests) };
  for (const [name, text] of Object.entries(recipes)) await writeFile(join(output, name), text);
  return Object.keys(recipes).map((name) => join(output, name));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const digests = await buildRelease(targetsOf(process.argv.slice(2)));
  process.stdout.write(await readFile(join(OUTPUT, "checksums.txt"), "utf8"));
  console.log(`${digests.size} files in ${OUTPUT}`);
}
