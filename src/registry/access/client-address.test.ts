import type { IncomingMessage } from "node:http";

import { describe, expect, it } from "vitest";

import { clientAddressBehind } from "./client-address.ts";

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: { "x-forwarded-for": forwarded } }) as unknown as IncomingMessage;

describe("the address of a client", () => {
  const find = clientAddressBehind(["10.0.0.0/8", "::1"]);

  it.each([
    ["that connects itself", from("192.0.2.1"), "192.0.2.1"],
    ["that only pretends to be a proxy", from("192.0.2.1", "198.51.100.7"), "192.0.2.1"],
    ["behind a proxy", from("10.1.2.3", "192.0.2.1"), "192.0.2.1"],
    ["behind two", from("::ffff:10.1.2.3", "192.0.2.1, 10.9.9.9"), "192.0.2.1"],
    ["that writes an address of its own before the proxy's", from("10.1.2.3", "198.51.100.7, 192.0.2.1"), "192.0.2.1"],
    ["behind a proxy that writes its port, too", from("10.1.2.3", "192.0.2.1:50123"), "192.0.2.1"],
    ["of IPv6 behind such a proxy", from("10.1.2.3", "[2001:db8::7]:50123"), "2001:db8::7"],
    ["behind two such proxies", from("::1", "192.0.2.1:50123, 10.9.9.9:443"), "192.0.2.1"],
    ["behind a proxy that writes no address before the port", from("10.1.2.3", "unknown:50123"), "10.1.2.3"],
    ["behind a proxy that says nothing", from("10.1.2.3"), "10.1.2.3"],
    ["behind a proxy that says nonsense", from("::1", "192.0.2.1, unknown"), "::1"],
  ])("%s", (_, request, address) => {
    expect(find(request)).toBe(address);
  });

  it.each(["proxy.example.com", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/0", "/8", "::1/129"])(
    "is not sought behind %j",
    (proxy) => {
      expect(() => clientAddressBehind([proxy])).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
    },
  );
});
