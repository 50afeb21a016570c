/** Gives the small package `skillctl` the version of skillimage, which it depends on; `npm run release:version` calls this. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

const root = process.cwd();
const { version, repository } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const file = join(root, "packages/skillctl/package.json");
const manifest = JSON.parse(await readFile(file, "utf8"));
manifest.version = version;
manifest.dependencies.skillimage = version;
manifest.repository.url = repository.url;
await writeFile(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
