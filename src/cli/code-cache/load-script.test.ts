import {
  chmod,
  copyFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { keepCode, readCode } from "./kept-code.ts";
import { loadScript } from "./load-script.ts";

let directory: string;
let script: string;
let kept: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "skillctl-code-"));
  script = join(directory, "script.cjs");
  kept = join(directory, "cache", "skillctl", "code");
  await writeFile(
    script,
    'exports.answer = () => "right"; exports.place = [__filename, typeof require("node:fs").open];',
  );
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const variables = (): Record<string, string> => ({ XDG_CACHE_HOME: join(directory, "cache"), HOME: directory });

/** Loads the script, runs what it exports, keeps its code; tells what it answered. */
function call(name: string | undefined = "list", environment = variables()): string {
  const loaded = loadScript(script, name, environment);
  const answer = (loaded.exports as { answer: () => string }).answer();
  loaded.keep();
  return answer;
}

async function keptFile(): Promise<string> {
  const [name, ...others] = await readdir(kept);
  expect(others).toEqual([]);
  return join(kept, name ?? "");
}

describe("a script whose code is kept", () => {
  it("runs as it does when it is required", () => {
    expect(loadScript(script, "list", variables()).exports).toMatchObject({ place: [script, "function"] });
    expect([call(), call(), call("other"), call(undefined)]).toEqual(["right", "right", "right", "right"]);
  });

  it("is compiled once, and kept where only its user can write", async () => {
    call();
    const { ino, mode } = await stat(await keptFile());
    expect(mode & 0o777).toBe(0o600);
    expect((await stat(kept)).mode & 0o777).toBe(0o700);
    call();
    expect((await stat(await keptFile())).ino).toBe(ino);
  });

  it("is compiled anew when it was changed, whatever its size and time say", async () => {
    call();
    const { atime, mtime } = await stat(script);
    await writeFile(script, (await readFile(script, "utf8")).replace("right", "newer"));
    await utimes(script, atime, mtime);
    expect([call(), call()]).toEqual(["newer", "newer"]);
  });

  it("costs nothing, and fails at nothing, where nothing can be kept", async () => {
    await writeFile(join(directory, "cache"), "a file is in the way");
    expect(call()).toBe("right");
    const never = (): Buffer => expect.fail("there is no place for the code") as never;
    keepCode({ file: join(kept, "x"), origin: "o" }, never);
    expect(call("list", {})).toBe("right");
    expect(call("list", { XDG_CACHE_HOME: "relative", HOME: "relative" })).toBe("right");
    expect(await readdir(directory)).toEqual(["cache", "script.cjs"]);
  });

  it("is not kept for who does not want it", async () => {
    call("list", { ...variables(), NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(await readdir(directory)).toEqual(["script.cjs"]);
  });

  it("does not fill the disk with the code of versions that are gone", async () => {
    for (let version = 0; version < 450; version++) {
      keepCode({ file: join(kept, `v${version}`), origin: "o" }, () => Buffer.from("code"));
    }
    expect((await readdir(kept)).length).toBeLessThanOrEqual(200);
  });
});

describe("code that somebody else may have put there", () => {
  /** Code of another script, of the same length, as an attacker would make it: V8 itself would run it. */
  async function forge(): Promise<Buffer> {
    const [genuine, own] = [await readFile(script, "utf8"), script];
    script = join(directory, "forged.cjs");
    await writeFile(script, genuine.replace("right", "wrong"));
    expect(call("forged")).toBe("wrong");
    script = own;
    const names = await readdir(kept);
    const file = join(kept, names.find((name) => name.includes("forged")) ?? "");
    const bytes = await readFile(file);
    await rm(file);
    return bytes;
  }

  it("under the name of ours is not run, as it was not made from this script", async () => {
    const forged = await forge();
    call();
    const file = await keptFile();
    await writeFile(file, forged);
    expect(call()).toBe("right");
  });

  it("behind our own first line is not run", async () => {
    const forged = await forge();
    call();
    const file = await keptFile();
    const ours = await readFile(file);
    await writeFile(file, Buffer.concat([ours.subarray(0, 512), forged.subarray(512)]));
    expect(call()).toBe("right");
  });

  const place = (): { file: string; origin: string } => ({ file: join(kept, "x"), origin: "this script" });
  const code = Buffer.from("compiled code");
  const doubts: readonly (readonly [string, () => Promise<unknown>])[] = [
    ["in a directory that others may read", () => chmod(kept, 0o755)],
    ["in a directory that others may write", () => chmod(kept, 0o770)],
    ["in a file that others may write", () => chmod(place().file, 0o622)],
    ["in a file with a second name", () => link(place().file, join(directory, "second"))],
    [
      "behind a link",
      async () => {
        await rename(place().file, join(kept, "y"));
        await symlink("y", place().file);
      },
    ],
    [
      "in a directory behind a link",
      async () => {
        await rename(kept, join(directory, "elsewhere"));
        await symlink(join(directory, "elsewhere"), kept);
      },
    ],
    [
      "in a copy, as an archive or a backup would bring it",
      async () => {
        await copyFile(place().file, join(kept, "y"));
        await rename(join(kept, "y"), place().file);
      },
    ],
    [
      "in a directory with its name",
      async () => {
        await rm(place().file);
        await mkdir(place().file);
      },
    ],
    ["that was cut off", async () => writeFile(place().file, (await readFile(place().file)).subarray(0, -1))],
    [
      "of which a disk flipped a bit",
      async () => {
        const bytes = await readFile(place().file);
        bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 4, bytes.length - 1);
        await writeFile(place().file, bytes);
      },
    ],
  ];
  it.each(doubts)("%s is not read", async (_, tamper) => {
    keepCode(place(), () => code);
    expect(readCode(place())).toEqual(code);
    expect(readCode({ ...place(), origin: "another script" })).toBeUndefined();
    await tamper();
    expect(readCode(place())).toBeUndefined();
  });
});
