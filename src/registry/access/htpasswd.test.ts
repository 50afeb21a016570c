import { appendFile, rename, writeFile } from "node:fs/promises";

import { describe, expect, it, vi } from "vitest";

import { Htpasswd, parseHtpasswd } from "./htpasswd.ts";
import { Clock, passwordFile, passwordLines } from "./testing/users.ts";

describe("a password file", () => {
  it("knows its users by their passwords, and nobody else", async () => {
    const users = new Htpasswd(await passwordFile({ alice: "wonder", bob: "builder" }));
    expect(await users.verify("alice", "wonder")).toBe(true);
    expect(await users.verify("alice", "builder")).toBe(false);
    expect(await users.verify("carol", "wonder")).toBe(false);
    expect(await users.verify("", "")).toBe(false);
  });

  it("reads what htpasswd -B writes, with comments and empty lines", () => {
    const hash = "$2y$05$6oTvuoBKqeMAcmYGbqPXTO3RVEbwVSl2cTTg0uwFJBDGP0CbyJFgG";
    const { hashes } = parseHtpasswd(`# people\n\nalice:${hash}\r\n`, "htpasswd");
    expect([...hashes]).toEqual([["alice", hash]]);
  });

  it.each([
    ["an MD5 hash", "alice:$apr1$abc$def", 'users:1: the password of "alice" is not hashed with bcrypt'],
    ["a plain password", "\nalice:secret", 'users:2: the password of "alice" is not hashed with bcrypt'],
    ["a line without a name", ":$2y$05$x", "users:1: the line has no user name"],
    ["a name that is kept for robots", "robot+ci:x", 'users:1: the name "robot+ci" is kept for tokens'],
    [
      "a hash that would take minutes",
      "alice:$2y$31$6oTvuoBKqeMAcmYGbqPXTO3RVEbwVSl2cTTg0uwFJBDGP0CbyJFgG",
      'users:1: the hash of "alice" takes more than 15 rounds',
    ],
  ])("refuses %s, and does not cite it", (_, text, message) => {
    expect(() => parseHtpasswd(text, "users")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message }));
  });

  it("refuses a user that is there twice", () => {
    const text = passwordLines({ alice: "one" }) + passwordLines({ alice: "two" });
    expect(() => parseHtpasswd(text, "users")).toThrow('users:2: the user "alice" is there twice');
  });

  it("lets a new user in, and a removed one out, without a restart", async () => {
    const clock = new Clock();
    const path = await passwordFile({ alice: "wonder" });
    const users = new Htpasswd(path, clock);
    await users.load();
    await appendFile(path, passwordLines({ bob: "builder" }));
    clock.time += 1000;
    expect(await users.verify("bob", "builder")).toBe(true);

    await writeFile(`${path}.new`, passwordLines({ bob: "changed" }));
    await rename(`${path}.new`, path);
    clock.time += 1000;
    expect(await users.verify("alice", "wonder")).toBe(false);
    expect(await users.verify("bob", "builder")).toBe(false);
    expect(await users.recognises("bob", "builder")).toBe(false);
    expect(await users.verify("bob", "changed")).toBe(true);
  });

  it("keeps its users when a change cannot be read, and tells once", async () => {
    const clock = new Clock();
    const path = await passwordFile({ alice: "wonder" });
    const onProblem = vi.fn<(problem: unknown) => void>();
    const users = new Htpasswd(path, { onProblem, now: clock.now });
    await users.load();
    await writeFile(path, "alice:secret\n");
    for (let second = 0; second < 3; second++) {
      clock.time += 1000;
      expect(await users.verify("alice", "wonder")).toBe(true);
    }
    expect(onProblem).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: "CONFIG_INVALID" }));
    expect(String(onProblem.mock.calls)).not.toContain("secret");
  });

  it("is an error at the start when it is not there", async () => {
    await expect(new Htpasswd("/nowhere/htpasswd").load()).rejects.toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });

  it("recognises a checked password for five minutes", async () => {
    const clock = new Clock();
    const users = new Htpasswd(await passwordFile({ alice: "wonder" }), clock);
    expect(await users.recognises("alice", "wonder")).toBe(false);
    await users.verify("alice", "wonder");
    expect(await users.recognises("alice", "wonder")).toBe(true);
    expect(await users.recognises("alice", "wonder!")).toBe(false);
    clock.time += 5 * 60_000;
    expect(await users.recognises("alice", "wonder")).toBe(false);
  });

  it("lets others be served between two of many checks that are asked for at once", async () => {
    const users = new Htpasswd(await passwordFile({ alice: "wonder" }));
    await users.load();
    let turns = 0;
    let isOver = false;
    const others = (): void => {
      turns += 1;
      if (!isOver) setImmediate(others);
    };
    setImmediate(others);
    await Promise.all(Array.from({ length: 50 }, async (_, at) => users.verify(`guess-${at}`, "wonder")));
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(50);
  });

  it("takes as long for somebody whom it does not know", async () => {
    const { decoy } = parseHtpasswd("alice:$2y$12$6oTvuoBKqeMAcmYGbqPXTO3RVEbwVSl2cTTg0uwFJBDGP0CbyJFgG", "users");
    expect(decoy).toMatch(/^\$2b\$12\$[./A-Za-z0-9]{53}$/);
    expect(parseHtpasswd("", "users").decoy).toHaveLength(60);
  });
});
