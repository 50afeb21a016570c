import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../skill/testing/skill-directory.ts";
import { RobotTokens } from "./robots.ts";
import { Clock } from "./testing/users.ts";

const DAY = 86_400_000;

async function robots() {
  const clock = new Clock();
  const path = join(await temporaryDirectory(), "robots.json");
  return { clock, path, tokens: new RobotTokens(path, clock) };
}

describe("a robot token", () => {
  it("is told once; the file has only its hash, for its owner alone", async () => {
    const { tokens, path, clock } = await robots();
    const made = await tokens.create("ci", clock.time + DAY, { createdBy: "alice" });
    expect(made).toMatchObject({ name: "robot+ci", createdBy: "alice", expires: "2030-01-02T00:00:00.000Z" });
    expect(made.secret).toMatch(/^skr_[A-Za-z0-9_-]{43}$/);
    expect(await readFile(path, "utf8")).not.toContain(made.secret.slice(4));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(await tokens.list())).not.toMatch(/hash|skr_/);
  });

  it("is good until it expires", async () => {
    const { tokens, clock } = await robots();
    const { secret } = await tokens.create("ci", clock.time + DAY);
    expect(await tokens.find(secret)).toBe("robot+ci");
    expect(await tokens.find(`${secret}x`)).toBeUndefined();
    clock.time += DAY;
    expect(await tokens.find(secret)).toBeUndefined();
    expect(await tokens.has("robot+ci")).toBe(false);
  });

  it("ends when it is revoked, also for a server that has read it", async () => {
    const { tokens, path, clock } = await robots();
    const server = new RobotTokens(path, clock);
    const { secret } = await tokens.create("ci", clock.time + DAY);
    expect(await server.find(secret)).toBe("robot+ci");
    expect(await tokens.revoke("ci")).toBe(true);
    expect(await tokens.revoke("ci")).toBe(false);
    clock.time += 1000;
    expect(await server.find(secret)).toBeUndefined();
    expect(await tokens.list()).toEqual([
      expect.objectContaining({ name: "robot+ci", revoked: expect.any(String) as string }),
    ]);
  });

  it("does not take the name of another that is good, but that of one that is not", async () => {
    const { tokens, clock } = await robots();
    const { secret } = await tokens.create("ci", clock.time + DAY);
    await expect(tokens.create("ci", clock.time + DAY)).rejects.toThrow(
      expect.objectContaining({ code: "TARGET_EXISTS" }),
    );
    await tokens.revoke("robot+ci");
    const next = await tokens.create("ci", clock.time + DAY);
    expect(await tokens.find(secret)).toBeUndefined();
    expect(await tokens.find(next.secret)).toBe("robot+ci");
  });

  it("is not lost when two are made at once, from two places", async () => {
    const { tokens, path, clock } = await robots();
    const other = new RobotTokens(path, clock);
    const names = Array.from({ length: 20 }, (_, at) => `ci-${at}`);
    await Promise.all(names.map(async (name, at) => (at % 2 === 0 ? tokens : other).create(name, clock.time + DAY)));
    expect((await tokens.list()).map(({ name }) => name)).toEqual(names.map((name) => `robot+${name}`).toSorted());
  });

  it.each(["", "CI", "a b", "a+b", "../x", "x".repeat(65)])("cannot be called %j", async (name) => {
    const { tokens, clock } = await robots();
    await expect(tokens.create(name, clock.time + DAY)).rejects.toThrow(expect.objectContaining({ code: "USAGE" }));
  });

  it("cannot be made to expire in the past, or never", async () => {
    const { tokens, clock } = await robots();
    for (const expires of [clock.time, Number.NaN, Infinity]) {
      await expect(tokens.create("ci", expires)).rejects.toThrow(expect.objectContaining({ code: "USAGE" }));
    }
  });

  it("is not lost by making another when the file is damaged", async () => {
    const { tokens, path, clock } = await robots();
    await writeFile(path, '{"version":1,"tokens":[{"name":"robot+ci"');
    await expect(tokens.create("ci", clock.time + DAY)).rejects.toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
    expect(await readFile(path, "utf8")).toContain("robot+ci");
  });
});
