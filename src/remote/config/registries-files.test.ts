import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import type { Places } from "./places.ts";
import { readAliases, readRegistriesConf } from "./registries-files.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let places: Places;
beforeEach(async () => {
  directory = await temporaryDirectory();
  places = { variables: {}, home: join(directory.path, "home"), etc: join(directory.path, "etc") };
});
afterEach(() => directory.remove());

async function write(name: string, text: string): Promise<string> {
  const path = join(directory.path, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}

const registry = (prefix: string, location: string): string =>
  `[[registry]]\nprefix = "${prefix}"\nlocation = "${location}"\n`;
const locations = async (): Promise<Record<string, string | undefined>> => {
  const { rules } = await readRegistriesConf(places);
  return Object.fromEntries([...rules.values()].map(({ prefix, location }) => [prefix, location]));
};

it("no file at all is no configuration", async () => {
  expect(await locations()).toEqual({});
  places = { variables: {}, etc: join(directory.path, "etc") };
  expect(await locations()).toEqual({});
});

it("the drop-ins change the main file in their order, the user's after the system's", async () => {
  await write("etc/containers/registries.conf", registry("a.com", "main.com") + registry("z.com", "main.com"));
  await write(
    "etc/containers/registries.conf.d/10-first.conf",
    registry("a.com", "first.com") + registry("b.com", "first.com"),
  );
  await write(
    "etc/containers/registries.conf.d/20-second.conf",
    registry("b.com", "second.com") + registry("c.com", "second.com"),
  );
  await write("home/.config/containers/registries.conf.d/05-own.conf", registry("c.com", "own.com"));
  await write("etc/containers/registries.conf.d/README", "no TOML");
  await write("etc/containers/registries.conf.d/sub.d/30-below.conf", registry("a.com", "below.com"));
  expect(await locations()).toEqual({
    "a.com": "first.com",
    "b.com": "second.com",
    "c.com": "own.com",
    "z.com": "main.com",
  });
});

it("the user's own file stands for all of the system's", async () => {
  await write("etc/containers/registries.conf", registry("a.com", "system.com"));
  await write("etc/containers/registries.conf.d/10.conf", registry("b.com", "system.com"));
  await write("home/.config/containers/registries.conf", registry("c.com", "own.com"));
  await write("home/.config/containers/registries.conf.d/10.conf", registry("d.com", "own.com"));
  expect(await locations()).toEqual({ "c.com": "own.com", "d.com": "own.com" });
});

it.each(["CONTAINERS_REGISTRIES_CONF", "REGISTRIES_CONFIG_PATH"])(
  "%s names the main file, drop-ins stay",
  async (name) => {
    await write("etc/containers/registries.conf", registry("a.com", "system.com"));
    await write("etc/containers/registries.conf.d/10.conf", registry("b.com", "system.com"));
    await write("home/.config/containers/registries.conf", registry("c.com", "own.com"));
    places = { ...places, variables: { [name]: await write("mine.conf", registry("d.com", "mine.com")) } };
    expect(await locations()).toEqual({ "b.com": "system.com", "d.com": "mine.com" });
  },
);

it("a file that the variable names must be there", async () => {
  const path = join(directory.path, "none.conf");
  places = { ...places, variables: { CONTAINERS_REGISTRIES_CONF: path } };
  await expect(locations()).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(path) as string,
  });
});

it("a mistake in a drop-in is told with its path", async () => {
  const path = await write("etc/containers/registries.conf.d/10.conf", "x");
  await expect(locations()).rejects.toThrow(`${path} is not valid TOML: line 1`);
});

it("HOME is the home where nobody says another", async () => {
  await write("home/.config/containers/registries.conf", registry("c.com", "own.com"));
  const { home, etc } = places as Required<Places>;
  places = { variables: { HOME: home }, etc };
  expect(await locations()).toEqual({ "c.com": "own.com" });
});

it("an alias can be taken back by a later file", async () => {
  await write(
    "etc/containers/registries.conf.d/000-shortnames.conf",
    '[aliases]\nhello = "quay.io/a/hello"\nbye = "quay.io/a/bye"',
  );
  await write("home/.config/containers/registries.conf.d/own.conf", '[aliases]\nhello = ""');
  expect([...(await readAliases(places))]).toEqual([["bye", "quay.io/a/bye"]]);
});
