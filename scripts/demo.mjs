// The main job, shown step by step on the examples: validate, pack, inspect, promote to published, unpack; then the same
// through a registry of its own, skillctl serve: push, promote there, pull elsewhere. Works in a temporary directory that is removed at the
// end; ends with exit status 1 at the first step that does not do what it should.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startRegistry } from "./demo-registry.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "skillimage-demo-"));
const colour = process.stdout.isTTY && process.env.NO_COLOR === undefined;
const bold = (text) => (colour ? `\u001b[1m${text}\u001b[22m` : text);
const faint = (text) => (colour ? `\u001b[2m${text}\u001b[22m` : text);

process.chdir(root);
process.on("exit", () => rmSync(work, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

const examples = readdirSync("examples", { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => `examples/${entry.name}`);
const out = join(work, "skills");
const started = performance.now();

step("Is every example a valid skill?", ["validate", ...examples]);
step("Pack them: each becomes an OCI image in the local store, tagged as a draft", ["pack", ...examples]);
step("Packing again changes nothing: the same directory gives the same digest", ["pack", "examples/hello-world"]);
step("What is in the store?", ["list"]);
step("Everything about one of them", ["inspect", "examples/hello-world:1.0.0-draft", "--files"]);
const before = layer("examples/hello-world:1.0.0-draft");
step(
  "A draft cannot be published at once",
  ["promote", "examples/hello-world:1.0.0-draft", "--to", "published", "--local"],
  1,
);
step("Promote it: draft to testing", ["promote", "examples/hello-world:1.0.0-draft", "--to", "testing", "--local"]);
step("Promote it: testing to published", [
  "promote",
  "examples/hello-world:1.0.0-testing",
  "--to",
  "published",
  "--local",
]);
step("It is published, and it is what latest names", ["list", "hello-world"]);
const after = layer("examples/hello-world:latest");
if (before !== after) fail(`the layer digest changed on the way: ${before} became ${after}`);
console.log(`${faint("#")} the layer that was packed is the layer that is published: ${bold(after)}\n`);
step("Unpack the published skill", ["unpack", "examples/hello-world", "-o", out]);
step("It is what was packed", ["diff", "examples/hello-world", join(out, "hello-world"), "--exit-code"]);
step("The store is sound", ["fsck"]);

const registry = await startRegistry(join(work, "registry"));
process.on("exit", () => registry.kill());
throughRegistry(registry);
await registry.stop();

const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(bold(`Done in ${seconds} s: from a directory to a published image, through a registry, and back.`));
console.log("Try it yourself: npm link, then skillctl --help");

/** What a team does: one pushes a draft, others promote it where it is, and whoever uses it pulls what was published. */
function throughRegistry({ host }) {
  const skill = `${host}/team/release-notes`;
  const [{ version }] = JSON.parse(skillctl(["list", "release-notes", "--json"], "pipe").stdout);
  console.log(`${faint("#")} a registry of our own: skillctl serve, on http://${host}\n`);
  step("Push a draft to it", ["push", `${skill}:${version}-draft`]);
  step("Promote it there: no layer crosses the wire", ["promote", `${skill}:${version}-draft`, "--to", "testing"]);
  const reason = ["--reason", "Tested by the team."];
  step("And publish it", ["promote", `${skill}:${version}-testing`, "--to", "published", ...reason]);
  step("What does the registry hold?", ["list", skill]);
  step("Who promoted it, and why?", ["history", `${skill}:${version}`]);
  const elsewhere = ["--store", join(work, "elsewhere")];
  step("Pull it on another machine", ["pull", skill, "-o", join(work, "installed"), ...elsewhere]);
  const [packed, pulled] = [layer(`examples/release-notes:${version}-draft`), layer(skill, elsewhere)];
  if (packed !== pulled) fail(`the layer digest changed on the way: ${packed} became ${pulled}`);
  console.log(`${faint("#")} the layer that was packed here is the layer that was pulled there: ${bold(pulled)}\n`);
}

function step(title, args, expected = 0) {
  console.log(bold(`# ${title}`));
  console.log(faint(`$ skillctl ${args.map(shown).join(" ")}`));
  const { status } = skillctl(args, "inherit");
  console.log();
  if (status !== expected) fail(`skillctl ${args[0]} ended with exit status ${status}, not ${expected}`);
}

/** An argument as a shell wants it, less the temporary directory. */
function shown(argument) {
  const short = argument.replace(work, "$DEMO");
  return short.includes(" ") ? `'${short}'` : short;
}

function layer(reference, flags = []) {
  const { stdout } = skillctl(["inspect", reference, "--json", ...flags], "pipe");
  return JSON.parse(stdout).image.layers[0].digest;
}

function skillctl(args, stdio) {
  const store = args.includes("--store") ? [] : ["--store", join(work, "store")];
  const command = ["dist/cli/main.js", ...store, ...args];
  return spawnSync(process.execPath, command, { stdio: ["ignore", stdio, "inherit"], encoding: "utf8" });
}

function fail(message) {
  console.error(`demo: ${message}`);
  process.exit(1);
}
