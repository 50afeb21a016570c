/** Making a directory a store, when something is first written to it. */
import { SkillError } from "../../errors.ts";
import type { Disk } from "./disk.ts";
import { reading, writing } from "./failure.ts";
import { absentAsUndefined } from "./file-system.ts";

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
    const status = await fs.status(paths.root);
    if (status === undefined) return false;
    const names = status.kind === "directory" ? await fs.list(paths.root) : ["(not a directory)"];
    const foreign = names.find((name) => !EXPECTED.has(name) && !name.startsWith("index.json."));
    if (foreign === undefined) return false;
    throw new SkillError("TARGET_EXISTS", `${paths.root} is not an image layout: it holds ${JSON.stringify(foreign)}`, {
      hint: "Name an empty or new directory as the store.",
    });
  });
}

/** Creates what a store has before its first image. `oci-layout` comes last: where it is, the rest is. */
export async function createLayout(disk: Disk): Promise<void> {
  const { paths } = disk;
  await writing(paths.root, async () => {
    if (await checkLayout(disk)) return;
    await disk.makeDirectory(paths.algorithm("sha256"));
    await disk.makeDirectory(paths.temporary);
    await disk.syncDirectory(paths.root);
    await disk.syncDirectory(paths.blobs);
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
