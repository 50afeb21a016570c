/** Holds the tree to docs/architecture.md: who may import whom, which packages are used where, and that docs name what exists. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { ERROR_CODES } from "../src/errors.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What each module may import, beside itself, `errors`, `errno` and `directories`. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  errno: [],
  directories: [],
  text: [],
  content: [],
  oci: ["text"],
  skillcard: ["text"],
  lifecycle: ["text"],
  archive: ["oci", "content", "text"],
  store: ["oci", "content", "text"],
  remote: ["oci", "store", "content", "text"],
  skill: ["oci", "store", "archive", "skillcard", "lifecycle", "content", "text"],
  source: ["text"],
  ci: ["oci", "store", "skillcard", "lifecycle", "skill", "source", "text"],
  registry: ["oci", "store", "archive", "skillcard", "lifecycle", "content", "text"],
  server: ["registry", "oci", "store", "skillcard", "lifecycle", "content", "text"],
  index: ["oci", "store", "archive", "skillcard", "lifecycle", "remote", "skill", "content"],
  cli: [
    "index",
    "oci",
    "store",
    "archive",
    "skillcard",
    "lifecycle",
    "remote",
    "skill",
    "source",
    "ci",
    "registry",
    "server",
    "content",
    "text",
  ],
};

/** The packages that each module may use. A new one belongs into docs/architecture.md first. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  skillcard: ["yaml", "semver", "spdx-expression-parse"],
  lifecycle: ["semver"],
  archive: ["pako", "ignore"],
  remote: ["smol-toml", "https-proxy-agent"],
  skill: ["diff"],
  registry: ["bcryptjs", "jose", "rate-limiter-flexible", "@aws-sdk/client-s3", "pg"],
  server: ["pino", "prom-client", "@opentelemetry/api"],
  cli: ["commander", "picocolors", "@clack/prompts"],
};

/** The only places that touch the file system, the network or other programs. */
const FILE_SYSTEM = [
  /^src\/directories\.ts$/,
  /^src\/store\/layout\//,
  /^src\/archive\//,
  /^src\/remote\/(?:http|credentials|tls|config)\//,
  /^src\/skill\/(?:directory|init)\.ts$/,
  /^src\/source\//,
  /^src\/registry\/(?:hooks\.ts|http\/|access\/|maintenance\/|storage\/fs\/)/,
  /^src\/server\//,
  /^src\/cli\//,
];

function filesBelow(directory: string, ending: string): string[] {
  const entries = readdirSync(join(ROOT, directory), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

const sources = filesBelow("src", ".ts")
  .filter((file) => !file.endsWith(".test.ts") && !file.includes("/testing/") && !file.includes("/generated/"))
  .map((file) => ({ file, module: moduleOf(file), text: readFileSync(join(ROOT, file), "utf8") }));

function moduleOf(file: string): string {
  const [, first = ""] = file.split("/");
  return first.replace(/\.ts$/, "");
}

const IMPORT = /^(?:import|export)\s[^;"]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/gm;

function importsOf(text: string): string[] {
  return [...text.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? "");
}

const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

describe("the import table", () => {
  it.each(sources)("$file imports only what its module may", ({ file, module, text }) => {
    const allowed = [module, "errors", "errno", "directories", ...(MAY_IMPORT[module] ?? [])];
    for (const specifier of importsOf(text)) {
      if (specifier.startsWith(".")) {
        const target = moduleOf(relative(ROOT, join(ROOT, dirname(file), specifier)));
        expect(allowed, `${file} imports ${specifier}`).toContain(target);
      } else if (!specifier.startsWith("node:")) {
        expect(MAY_USE[module] ?? [], `${file} imports ${specifier}`).toContain(packageOf(specifier));
      }
    }
  });

  it("lets nothing but named places touch the file system or processes", () => {
    const offenders = sources.filter(
      ({ file, text }) =>
        importsOf(text).some((specifier) => /^node:(?:fs|child_process|net|http)/.test(specifier)) &&
        !FILE_SYSTEM.some((place) => place.test(file)),
    );
    expect(offenders.map(({ file }) => file)).toEqual([]);
  });

  it("lets nobody but `directories` make directories and what they lie in: Node never ends where none can be made", () => {
    const offenders = sources.filter(({ text }) => /\bmkdir(?:Sync)?\([^)]*recursive/.test(text));
    expect(offenders.map(({ file }) => file)).toEqual([]);
  });

  it("lets the library neither print nor exit", () => {
    const offenders = sources.filter(
      ({ module, text }) => module !== "cli" && /console\.|process\.(?:stdout|stderr|exit)/.test(text),
    );
    expect(offenders.map(({ file }) => file)).toEqual([]);
  });

  it("installs what the library uses and nothing else, or names it as optional; the command is bundled with what it uses", () => {
    const { dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    ) as Record<"dependencies" | "peerDependencies" | "peerDependenciesMeta", object>;
    expect(Object.keys(peerDependenciesMeta)).toEqual(Object.keys(peerDependencies));
    const used = sources
      .filter(({ module }) => module !== "cli")
      .flatMap(({ text }) => importsOf(text))
      .filter((each) => !/^(?:\.|node:)/.test(each));
    expect(Object.keys({ ...dependencies, ...peerDependencies }).toSorted()).toEqual(
      [...new Set(used.map(packageOf))].toSorted(),
    );
  });

  it("is what docs/architecture.md shows", () => {
    const doc = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
    for (const [module, allowed] of Object.entries(MAY_IMPORT)) {
      if (["index", "errors", "errno", "directories"].includes(module)) continue;
      const row = new RegExp(`^\\| \`${module}\` \\|([^|]*)\\|([^|]*)\\|`, "m").exec(doc);
      expect(row, `docs/architecture.md has no row for ${module}`).not.toBeNull();
      const named = (cell: string | undefined) =>
        [...(cell ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "").toSorted();
      const shown = module === "cli" ? ["everything"] : allowed.filter((each) => each !== "index").toSorted();
      expect(named(row?.[1]), module).toEqual(module === "cli" ? [] : shown);
      expect(named(row?.[2]), module).toEqual([...(MAY_USE[module] ?? [])].toSorted());
    }
  });
});

describe("files", () => {
  it("have at most 300 lines", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 300);
    expect(long.map(({ file }) => file)).toEqual([]);
  });
});

/** The codes with which a file makes errors: naming a code, as the table of exit statuses does, is not throwing it. */
function thrownCodes(text: string): string[] {
  const firstArguments = [...text.matchAll(/(?:\bnew (?:Skill|Registry)Error|\bsuper|\bfailure)\(([^,`]*)/g)].map(
    (match) => match[1] ?? "",
  );
  return firstArguments.flatMap((argument) => [...argument.matchAll(/"([A-Z_]+)"/g)].map((match) => match[1] ?? ""));
}

const docs = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...filesBelow("docs", ".md")].map((file) => ({
  file,
  text: readFileSync(join(ROOT, file), "utf8"),
}));

describe("the documents", () => {
  it.each(docs)("$file names only paths that exist", ({ file, text }) => {
    const named = [
      ...text.matchAll(/`((?:src|test|docs|examples|schemas|bench|scripts|deploy|web|\.ci)\/[\w./-]*)`/g),
    ].map((match) => match[1] ?? "");
    const linked = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)].map((match) =>
      join(dirname(file), match[1] ?? ""),
    );
    expect([...named, ...linked].filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("describe every error code, and none that does not exist", () => {
    const doc = readFileSync(join(ROOT, "docs/errors.md"), "utf8");
    const rows = [...doc.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \|/gm)].map((match) => [match[1], match[2]?.trim()]);
    expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
  });

  it("describe only codes that something throws", () => {
    const thrown = new Set(sources.flatMap(({ text }) => thrownCodes(text)));
    expect(Object.keys(ERROR_CODES).filter((code) => !thrown.has(code))).toEqual([]);
  });
});
