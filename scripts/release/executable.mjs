/**
 * Makes the single-file executable of `skillctl`: esbuild makes one script of the command and everything that it uses, Bun compiles
 * that to bytecode and puts it behind a copy of its runtime for the target. Any target can be made on any machine.
 *
 *     node scripts/release/executable.mjs linux-arm64   # prints the path
 */
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { build } from "esbuild";

import { generate } from "../generate.mjs";
import { removeSignature } from "./mach-o.mjs";
import { bunFor } from "./runtimes.mjs";
import { hostTarget, targetOf } from "./targets.mjs";
import { commit, OUTPUT, ROOT, version } from "./version.mjs";

const run = promisify(execFile);

/**
 * What the runtime would do by itself with files of the directory that it is started in. A command that is called in
 * directories of strangers must not take variables or code from there.
 */
const READ_NOTHING = ["dotenv", "bunfig", "tsconfig", "package-json"].map((each) => `--no-compile-autoload-${each}`);

/**
 * Bundles the command into `directory`: `skillctl.cjs`, and `deflate-worker.cjs` that it starts as threads. Resolves to
 * esbuild's metafile, which tells what is inside.
 */
export async function bundle(directory) {
  await generate();
  const { metafile } = await build({
    absWorkingDir: ROOT,
    outdir: directory,
    entryPoints: { skillctl: "src/cli/main.ts", "deflate-worker": "src/archive/deflate-worker.ts" },
    outExtension: { ".js": ".cjs" },
    bundle: true,
    minify: true,
    metafile: true,
    platform: "node",
    target: "node20.17",
    format: "cjs",
    legalComments: "none",
    logLevel: "warning",
    // What a module stands beside, inside of the executable, is the program that it starts with. Bun would write in the directory that it
    // compiles in, another one each time.
    define: {
      __VERSION__: JSON.stringify(version),
      __COMMIT__: JSON.stringify(await commit()),
      "import.meta.url": "__place",
      __filename: "__script",
      __dirname: "__directory",
    },
    banner: {
      js:
        "const __script=Bun.main,__place=require('node:url').pathToFileURL(__script).href," +
        "__directory=require('node:path').dirname(__script);",
    },
    // The same code as ES modules, as in the package: what is not used is left out.
    alias: { yaml: join(ROOT, "node_modules/yaml/browser/dist/index.js") },
  });
  return metafile;
}

/** Makes the executable of `target` from what {@link bundle} wrote to `scripts`. Resolves to its path. */
export async function compile(target, scripts, output = OUTPUT) {
  const directory = join(output, target.name);
  const [compiler, runtime] = await Promise.all([bunFor(hostTarget()), bunFor(target)]);
  await chmod(compiler, 0o755);
  await mkdir(directory, { recursive: true });
  const unfinished = await mkdtemp(join(directory, ".unfinished-"));
  try {
    const made = join(unfinished, target.executable);
    await run(
      compiler,
      [
        "build",
        "--compile",
        "--bytecode",
        `--target=${target.bun}`,
        `--compile-executable-path=${runtime}`,
        ...READ_NOTHING,
        `--outfile=${made}`,
        // Relative: the names go into the executable.
        "./skillctl.cjs",
        "./deflate-worker.cjs",
      ],
      { cwd: scripts },
    );
    if (target.name === "darwin-amd64") await removeSignature(made);
    await rename(made, join(directory, target.executable));
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return join(directory, target.executable);
}

/** Runs `work` with a temporary directory that is gone afterwards. */
export async function withDirectory(work) {
  const directory = await mkdtemp(join(tmpdir(), "skillctl-release-"));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const targets = process.argv.slice(2).map(targetOf);
  if (targets.length === 0) targets.push(hostTarget());
  await withDirectory(async (scripts) => {
    await bundle(scripts);
    for (const target of targets) console.log(await compile(target, scripts));
  });
}
