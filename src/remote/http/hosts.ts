/** Hosts as URLs have them: their ports, and which of them are on this machine or on its link. */
import { BlockList, isIP } from "node:net";

/** `host:port`, always with the port. Brackets stay around an IPv6 address. */
export function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

/**
 * The host as connections take it: an IPv6 address without the brackets that it has in a URL, a name without dots at its end,
 * of which one too many must not make `localhost` look like a place elsewhere.
 */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "").replace(/\.+$/, "");
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Addresses that mean something else on every machine: whoever is told one by another machine is led astray. */
const LOCAL = new BlockList();
LOCAL.addSubnet("0.0.0.0", 8, "ipv4");
LOCAL.addSubnet("127.0.0.0", 8, "ipv4");
LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LOCAL.addAddress("::", "ipv6");
LOCAL.addAddress("::1", "ipv6");
LOCAL.addSubnet("fe80::", 10, "ipv6");

/** Whether a host is this machine by its name or address: `localhost`, `x.localhost`, 127.0.0.0/8, `::1`. No name is looked up. */
export function isLoopback(url: URL): boolean {
  return isLocalName(hostOf(url)) || isIn(LOOPBACK, hostOf(url));
}

/** Whether a host is this machine, or an address of its link (169.254.0.0/16, fe80::/10), or no address at all (0.0.0.0, `::`). */
export function isLocal(url: URL): boolean {
  return isLocalName(hostOf(url)) || isIn(LOCAL, hostOf(url));
}

function isLocalName(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

/** Whether a host, as {@link hostOf} gives it, is an IP address and no name. */
export function isAddress(host: string): boolean {
  return isIP(host) !== 0;
}

/** Whether `host` is an address of `list`; an IPv4 address may be written as an IPv6 one. */
export function isIn(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 6 ? "ipv6" : "ipv4");
}
