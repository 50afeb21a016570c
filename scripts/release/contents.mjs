/** What is inside of an executable: the packages whose code esbuild put there, and the runtime. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { ROOT } from "./version.mjs";

/**
 * The packages in the bundle that `metafile` is of, sorted by name and version: `{ name, version, license, integrity, texts }`, where
 * `integrity` is that of the lock file and `texts` are the license and notice files that come with it. Throws on one without a license.
 */
export async function packagesIn(metafile) {
  const lock = JSON.parse(await readFile(join(ROOT, "package-lock.json"), "utf8"));
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const directories = new Set(
    used.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0] ?? []),
  );
  const packages = await Promise.all([...directories].map((directory) => describe(directory, lock)));
  return packages.toSorted((a, b) => (a.name + a.version < b.name + b.version ? -1 : 1));
}

/** The runtime: Bun, by the lock file of `.ci/bun`. */
export async function runtime() {
  const lock = JSON.parse(await readFile(join(ROOT, ".ci/bun/package-lock.json"), "utf8"));
  const { version, integrity, license } = lock.packages["node_modules/bun"];
  return { name: "bun", version, integrity, license, texts: [] };
}

/** Their licenses and notices in one text, which has to go where the code goes. */
export function licenseText(packages) {
  const parts = packages.map(({ name, version, license, texts }) =>
    [`${name} ${version} (${license})`, ...texts.map((text) => text.trim())].join("\n\n"),
  );
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `The executable contains, beside the code of skillimage, that of these packages.\n\n${parts.join(rule)}\n`;
}

async function describe(directory, lock) {
  const { name, version, license } = JSON.parse(await readFile(join(ROOT, directory, "package.json"), "utf8"));
  if (typeof license !== "string") throw new Error(`${directory}/package.json names no license`);
  const files = (await readdir(join(ROOT, directory))).filter((file) => /^(?:licen[cs]e|notice|copying)\b/i.test(file));
  const texts = await Promise.all(files.toSorted().map((file) => readFile(join(ROOT, directory, file), "utf8")));
  return { name, version, license, integrity: lock.packages[directory]?.integrity, texts };
}
