// Builds dist/: the library with tsc (one module a file, with types) and the command with esbuild (few files, quick to load).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { generate } from "./generate.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const { version } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
await generate();
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("src/skillcard/generated", "dist/skillcard/generated", { recursive: true });

await build({
  entryPoints: ["src/cli/main.ts"],
  outdir: "dist/cli",
  bundle: true,
  splitting: true,
  minify: true,
  platform: "node",
  target: "node20.17",
  format: "esm",
  chunkNames: "chunk-[hash]",
  legalComments: "none",
  define: { __VERSION__: JSON.stringify(version), __COMMIT__: JSON.stringify(commit()) },
  // Bundled CommonJS packages call require() for node's own modules.
  banner: { js: `import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);` },
});
chmodSync("dist/cli/main.js", 0o755);

/** The commit that is being built; empty outside a git checkout. */
function commit() {
  if (!existsSync(".git")) return "";
  return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
