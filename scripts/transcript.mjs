/**
 * Prints the transcript of README.md: the commands below, run for real through a registry on loopback that stands in for quay.io.
 * Time and owner are fixed, so that the same code prints the same. With --check compares it with the README; with --write puts it there.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

import { startRegistry } from "./demo-registry.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = join(ROOT, "README.md");
const COMMANDS = [
  "skillctl pack examples/hello-world",
  "skillctl push quay.io/myorg/hello-world:1.0.0-draft",
  "skillctl promote quay.io/myorg/hello-world:1.0.0-draft --to testing",
  "skillctl promote quay.io/myorg/hello-world:1.0.0-testing --to published",
  "skillctl pull quay.io/myorg/hello-world -o skills",
  "ls skills/hello-world",
];

process.chdir(ROOT);
const work = mkdtempSync(join(tmpdir(), "skillimage-transcript-"));
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
const registry = await startRegistry(join(work, "registry"));
process.on("exit", () => registry.kill());
const block = `\`\`\`console\n${transcript()}\`\`\`\n`;
await registry.stop();

const readme = readFileSync(README, "utf8");
const shown = /^```console\n\$ skillctl pack[^]*?^```\n/m.exec(readme)?.[0];
if (process.argv.includes("--write"))
  writeFileSync(
    README,
    readme.replace(shown, () => block),
  );
else if (!process.argv.includes("--check")) process.stdout.write(block);
else if (shown !== block) {
  console.error(
    `README.md does not show what the commands print. Write it anew: node scripts/transcript.mjs --write\n\n${block}`,
  );
  process.exitCode = 1;
}

function transcript() {
  prepare();
  return COMMANDS.map((command) => `$ ${command}\n${run(command)}`).join("");
}

/** A home with an examples directory, where quay.io is the registry. */
function prepare() {
  cpSync("examples", join(work, "examples"), { recursive: true });
  mkdirSync(join(work, ".config/containers"), { recursive: true });
  const rule = `[[registry]]\nprefix = "quay.io"\nlocation = "${registry.host}/quay.io"\ninsecure = true\n`;
  writeFileSync(join(work, ".config/containers/registries.conf"), rule);
  mkdirSync(join(work, "bin"));
  const command = `#!/bin/sh\nexec "${process.execPath}" "${ROOT}dist/cli/main.js" "$@"\n`;
  writeFileSync(join(work, "bin/skillctl"), command, { mode: 0o755 });
}

/** What a command prints to stdout, less what only this place can tell. */
function run(command) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], {
    cwd: work,
    encoding: "utf8",
    env: {
      PATH: `${join(work, "bin")}:${process.env.PATH}`,
      HOME: work,
      SKILLCTL_STORE: join(work, "store"),
      SOURCE_DATE_EPOCH: "0",
    },
  });
  if (status !== 0) throw new Error(`${command} ended with ${status}\n${stderr}`);
  return stdout.replaceAll(`${work}/`, "");
}
