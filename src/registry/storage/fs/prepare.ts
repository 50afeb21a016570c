/** Making a directory a registry, and making sure that it is one. */
import { absentAsUndefined } from "../../../errno.ts";
import { SkillError } from "../../../errors.ts";
import type { Disk } from "../../../store/layout/disk.ts";
import { reading } from "../../../store/layout/failure.ts";
import { quote } from "../../../text/index.ts";
import type { RegistryPaths } from "./paths.ts";

const VERSION = '{"version":1}\n';
const MAX_VERSION_FILE = 4096;
/** What may be there before the version file is: an attempt to make a registry that was cut off. */
const BEGUN = new Set(["work", "lost+found"]);

/**
 * Whether the directory is a registry; one that is absent or empty is not one yet. Throws `TARGET_EXISTS` when it holds
 * something else and `STORE_CORRUPT` for a version that we do not know.
 */
export async function isRegistry({ fs, paths }: Disk<RegistryPaths>): Promise<boolean> {
  return reading(paths.root, async () => {
    const bytes = await fs.readFile(paths.versionFile, MAX_VERSION_FILE).catch(absentAsUndefined);
    if (bytes !== undefined && bytes.byteLength > 0) return checkVersion(paths.versionFile, bytes);
    const names = (await fs.list(paths.root).catch(absentAsUndefined)) ?? [];
    const foreign = names.find((name) => !BEGUN.has(name) && name !== "registry.json");
    if (foreign === undefined) return false;
    throw new SkillError("TARGET_EXISTS", `${paths.root} is not a registry: it holds ${quote(foreign)}`, {
      hint: "Name the directory of a registry, or an empty or new one, as the root.",
    });
  });
}

/** Makes it one, durably. */
export async function createRegistry(disk: Disk<RegistryPaths>): Promise<void> {
  await disk.makeDirectory(disk.paths.temporary);
  const temporary = await disk.writeTemporary(new TextEncoder().encode(VERSION));
  await disk.settle(temporary, disk.paths.versionFile);
}

function checkVersion(path: string, bytes: Uint8Array): true {
  let version: unknown;
  try {
    ({ version } = JSON.parse(new TextDecoder().decode(bytes)) as Readonly<Record<string, unknown>>);
  } catch (cause) {
    throw new SkillError("STORE_CORRUPT", `${path} is damaged`, { hint: `It should hold ${VERSION.trim()}`, cause });
  }
  if (version === 1) return true;
  throw new SkillError("STORE_CORRUPT", `${path} says version ${quote(String(version))}, which is not known`, {
    hint: "A newer skillctl wrote it. Use that one.",
  });
}
