/**
 * Writes docs/public/llms.txt, the map of the documentation for language models (llmstxt.org): what the project is, and every page
 * with its first sentence. With --check writes nothing and fails when it is not what the pages say.
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

import { readSections } from "./docs-pages.mjs";

const FILE = new URL("../docs/public/llms.txt", import.meta.url);
const text = render();

if (!process.argv.includes("--check")) {
  writeFileSync(FILE, text);
} else if (readFileSync(FILE, "utf8") !== text) {
  console.error("docs/public/llms.txt is not what the pages say. Write it anew: node scripts/llms.mjs");
  process.exitCode = 1;
}

function render() {
  const sections = readSections().map(({ title, pages }) => {
    const lines = pages.map((page) => `- [${page.title}](${page.path}): ${page.summary}`);
    return `## ${title === "Decisions" ? "Optional" : title}\n\n${lines.join("\n")}\n`;
  });
  return [
    "# skillimage\n",
    "> AI agent skills as standard OCI images. `skillctl` packs a skill, a directory with instructions for an agent, into an image FROM scratch, takes it from draft to published, and moves it through any registry; podman, Docker and Kubernetes mount it as it is.\n",
    ...sections,
  ].join("\n");
}
