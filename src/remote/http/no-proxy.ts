/**
 * NO_PROXY as Go's programs read it (golang.org/x/net/http/httpproxy), because those are the container tools: names with
 * all below them, `.name` for only what is below, addresses, CIDR ranges, each with a port if need be, `*` for everything.
 */
import { BlockList, isIP } from "node:net";

import { hostOf, isIn, portOf } from "./hosts.ts";

type Rule = (host: string, port: string) => boolean;

/** Whether a URL's host is one that the list excepts. Parts of the list that mean nothing are passed over, as Go does. */
export function exceptionsOf(list: string): (url: URL) => boolean {
  const rules = list
    .split(",")
    .map((each) => ruleOf(each.trim().toLowerCase()))
    .filter((each) => each !== undefined);
  return (url) => rules.some((rule) => rule(hostOf(url), String(portOf(url))));
}

function ruleOf(text: string): Rule | undefined {
  if (text === "*") return () => true;
  const range = rangeOf(text);
  if (range !== undefined) return (host) => isIn(range, host);
  const { host, port } = splitPort(text);
  if (host === "") return undefined;
  const isPort = (asked: string): boolean => port === "" || port === asked;
  if (isIP(host) !== 0) {
    const address = new BlockList();
    address.addAddress(host, isIP(host) === 6 ? "ipv6" : "ipv4");
    return (asked, at) => isPort(at) && isIn(address, asked);
  }
  const below = host.startsWith("*.") ? host.slice(1) : host;
  if (below.startsWith(".")) return (asked, at) => isPort(at) && asked.endsWith(below);
  return (asked, at) => isPort(at) && (asked === below || asked.endsWith(`.${below}`));
}

function rangeOf(text: string): BlockList | undefined {
  const [address = "", prefix = "", ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0 || !/^\d{1,3}$/.test(prefix)) return undefined;
  if (Number(prefix) > (version === 6 ? 128 : 32)) return undefined;
  const range = new BlockList();
  range.addSubnet(address, Number(prefix), version === 6 ? "ipv6" : "ipv4");
  return range;
}

/** `host`, `host:port`, `::1`, `[::1]` and `[::1]:port`. */
function splitPort(text: string): { readonly host: string; readonly port: string } {
  const bracketed = /^\[([^\]]*)\](?::(\d*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: bracketed[2] ?? "" };
  const [host = "", port = "", ...more] = text.split(":");
  return more.length > 0 ? { host: text, port: "" } : { host, port };
}
