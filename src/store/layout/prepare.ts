/** Making a directory a store, when something is first written to it, and making sure that it is one of its own. */
import { dirname } from "node:path";

import { absentAsUndefined, isAbsent } from "../../errno.ts";
import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import type { Disk } from "./disk.ts";
import { reading, unlessReadOnly, writing } from "./failure.ts";

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}';
const MAX_LAYOUT_FILE = 64 * 1024;
const EXPECTED = new Set(["blobs", "index.json", "oci-layout", ".skillimage", "lost+found"]);

/**
 * Checks that a directory is a store, or can become one. Throws `STORE_CORRUPT` for another version of the layout and
 * `TARGET_EXISTS` for a directory that holds something else. Resolves to whether it is a store already.
 */
export async function checkLayout(disk: Disk): Promise<boolean> {
  const { fs, paths } = disk;
  return reading(paths.root, async () => {
    const bytes = await fs.readFile(paths.layoutFile, MAX_LAYOUT_FILE).catch(absentAsUndefined);
    if (bytes !== undefined && bytes.byteLength > 0) return checkVersion(paths.layoutFile, bytes);
    const names = await listRoot(disk);
    const foreign = names.find((name) => !EXPECTED.has(name) && !name.startsWith("index.json."));
    if (foreign === undefined) return false;
    throw new SkillError("TARGET_EXISTS", `${paths.root} is not an image layout: it holds ${quote(foreign)}`, {
      hint: "Name an empty or new directory as the store.",
    });
  });
}

/** The store itself may be reached by a link: it is where the user said. */
async function listRoot({ fs, paths }: Disk): Promise<readonly string[]> {
  try {
    return await fs.list(paths.root);
  } catch (error) {
    if (!isAbsent(error)) throw error;
    if ((await fs.status(paths.root)) === undefined) return [];
    throw new SkillError("TARGET_EXISTS", `${paths.root} is not a directory, and so no store`, {
      hint: "Name an empty or new directory as the store.",
      cause: error,
    });
  }
}

/**
 * Throws `STORE_CORRUPT` when a directory of the store is a link, or no directory: what is written or removed there would
 * be somewhere else. To be called before anything is.
 */
export async function refuseElsewhere(disk: Disk): Promise<void> {
  const directory = await findElsewhere(disk);
  if (directory === undefined) return;
  throw new SkillError("STORE_CORRUPT", `${directory} is not a directory but a link or file; nothing was written`, {
    hint: "Put a directory in its place, or name another store with --store.",
  });
}

/** A directory of the store that is a link, or no directory; `undefined` when there is none. */
export async function findElsewhere({ fs, paths }: Disk): Promise<string | undefined> {
  const directories = [paths.own, paths.temporary, paths.blobs, paths.algorithm("sha256"), paths.algorithm("sha512")];
  const found = await Promise.all(directories.map(async (directory) => fs.status(directory)));
  return directories.find((_, at) => (found[at]?.kind ?? "directory") !== "directory");
}

/** Creates what a store has before its first image. `oci-layout` comes last: where it is, the rest is. */
export async function createLayout(disk: Disk): Promise<void> {
  const { paths } = disk;
  await writing(paths.root, async () => {
    await refuseElsewhere(disk);
    const isLayout = await checkLayout(disk);
    if (isLayout && (await disk.fs.status(paths.own)) !== undefined) return;
    await disk.makeDirectory(paths.algorithm("sha256"));
    await disk.makeDirectory(paths.temporary);
    // Who made what was here may have been killed before it was durable, or be a tool that flushes nothing. The parent may be
    // one that we may not read; then nobody but its owner made the root.
    await disk.fs.syncDirectory(dirname(paths.root)).catch(unlessReadOnly);
    await disk.syncDirectory(paths.root);
    await disk.syncDirectory(paths.blobs);
    if (isLayout) return;
    const temporary = await disk.writeTemporary(new TextEncoder().encode(LAYOUT));
    await disk.settle(temporary, paths.layoutFile);
  });
}

function checkVersion(path: string, bytes: Uint8Array): true {
  let version: unknown;
  try {
    const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
    version = (document as { readonly imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
  } catch (error) {
    throw new SkillError("STORE_CORRUPT", `${path} is not JSON`, { cause: error, hint: LAYOUT_HINT });
  }
  if (version === "1.0.0") return true;
  throw new SkillError("STORE_CORRUPT", `${path} does not say imageLayoutVersion 1.0.0`, { hint: LAYOUT_HINT });
}

const LAYOUT_HINT = `The file of a sound store holds ${LAYOUT}.`;
