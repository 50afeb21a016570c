// The site made of docs/: navigation from the tree, search in the browser, nothing fetched from anywhere.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";

import { defineConfig } from "vitepress";

import { DOCS, readSections } from "../../scripts/docs-pages.mjs";
import { home, manifest } from "../../scripts/release/version.mjs";

const { description } = manifest;
/** Where the sources can be read; `undefined` while that is not decided. */
const sources = home.includes("/OWNER/") ? undefined : `${home}/blob/main`;
const sections = readSections();
/** Where the site is on its host, with a slash at both ends. */
const BASE = process.env.DOCS_BASE ?? "/";

export default defineConfig({
  title: "skillimage",
  description,
  lang: "en",
  base: BASE,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${BASE}favicon.svg` }]],
  cleanUrls: false,
  // Outside of docs/, where the copies of its pages would be taken for pages.
  outDir: "../.site",
  lastUpdated: false,
  rewrites: { "cli/README.md": "cli/index.md", "adr/README.md": "adr/index.md" },
  markdown: {
    html: false,
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (markdown) => markdown.core.ruler.push("links-of-the-tree", linksOfTheTree),
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    sidebar: sidebars(),
    docFooter: { prev: false, next: false },
  },
  // Each page as Markdown beside its HTML, for llms.txt, and all of them in one file.
  buildEnd({ outDir }) {
    const pages = sections.flatMap((section) => section.pages);
    for (const { path } of pages) cpSync(join(DOCS, path), join(outDir, path));
    const texts = pages.map(({ path }) => readFileSync(join(DOCS, path), "utf8").trim());
    writeFileSync(join(outDir, "llms-full.txt"), `${texts.join("\n\n")}\n`);
    console.log(`The site is in ${outDir}; any web server serves it as it is.`);
  },
});

/** Commands and decisions are many, so each have a list of their own, which leads back; the others share one. */
function sidebars() {
  const isLong = ({ title }) => ["Commands", "Decisions"].includes(title);
  const long = sections.filter(isLong);
  const main = sections
    .filter((section) => !isLong(section))
    .map(({ title, pages }) => ({ text: title, items: pages.map(item) }));
  const more = long.map(({ title, pages }) => ({ text: title, link: item(pages[0]).link }));
  const back = { text: "skillimage", items: [{ text: "Overview", link: "/index.html" }] };
  const own = long.map(({ title, pages }) => [`/${pages[0].folder}/`, [back, { text: title, items: pages.map(item) }]]);
  return { "/": [...main, { text: "More", items: more }], ...Object.fromEntries(own) };
}

function item({ title, path }) {
  return { text: title, link: `/${pageOf(path)}` };
}

function pageOf(path) {
  return path.replace(/(^|\/)README\.md$/, "$1index.md").replace(/\.md$/, ".html");
}

/**
 * Links in docs/ are those of the tree, so that they work where the repository is read. An overview is README.md there and
 * the index of its folder here; what lies outside of docs/ is at the repository's address, or no link while it has none.
 */
function linksOfTheTree({ tokens, env }) {
  const folder = posix.dirname(env.relativePath ?? "");
  for (const { children } of tokens) {
    let isDropped = false;
    for (const token of children ?? []) {
      if (token.type === "link_close" && isDropped) {
        isDropped = false;
        Object.assign(token, { type: "text", tag: "", nesting: 0, content: "" });
      }
      if (token.type !== "link_open") continue;
      const href = token.attrGet("href") ?? "";
      if (/^(?:[a-z]+:|#)/.test(href)) continue;
      const target = posix.join(folder, href);
      if (!target.startsWith("../")) token.attrSet("href", href.replace(/(^|\/)README\.md/, "$1index.md"));
      else if (sources !== undefined) token.attrSet("href", `${sources}/${target.slice(3)}`);
      else {
        isDropped = true;
        Object.assign(token, { type: "text", tag: "", nesting: 0, content: "" });
      }
    }
  }
}
