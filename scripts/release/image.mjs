/**
 * Builds the container image of skillctl for one platform, with buildah, from an executable that has been made before.
 *
 *     node scripts/release/image.mjs linux-amd64 localhost/skillctl [ROOT]   # prints its digest and its size
 *
 * The digest is the same for the same commit and the same Debian packages (see deploy/image/root.sh).
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { withDirectory } from "./executable.mjs";
import { targetOf } from "./targets.mjs";
import { commit, epoch, home, OUTPUT, ROOT, version } from "./version.mjs";

const run = promisify(execFile);

/**
 * Builds the image for `target` as `name` in the local container storage, from the executable in `output`. With `archive`, writes it there as
 * an OCI archive, too. `root`, where given, is a directory that deploy/image/root.sh has filled. Resolves to its manifest's digest.
 */
export async function buildImage(target, name, { output = OUTPUT, archive, root } = {}) {
  const time = await epoch();
  return withDirectory(async (context) => {
    if (root === undefined) await run(join(ROOT, "deploy/image/root.sh"), [target.arch, join(context, "root")]);
    else await cp(root, join(context, "root"), { recursive: true });
    await cp(join(output, target.name, target.executable), join(context, "skillctl"));
    await chmod(join(context, "skillctl"), 0o755);
    // In a directory of its own: of what is copied itself, the mode would be lost.
    await mkdir(join(context, "owned/data"), { recursive: true });
    await chmod(join(context, "owned/data"), 0o775);
    const facts = {
      VERSION: version,
      REVISION: await commit(),
      CREATED: new Date(time * 1000).toISOString().replace(".000", ""),
      SOURCE: home,
    };
    await run("buildah", [
      "build",
      "--quiet",
      "--layers=false",
      "--isolation=chroot",
      `--platform=${target.os}/${target.arch}`,
      `--timestamp=${time}`,
      // As the labels, but on the manifest, where registries show it.
      ...Object.entries({ version: facts.VERSION, revision: facts.REVISION, source: facts.SOURCE }).map(
        ([key, value]) => `--annotation=org.opencontainers.image.${key}=${value}`,
      ),
      ...Object.entries(facts).map(([key, value]) => `--build-arg=${key}=${value}`),
      `--file=${join(ROOT, "deploy/image/Containerfile")}`,
      `--tag=${name}`,
      context,
    ]);
    if (archive !== undefined) {
      await rm(archive, { force: true });
      await run("buildah", ["push", "--quiet", name, `oci-archive:${archive}`]);
    }
    return { name, ...(await describe(name)) };
  });
}

/** Its digest, and the bytes that it takes unpacked. */
async function describe(name) {
  const { stdout } = await run("buildah", ["inspect", "--type=image", "--format={{.FromImageDigest}}", name]);
  const sizes = await run("buildah", ["images", "--json", name]);
  return { digest: stdout.trim(), size: JSON.parse(sizes.stdout)[0].size };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [platform = "linux-amd64", name = "localhost/skillctl", root] = process.argv.slice(2);
  const { digest, size } = await buildImage(targetOf(platform), name, root === undefined ? {} : { root });
  console.log(`${name} ${digest}, ${size} unpacked`);
}
