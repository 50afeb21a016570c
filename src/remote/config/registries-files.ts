/** Finds the files that containers-registries.conf(5) and containers-registries.conf.d(5) speak of. */
import { join } from "node:path";

import { systemPath, userPath, type Places } from "./places.ts";
import { listConfigDirectory, readConfigFile } from "./read-file.ts";
import { mergeRegistriesConf, parseRegistriesConf, type RegistriesConf } from "./registries-conf.ts";

const FILE = ["containers", "registries.conf"] as const;
const DROP_INS = ["containers", "registries.conf.d"] as const;

/** More drop-in files than a distribution and an administrator together have. */
const MAX_DROP_INS = 1000;

/**
 * What `registries.conf` and its drop-ins say together, read in podman's order: the file that
 * `CONTAINERS_REGISTRIES_CONF` (or `REGISTRIES_CONFIG_PATH`) names, else the user's, else the system's; then the drop-ins of the
 * system, then those of the user. Beside the user's own file the system's drop-ins do not count. Files that are not there or that
 * this user may not read say nothing, except the one that the variable names. Throws `CONFIG_INVALID`.
 */
export async function readRegistriesConf(places: Places): Promise<RegistriesConf> {
  const { main, isUsers } = await readMain(places);
  const directories = [isUsers ? undefined : systemPath(places, ...DROP_INS), userPath(places, ...DROP_INS)];
  const files = main === undefined ? [] : [main];
  for (const directory of directories) if (directory !== undefined) files.push(...(await readDropIns(directory)));
  return mergeRegistriesConf(files);
}

/** The short names that the configuration gives repositories: from the short name to `registry/repository`. */
export async function readAliases(places: Places): Promise<ReadonlyMap<string, string>> {
  const { aliases } = await readRegistriesConf(places);
  return new Map([...aliases].filter(([, target]) => target !== ""));
}

async function readMain(
  places: Places,
): Promise<{ readonly main: RegistriesConf | undefined; readonly isUsers: boolean }> {
  const { variables } = places;
  const named = variables["CONTAINERS_REGISTRIES_CONF"] || variables["REGISTRIES_CONFIG_PATH"];
  if (named !== undefined && named !== "") return { main: await readOne(named, true), isUsers: false };
  const own = userPath(places, ...FILE);
  const users = own === undefined ? undefined : await readOne(own);
  if (users !== undefined) return { main: users, isUsers: true };
  return { main: await readOne(systemPath(places, ...FILE)), isUsers: false };
}

async function readDropIns(directory: string): Promise<readonly RegistriesConf[]> {
  const names = (await listConfigDirectory(directory)).filter((name) => name.endsWith(".conf")).slice(0, MAX_DROP_INS);
  const files = await Promise.all(names.map((name) => readOne(join(directory, name))));
  return files.filter((file) => file !== undefined);
}

async function readOne(path: string, required = false): Promise<RegistriesConf | undefined> {
  const text = await readConfigFile(path, { required });
  return text === undefined ? undefined : parseRegistriesConf(path, text);
}
