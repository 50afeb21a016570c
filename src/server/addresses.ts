/** Which addresses are whose. */
import { BlockList, isIP } from "node:net";

import { SkillError } from "../errors.ts";
import { quote } from "../text/index.ts";

export interface ListenAddress {
  /** A name or an address; without brackets. */
  readonly host: string;
  /** 0: one that the system chooses. */
  readonly port: number;
}

/** Reads `host:port`, `[::1]:port`, `:port` (all addresses of the machine). Throws `USAGE`. */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain = "", port = ""] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):([0-9]{1,5})$/.exec(text) ?? [];
  if (port !== "" && Number(port) <= 65_535)
    return { host: bracketed ?? (plain === "" ? "::" : plain), port: Number(port) };
  throw new SkillError("USAGE", `${quote(text)} is not an address to listen on`, {
    hint: "Write a host and a port, as in 127.0.0.1:5000 or 0.0.0.0:443.",
  });
}

/** As it stands in a URL. */
export function formatHost(host: string, port: number): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const PRIVATE = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv4");
}
for (const [network, prefix] of [
  // IPv4 addresses in the clothes of IPv6 (compatible, NAT64, Teredo, 6to4) lead wherever those do.
  ["::", 96],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001::", 32],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, "ipv6");
}

/** Whether only this machine reaches a host: `localhost` or an address of the loopback interface. */
export function isLoopback(host: string): boolean {
  // Asked with every request: this one needs no `SocketAddress`.
  if (isIP(host) === 4) return host.startsWith("127.");
  return /^(?:.+\.)?localhost$/i.test(host) || isIn(LOOPBACK, host);
}

/** Whether an address is in a private, local or reserved network. What is no address counts as one. */
export function isPrivateAddress(address: string): boolean {
  return isIP(address) === 0 || isIn(PRIVATE, address);
}

/** IPv4 addresses in IPv6 clothes are IPv4 addresses to a `BlockList`, too. */
function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}
