import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { networkOf, Throttle } from "./throttle.ts";

const TOO_MANY = expect.objectContaining({ status: 429, ociCode: "TOOMANYREQUESTS" }) as unknown;

describe("a throttle", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("lets each address ask so often, and says when it may again", async () => {
    const throttle = new Throttle({ requests: 3, window: 60 });
    for (let at = 0; at < 3; at++) await throttle.request("192.0.2.1");
    vi.advanceTimersByTime(20_000);
    await expect(throttle.request("192.0.2.1")).rejects.toThrow(
      expect.objectContaining({ status: 429, headers: { "Retry-After": "40" } }),
    );
    await throttle.request("192.0.2.2");
    vi.advanceTimersByTime(40_000);
    await throttle.request("192.0.2.1");
  });

  it("ends guessing: after the tenth wrong password none is checked, not even the right one", async () => {
    const throttle = new Throttle();
    const check = vi.fn<(isRight: boolean) => Promise<boolean>>(async (isRight) => isRight);
    const login = async (isRight: boolean, address = "192.0.2.1", user = "alice") =>
      throttle.login(address, user, async () => check(isRight));
    for (let at = 0; at < 10; at++) expect(await login(false)).toBe(false);
    await expect(login(true)).rejects.toThrow(TOO_MANY);
    expect(check).toHaveBeenCalledTimes(10);
    expect(await login(true, "192.0.2.1", "bob")).toBe(true);
    expect(await login(true, "192.0.2.9")).toBe(true);
    vi.advanceTimersByTime(300_000);
    expect(await login(true)).toBe(true);
  });

  it("counts guesses that run at the same time", async () => {
    const throttle = new Throttle({ logins: 10 });
    const check = vi.fn<() => Promise<boolean>>(async () => false);
    const all = Array.from({ length: 100 }, async () => throttle.login("192.0.2.1", "alice", check));
    await Promise.allSettled(all);
    expect(check).toHaveBeenCalledTimes(10);
  });

  it("takes the right password for no guess, however often it comes at the same time", async () => {
    const throttle = new Throttle({ logins: 3, loginsPerAddress: 5 });
    const all = Array.from({ length: 30 }, async () => throttle.login("192.0.2.1", "alice", async () => true));
    expect(await Promise.all(all)).toEqual(Array(30).fill(true));
  });

  it("takes the right passwords of many users of an address for no guesses, when they come at the same time", async () => {
    const throttle = new Throttle({ logins: 3, loginsPerAddress: 5 });
    const login = async (at: number) => throttle.login("192.0.2.1", `user-${at}`, async () => true);
    expect(await Promise.all(Array.from({ length: 30 }, async (_, at) => login(at)))).toEqual(Array(30).fill(true));
  });

  it("counts guesses over many user names", async () => {
    const throttle = new Throttle({ loginsPerAddress: 5 });
    const guess = async (at: number) => throttle.login("192.0.2.1", `user-${at}`, async () => false);
    for (let at = 0; at < 5; at++) await guess(at);
    await expect(guess(5)).rejects.toThrow(TOO_MANY);
  });

  it("does not keep others of an address out for one who asks on after too many wrong passwords", async () => {
    const throttle = new Throttle({ logins: 3, loginsPerAddress: 10 });
    const login = async (user: string, isRight: boolean) => throttle.login("192.0.2.1", user, async () => isRight);
    for (let at = 0; at < 3; at++) expect(await login("stale", false)).toBe(false);
    for (let at = 0; at < 30; at++) await expect(login("stale", false)).rejects.toThrow(TOO_MANY);
    expect(await login("alice", true)).toBe(true);
    for (const user of ["bob", "carol"]) {
      for (let at = 0; at < 3; at++) expect(await login(user, false)).toBe(false);
    }
    expect(await login("dave", false)).toBe(false);
    await expect(login("eve", true)).rejects.toThrow(TOO_MANY);
  });

  it("forgets wrong passwords once the right one came", async () => {
    const throttle = new Throttle({ logins: 3 });
    for (let round = 0; round < 5; round++) {
      for (const isRight of [false, false, true]) await throttle.login("192.0.2.1", "alice", async () => isRight);
    }
  });
});

describe("a client's network", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::5", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    [undefined, "unknown"],
  ])("of %s is %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});
