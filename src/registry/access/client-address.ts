/** Whose request this is, where proxies stand between. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP, type Socket } from "node:net";

import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";

/**
 * Finds the address of the client. `proxies` (addresses, or networks such as `10.0.0.0/8`) are believed what they say in
 * `X-Forwarded-For`, one after the other from the nearest; nobody else is. Throws `CONFIG_INVALID`.
 */
export function clientAddressBehind(proxies: readonly string[]): (request: IncomingMessage) => string | undefined {
  const trusted = new BlockList();
  for (const proxy of proxies) addTo(trusted, proxy);
  return ({ headers, socket }) => {
    const said = [headers["x-forwarded-for"] ?? []].flat().flatMap((value) => value.split(","));
    let address = addressOf(socket);
    while (address !== undefined && isIn(trusted, address)) {
      const next = addressIn(said.pop()?.trim() ?? "");
      if (next === undefined) break;
      address = next;
    }
    return address;
  };
}

/** What a proxy says of where a request comes from: an address, and with some proxies its port. */
function addressIn(text: string): string | undefined {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  return isIP(address) === 0 ? undefined : address;
}

/** Of a request that was destroyed, Node has taken the connection away, whatever its types say. */
export function addressOf(socket: Socket | null): string | undefined {
  return socket?.remoteAddress;
}

function addTo(trusted: BlockList, proxy: string): void {
  const [address = "", prefix, ...more] = proxy.split("/");
  const family = isIP(address);
  const bits = Number(prefix ?? (family === 4 ? 32 : 128));
  const isNetwork =
    family !== 0 && more.length === 0 && Number.isInteger(bits) && bits >= 1 && bits <= (family === 4 ? 32 : 128);
  if (!isNetwork) {
    throw new SkillError("CONFIG_INVALID", `${quote(proxy)} is neither an address nor a network`, {
      hint: "Write proxies as 192.0.2.7 or 10.0.0.0/8.",
    });
  }
  trusted.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
}

/** IPv4 addresses in IPv6 clothes are IPv4 addresses to a `BlockList`, too. */
function isIn(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6");
}
