/** Which proxy a request goes through, as the environment says. */
import { SkillError } from "../../errors.ts";
import { isLoopback } from "./hosts.ts";
import { exceptionsOf } from "./no-proxy.ts";
import type { HttpHeaders } from "./types.ts";

export interface ProxySettings {
  /** The `http:` or `https:` proxy for a URL, with its user and password; `undefined`: none. Throws `CONFIG_INVALID` for one that cannot be used. */
  proxyFor(url: URL): URL | undefined;
}

/** Every host is reached as it is. */
export const NO_PROXIES: ProxySettings = { proxyFor: () => undefined };

/**
 * The proxies that environment variables name: `HTTPS_PROXY`, `HTTP_PROXY`, for both `ALL_PROXY`, and `NO_PROXY`, each also in lower case.
 * A loopback host never goes through one. `HTTP_PROXY` does not count where `REQUEST_METHOD` is set, for in a CGI program it is what a
 * client sent as the header `Proxy`.
 */
export function proxiesFrom(variables: Readonly<Record<string, string | undefined>>): ProxySettings {
  const named = (...names: readonly string[]): Named | undefined => {
    const name = names.find((each) => (variables[each] ?? "") !== "");
    return name === undefined ? undefined : { name, value: variables[name] ?? "" };
  };
  const isCgi = variables["REQUEST_METHOD"] !== undefined;
  const all = ["ALL_PROXY", "all_proxy"];
  const proxies = {
    "http:": named(...(isCgi ? [] : ["HTTP_PROXY"]), "http_proxy", ...all),
    "https:": named("HTTPS_PROXY", "https_proxy", ...all),
  };
  const isExcepted = exceptionsOf(named("NO_PROXY", "no_proxy")?.value ?? "");
  return {
    proxyFor: (url) => {
      const proxy = url.protocol === "https:" ? proxies["https:"] : proxies["http:"];
      return proxy === undefined || isLoopback(url) || isExcepted(url) ? undefined : parse(proxy);
    },
  };
}

interface Named {
  readonly name: string;
  readonly value: string;
}

/** The value may hold a password, so no error shows it. */
function parse({ name, value }: Named): URL {
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  const proxy = URL.canParse(text) ? new URL(text) : undefined;
  if (proxy?.protocol === "http:" || proxy?.protocol === "https:") return proxy;
  throw new SkillError("CONFIG_INVALID", `the environment variable ${name} is not the URL of an http or https proxy`, {
    hint: "Write http://host:port, with user:password@ before the host if it wants them; NO_PROXY excepts hosts from it.",
  });
}

/** The header that a proxy's user and password make; for the proxy's eyes only. */
export function proxyAuthorization({ username, password }: URL): HttpHeaders {
  if (username === "" && password === "") return {};
  const basic = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString("base64");
  return { "proxy-authorization": `Basic ${basic}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
