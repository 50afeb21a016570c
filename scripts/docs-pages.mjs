/** The pages below docs/, as the site's navigation and llms.txt list them: read from the tree, so that a new page is in both. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

export const DOCS = fileURLToPath(new URL("../docs", import.meta.url));

/** The folders of docs/ in the order in which a reader needs them; "" is docs/ itself. */
const SECTIONS = [
  { folder: "concepts", title: "Concepts" },
  { folder: "how-to", title: "How to" },
  { folder: "cli", title: "Commands" },
  { folder: "", title: "Reference" },
  { folder: "adr", title: "Decisions" },
];

/**
 * The sections with their pages: `path` from docs/, `title` the first heading, `summary` its first sentence. A folder's overview comes
 * first, the others in the order of their titles. A folder that SECTIONS does not name is an error: it would be in no navigation.
 */
export function readSections() {
  const paths = readdirSync(DOCS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".md"))
    .map((entry) => relative(DOCS, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .filter((path) => !path.startsWith(".") && path !== "index.md");
  const pages = paths.map(readPage);
  const known = new Set(SECTIONS.map(({ folder }) => folder));
  const lost = pages.find((page) => !known.has(page.folder));
  if (lost !== undefined) throw new Error(`scripts/docs-pages.mjs knows no section for docs/${lost.path}`);
  const rank = (page) =>
    page.path.endsWith("README.md") ? "" : page.folder === "adr" ? page.path : page.title.toLowerCase();
  return SECTIONS.map(({ folder, title }) => ({
    title,
    pages: pages.filter((page) => page.folder === folder).sort((a, b) => (rank(a) < rank(b) ? -1 : 1)),
  })).filter((section) => section.pages.length > 0);
}

function readPage(path) {
  const text = readFileSync(join(DOCS, path), "utf8");
  const [, title] = /^# (.+)$/m.exec(text) ?? [];
  if (title === undefined) throw new Error(`docs/${path} has no heading`);
  return {
    path,
    folder: path.includes("/") ? path.slice(0, path.indexOf("/")) : "",
    title: plain(title),
    summary: summaryOf(text),
  };
}

/** The first sentence below the heading, which may begin with a command; of a command's page, what its help says in a line. */
function summaryOf(text) {
  const body = text.slice(text.indexOf("\n", text.search(/^# /m)) + 1).trim();
  const isHelp = body.startsWith("```text");
  const paragraphs = (isHelp ? body : body.replace(/^```\w+\n([^\n]*)\n```\n\n/, "$1 "))
    .split("\n\n")
    .slice(isHelp ? 1 : 0);
  const first = plain((paragraphs[0] ?? "").replaceAll(/\s+/g, " ")).replace(/^Decision\. /, "");
  return /^.*?[.:](?= |$)/.exec(first)?.[0].replace(/:$/, ".") ?? first;
}

/** Markdown's text without its marks. */
function plain(text) {
  return text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replaceAll(/\*\*|`/g, "")
    .trim();
}
