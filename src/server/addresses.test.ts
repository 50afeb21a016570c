import { describe, expect, it } from "vitest";

import { formatHost, isLoopback, isPrivateAddress, parseListenAddress } from "./addresses.ts";

describe("addresses", () => {
  it.each([
    ["127.0.0.1:5000", "127.0.0.1", 5000],
    ["[::1]:0", "::1", 0],
    ["localhost:80", "localhost", 80],
    [":443", "::", 443],
  ])("%s can be listened on", (text, host, port) => {
    expect(parseListenAddress(text)).toEqual({ host, port });
  });
  it.each(["", "5000", "host", "host:", "host:70000", "http://host:80", "[::1", "a b:1"])("%s cannot", (text) => {
    expect(() => parseListenAddress(text)).toThrow(expect.objectContaining({ code: "USAGE" }));
  });
  it("stand in URLs with brackets where they need them", () => {
    expect([formatHost("::1", 80), formatHost("127.0.0.1", 80)]).toEqual(["[::1]:80", "127.0.0.1:80"]);
  });
  it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "a.localhost"])(
    "%s is this machine",
    (host) => {
      expect(isLoopback(host)).toBe(true);
    },
  );
  it.each(["0.0.0.0", "::", "10.0.0.1", "example.com", "localhost.example.com", "127.0.0.1.nip.io"])(
    "%s is not",
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
  it.each([
    "10.1.2.3",
    "172.31.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "127.0.0.1",
    "0.0.0.0",
    "::1",
    "::",
    "fd00::1",
    "fe80::1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::1",
    "fec0::1",
    "203.0.113.5",
    "not an address",
  ])("%s is private", (address) => {
    expect(isPrivateAddress(address)).toBe(true);
  });
  it.each(["8.8.8.8", "::ffff:8.8.8.8", "172.32.0.1", "2606:4700::1111"])("%s is public", (address) => {
    expect(isPrivateAddress(address)).toBe(false);
  });
});
