/** The documentation as a reader meets it: built, complete, without a dead end, in a browser, on a phone, in the dark, with a screen reader. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { AxeBuilder } from "@axe-core/playwright";
import { chromium as playwright, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { chromium, describeWith } from "../tools.ts";
import { serveSite, type Site } from "./site.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SITE = join(ROOT, ".site");
/** In milliseconds, on a machine that has nothing else to do. */
const BUILD_LIMIT = 60_000;

function filesBelow(directory: string, ending: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** The attributes' values in a page's HTML. */
function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, "g"))].map(([, value = ""]) =>
    value.replaceAll("&amp;", "&"),
  );
}

let pages: ReadonlyMap<string, string>;
beforeAll(() => {
  execFileSync("npm", ["run", "--silent", "docs:build"], { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  const html = filesBelow(SITE, ".html").filter((path) => path !== "404.html");
  pages = new Map(html.map((path) => [path, readFileSync(join(SITE, path), "utf8")]));
}, BUILD_LIMIT * 5);

describe("the built site", () => {
  it("has a page for every document, and each can be reached from the first by links", () => {
    const documents = filesBelow(join(ROOT, "docs"), ".md").filter((path) => !path.startsWith(".vitepress"));
    const expected = documents.map((path) => path.replace(/README\.md$/, "index.md").replace(/\.md$/, ".html"));
    expect([...pages.keys()].toSorted()).toEqual(expected.toSorted());
    const reached = new Set(["index.html"]);
    for (const path of reached) for (const { target } of linksOf(path)) if (pages.has(target)) reached.add(target);
    expect([...pages.keys()].filter((path) => !reached.has(path))).toEqual([]);
  });

  it("has no link to a page or a heading that is not there", () => {
    const dead = [...pages.keys()].flatMap((path) =>
      linksOf(path)
        .filter(({ target, anchor }) => !hasAnchor(target, anchor))
        .map(({ href }) => `${path}: ${href}`),
    );
    expect(dead).toEqual([]);
  });

  it("fetches nothing from elsewhere", () => {
    const assets = filesBelow(SITE, ".css").map((path) => readFileSync(join(SITE, path), "utf8"));
    const fetched = [...pages.values()].flatMap((html) =>
      [...html.matchAll(/<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="([^"]*)"/g)].map(([, url = ""]) => url),
    );
    expect(fetched.filter((url) => /^(?:[a-z]+:)?\/\//.test(url))).toEqual([]);
    expect(assets.flatMap((css) => css.match(/url\(["']?https?:[^)]*/g) ?? [])).toEqual([]);
  });

  it("has every page as Markdown where llms.txt says, and all of them in one file", () => {
    const text = readFileSync(join(SITE, "llms.txt"), "utf8");
    const listed = [...text.matchAll(/^- \[[^\]]+\]\(([^)]+)\): /gm)].map(([, path = ""]) => path);
    expect(listed).toHaveLength(pages.size - 1);
    const full = readFileSync(join(SITE, "llms-full.txt"), "utf8");
    for (const path of listed) expect(full).toContain(readFileSync(join(SITE, path), "utf8").trim());
  });
});

interface Link {
  readonly href: string;
  readonly target: string;
  readonly anchor: string;
}

function linksOf(path: string): Link[] {
  const hrefs = [...(pages.get(path) ?? "").matchAll(/<a\b[^>]*? href="([^"]*)"/g)].map(([, href = ""]) => href);
  return hrefs
    .filter((href) => !/^[a-z]+:/.test(href))
    .map((href) => {
      const [page = "", anchor = ""] = href.split("#");
      const at = page.startsWith("/") ? page.slice(1) : posix.join(posix.dirname(path), page);
      const target = page === "" ? path : at.replace(/(^|\/)$/, "$1index.html");
      return { href, target: target === "." ? "index.html" : target, anchor: decodeURIComponent(anchor) };
    });
}

function hasAnchor(target: string, anchor: string): boolean {
  const html = pages.get(target);
  return html !== undefined && (anchor === "" || attributes(html, "id").includes(anchor));
}

const VIEWS: readonly (readonly [name: string, options: BrowserContextOptions])[] = [
  ["wide-light", { viewport: { width: 1440, height: 900 }, colorScheme: "light" }],
  ["wide-dark", { viewport: { width: 1440, height: 900 }, colorScheme: "dark" }],
  ["narrow-light", { viewport: { width: 360, height: 740 }, colorScheme: "light" }],
  ["narrow-dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
];

/** Those that are looked through for faults of accessibility, which takes its time: each width and each colour once. */
const EXAMINED = new Set(["wide-light", "narrow-dark"]);

/** One of each kind: the first, a table, code, a command, a decision. */
const SEEN = [
  "index.html",
  "concepts/lifecycle.html",
  "how-to/ci-for-skill-authors.html",
  "cli/ci.html",
  "adr/0034-a-pipeline-is-a-verb.html",
];

describeWith([chromium], "in a browser", () => {
  let site: Site;
  let browser: Browser;
  beforeAll(async () => {
    site = await serveSite(SITE);
    browser = await playwright.launch({
      executablePath: chromium.path ?? "",
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
  });
  afterAll(async () => {
    await browser.close();
    await site.close();
  });

  /** Opens pages in a view; nothing may be asked of another host, and nothing may go wrong in a page. */
  async function visit(
    options: BrowserContextOptions,
    paths: readonly string[],
    use: (page: Page, path: string) => Promise<void>,
  ) {
    const context = await browser.newContext(options);
    const troubles: string[] = [];
    try {
      const page = await context.newPage();
      page.on("pageerror", (error) => troubles.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") troubles.push(message.text());
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(site.url) && !request.url().startsWith("data:")) troubles.push(request.url());
      });
      for (const path of paths) {
        await page.goto(`${site.url}/${path}`, { waitUntil: "load" });
        // Keys and buttons do nothing until the page's own code has taken over what the server wrote.
        await page.waitForFunction("Boolean(document.querySelector('#app')?.__vue_app__)");
        await use(page, path);
      }
    } finally {
      await context.close();
    }
    expect(troubles).toEqual([]);
  }

  it.each(VIEWS)("%s: pages are readable, fit, and have no serious fault of accessibility", async (view, options) => {
    await visit(options, SEEN, async (page, path) => {
      expect(await page.locator("main h1").count(), path).toBe(1);
      const overflow = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth",
      );
      expect(overflow, `${path} scrolls sideways`).toBe(0);
      const file = join(ROOT, ".vitest/site", view, path.replace(".html", ".png"));
      mkdirSync(dirname(file), { recursive: true });
      await page.screenshot({ path: file });
      if (!EXAMINED.has(view)) return;
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(serious.map(({ id, nodes }) => `${path} ${id} ${nodes[0]?.html ?? ""}`)).toEqual([]);
    });
  });

  it("is searched without a server", async () => {
    await visit(VIEWS[0]?.[1] ?? {}, ["index.html"], async (page) => {
      await page.keyboard.press("Control+k");
      await page.locator(".VPLocalSearchBox input").fill("shallow clone");
      await page.locator('.VPLocalSearchBox .result[href*="/how-to/ci-for-skill-authors.html"]').first().waitFor();
    });
  });

  it("leads from the navigation of a phone to a page", async () => {
    await visit(VIEWS[2]?.[1] ?? {}, ["index.html"], async (page) => {
      await page.getByRole("button", { name: "Menu" }).click();
      await page.getByRole("link", { name: "Run a registry", exact: true }).first().click();
      await page.waitForURL(/run-a-registry\.html/);
      // The address changes first, the page follows.
      await page.locator("main").getByRole("heading", { level: 1, name: "Run a registry" }).waitFor();
    });
  });
});
