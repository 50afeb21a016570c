import { execFileSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { listConfigDirectory, MAX_CONFIG_FILE, readConfigFile } from "./read-file.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (name: string): string => join(directory.path, name);
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

describe("a configuration file", () => {
  it("may be a link, as mounted ones are", async () => {
    await writeFile(at("real"), "x = 1\n");
    await symlink(at("real"), at("link"));
    expect(await readConfigFile(at("link"))).toBe("x = 1\n");
  });

  it("may be /dev/null, which says nothing", async () => {
    expect(await readConfigFile("/dev/null")).toBe("");
    expect(await readConfigFile("/dev/null", { required: true })).toBe("");
  });

  it("that is not there says nothing, unless it was named", async () => {
    expect(await readConfigFile(at("none"))).toBeUndefined();
    expect(await readConfigFile(at("none/below"))).toBeUndefined();
    await expect(readConfigFile(at("none"), { required: true })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `${at("none")} cannot be read: there is no such file`,
    });
  });

  it("is read up to its limit", async () => {
    await writeFile(at("full"), "x".repeat(MAX_CONFIG_FILE));
    await writeFile(at("more"), "x".repeat(MAX_CONFIG_FILE + 1));
    expect(await readConfigFile(at("full"))).toHaveLength(MAX_CONFIG_FILE);
    await expect(readConfigFile(at("more"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  it("without an end is not read to it", async () => {
    await expect(readConfigFile("/dev/zero", { required: true })).rejects.toThrow("larger than 1048576 bytes");
  });

  it("that is a pipe nobody writes to keeps nobody waiting", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    expect(await readConfigFile(at("pipe"))).toBe("");
  });

  it("that is a directory, or no text, is refused", async () => {
    await mkdir(at("directory"));
    await expect(readConfigFile(at("directory"))).rejects.toThrow("it is a directory");
    await writeFile(at("binary"), Buffer.from([0xff, 0xfe, 0]));
    await expect(readConfigFile(at("binary"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("a configuration directory", () => {
  it("is listed in the order in which its files are read", async () => {
    for (const name of ["b.conf", "10.conf", "a.conf", "A.conf"]) await writeFile(at(name), "");
    expect(await listConfigDirectory(directory.path)).toEqual(["10.conf", "A.conf", "a.conf", "b.conf"]);
  });

  it("that is not there is empty", async () => {
    expect(await listConfigDirectory(at("none"))).toEqual([]);
  });
});
