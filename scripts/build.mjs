// Builds dist/: the library with tsc (one module a file, with types) and the command with esbuild (few files, quick to load).
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { generate } from "./generate.mjs";
import { mergeChunks } from "./merge-chunks.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
process.chdir(root);
const { version, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8"));

rmSync("dist", { recursive: true, force: true });
await generate();
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
cpSync("src/skillcard/generated", "dist/skillcard/generated", { recursive: true });

/** commander could run subcommands that are programs of their own; none is, so what starts programs is not loaded. */
const withoutPrograms = {
  name: "without-programs",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      importer.includes("/node_modules/commander/") ? { path, namespace: "empty" } : undefined,
    );
    onLoad({ filter: /./, namespace: "empty" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** What only a server needs is installed with the package; to carry it twice would make that larger by half. */
const ofServers = ["@opentelemetry/api", "bcryptjs", "jose", "pino", "prom-client", "rate-limiter-flexible"];
const platform = {
  outdir: "dist/cli",
  platform: "node",
  target: "node20.17",
  format: "esm",
  legalComments: "none",
  // Peers are installed by those who use them.
  external: [...ofServers, ...Object.keys(peerDependencies)],
};
const chunks = await build({
  ...platform,
  entryPoints: ["src/cli/main.ts"],
  bundle: true,
  splitting: true,
  metafile: true,
  minify: true,
  chunkNames: "chunk-[hash]",
  plugins: [withoutPrograms],
  // The same code as ES modules: what is not used is left out, and nothing waits to be required.
  alias: { yaml: fileURLToPath(new URL("../node_modules/yaml/browser/dist/index.js", import.meta.url)) },
  define: { __VERSION__: JSON.stringify(version), __COMMIT__: JSON.stringify(commit()) },
  write: false,
});
const outputFiles = await mergeChunks(chunks, {
  ...platform,
  start: "src/cli/main.ts",
  core: "src/cli/process.ts",
  commands: "src/cli/commands/",
  apart: ["src/registry/", "src/server/"],
});
mkdirSync("dist/cli", { recursive: true });
for (const { path, text } of outputFiles) writeFileSync(path, withRequire(text));
chmodSync("dist/cli/main.js", 0o755);

/** Bundled CommonJS packages call require() for node's own modules; a chunk without them need not pay for making one. */
function withRequire(code) {
  if (!/\brequire\b/.test(code)) return code;
  const [, hashbang, rest] = /^(#!.*\n)?([^]*)$/.exec(code);
  const banner = 'import{createRequire as __cr}from"node:module";const require=__cr(import.meta.url);';
  return `${hashbang ?? ""}${banner}\n${rest}`;
}

/** The commit that is being built; empty outside a git checkout. */
function commit() {
  if (!existsSync(".git")) return "";
  return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
