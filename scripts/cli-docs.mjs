/**
 * Writes docs/cli/<command>.md, one page for each command, from the help that the built command prints; so the pages
 * cannot say anything else than it. With --check writes nothing and fails when a page differs. Needs `npm run build`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
const DOCS = new URL("../docs/cli/", import.meta.url);
const { NO_COLOR: _, FORCE_COLOR: __, ...environment } = process.env;

const pages = { "README.md": overview(), ...Object.fromEntries(commands().map((name) => [`${name}.md`, page(name)])) };
const stale = Object.entries(pages).filter(([file, text]) => read(file) !== text);

if (!process.argv.includes("--check")) {
  for (const [file, text] of stale) writeFileSync(new URL(file, DOCS), text);
} else if (stale.length > 0) {
  console.error(`docs/cli is not what the help says: ${stale.map(([file]) => file).join(", ")}`);
  console.error("Write it anew: npm run build && node scripts/cli-docs.mjs");
  process.exitCode = 1;
}

function page(name) {
  return `# skillctl ${name}\n\n${fenced(skillctl("help", name))}\nAll commands: [skillctl](README.md). JSON output: [json.md](json.md).\n`;
}

function overview() {
  const links = commands().map((name) => `[${name}](${name}.md)`);
  return `# skillctl\n\n${fenced(skillctl("help"))}\nPages: ${links.join(", ")}. JSON output: [json.md](json.md).\n`;
}

/** The names of all commands, as shell completion offers them. */
function commands() {
  const lines = skillctl("__complete", "--", "").trim().split("\n");
  return lines.filter((line) => !line.startsWith(":")).map((line) => line.split("\t")[0]);
}

function fenced(text) {
  return `\`\`\`text\n${text}\`\`\`\n`;
}

function skillctl(...args) {
  return execFileSync(process.execPath, [MAIN, ...args], { encoding: "utf8", env: environment });
}

function read(file) {
  const url = new URL(file, DOCS);
  return existsSync(url) ? readFileSync(url, "utf8") : undefined;
}
