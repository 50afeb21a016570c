// Builds dist/: the library with tsc (one module a file, with types) and the command with esbuild (two scripts, quick to load).
import { isAscii } from "node:buffer";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { generate } from "./generate.mjs";

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
const ofServers = ["@opentelemetry/api", "bcryptjs", "pino", "prom-client", "rate-limiter-flexible"];

/**
 * The command is CommonJS: two scripts, as for Node to find, load and link ES modules takes longer than to run most of them. The
 * first prints the version or loads the second, which is all the rest, with the code that an earlier call compiled.
 */
const PROGRAM = "program.js";
const script = {
  bundle: true,
  platform: "node",
  target: "node20.17",
  format: "cjs",
  // What is imported when it is needed is required then: code that V8 kept has no way to import modules.
  supported: { "dynamic-import": false },
  minify: true,
  legalComments: "none",
  // Peers are installed by those who use them.
  external: [...ofServers, ...Object.keys(peerDependencies)],
  plugins: [withoutPrograms],
  // The same code as ES modules: what is not used is left out, and nothing waits to be required.
  alias: { yaml: fileURLToPath(new URL("../node_modules/yaml/browser/dist/index.js", import.meta.url)) },
  banner: { js: 'const __url=require("node:url").pathToFileURL(__filename).href;' },
  define: {
    __VERSION__: JSON.stringify(version),
    __COMMIT__: JSON.stringify(commit()),
    __PROGRAM__: JSON.stringify(PROGRAM),
    "import.meta.url": "__url",
  },
};
await build({ ...script, entryPoints: ["src/cli/main.ts"], outfile: "dist/cli/main.js" });
await build({ ...script, entryPoints: ["src/cli/process.ts"], outfile: `dist/cli/${PROGRAM}` });
if (!isAscii(readFileSync(`dist/cli/${PROGRAM}`)))
  throw new Error(`${PROGRAM} is not ASCII, as who loads it takes it to be`);
writeFileSync("dist/cli/package.json", '{ "type": "commonjs" }\n');
chmodSync("dist/cli/main.js", 0o755);

/** The commit that is being built; empty outside a git checkout. */
function commit() {
  if (!existsSync(".git")) return "";
  return execFileSync("git", ["rev-parse", "--short=12", "HEAD"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
}
