import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

import { readAll } from "../../content/index.ts";
import { proxiesFrom, type ProxySettings } from "./proxy.ts";
import { createAuthority, type Authority } from "./testing/certificates.ts";
import { serveProxy } from "./testing/proxies.ts";
import { nobody, serve, serveBytes, serveRaw } from "./testing/servers.ts";
import { closing, streamOf, textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { Transport } from "./types.ts";

describe("proxies from the environment", () => {
  const proxyFor = (variables: Record<string, string>, url: string): string | undefined =>
    proxiesFrom(variables).proxyFor(new URL(url))?.href;

  it("are by scheme, in upper or lower case, with ALL_PROXY for what has none of its own", () => {
    const variables = { HTTP_PROXY: "http://a:1", https_proxy: "https://b:2", all_proxy: "http://c:3" };
    expect(proxyFor(variables, "http://registry.example/")).toBe("http://a:1/");
    expect(proxyFor(variables, "https://registry.example/")).toBe("https://b:2/");
    expect(proxyFor({ all_proxy: "http://c:3", HTTPS_PROXY: "" }, "https://registry.example/")).toBe("http://c:3/");
    expect(proxyFor({ HTTPS_PROXY: "http://a:1", https_proxy: "http://b:2" }, "https://registry.example/")).toBe(
      "http://a:1/",
    );
    expect(proxyFor({ HTTP_PROXY: "http://a:1" }, "https://registry.example/")).toBeUndefined();
  });

  it("may be written without a scheme", () => {
    expect(proxyFor({ HTTPS_PROXY: "proxy.example:3128" }, "https://registry.example/")).toBe(
      "http://proxy.example:3128/",
    );
    expect(proxyFor({ HTTPS_PROXY: "me:pw@proxy.example" }, "https://registry.example/")).toBe(
      "http://me:pw@proxy.example/",
    );
  });

  it("are not taken from a client's header in a CGI program", () => {
    const cgi = { REQUEST_METHOD: "GET", HTTP_PROXY: "http://evil:1" };
    expect(proxyFor(cgi, "http://registry.example/")).toBeUndefined();
    expect(proxyFor({ ...cgi, http_proxy: "http://good:1" }, "http://registry.example/")).toBe("http://good:1/");
  });

  it("never stand before this machine", () => {
    const variables = { ALL_PROXY: "http://proxy:1" };
    for (const host of [
      "localhost",
      "LOCALHOST:5000",
      "registry.localhost",
      "127.0.0.1:5000",
      "127.9.9.9",
      "[::1]:5000",
      "localhost.",
    ]) {
      expect(proxyFor(variables, `http://${host}/`), host).toBeUndefined();
    }
    expect(proxyFor(variables, "http://localhost.example/")).toBe("http://proxy:1/");
  });

  it.each(["socks5://proxy:1080", "http://", "ftp://me:secret@proxy", "http://me:secret@proxy:port"])(
    "that cannot be used are refused when they are needed, without being shown: %s",
    (value) => {
      const proxies = proxiesFrom({ HTTPS_PROXY: value, NO_PROXY: "excepted.example" });
      expect(proxies.proxyFor(new URL("https://excepted.example/"))).toBeUndefined();
      const refused = (): unknown => proxies.proxyFor(new URL("https://registry.example/"));
      expect(refused).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
      expect(refused).toThrow("the environment variable HTTPS_PROXY is not the URL of an http or https proxy");
    },
  );
});

describe("NO_PROXY", () => {
  const isExcepted = (list: string, url: string): boolean =>
    proxiesFrom({ ALL_PROXY: "http://proxy:1", NO_PROXY: list }).proxyFor(new URL(url)) === undefined;

  it.each([
    ["*", "https://any.example/", true],
    ["registry.example", "https://registry.example/", true],
    ["registry.example", "https://registry.example:5000/", true],
    ["registry.example", "https://eu.registry.example/", true],
    ["registry.example", "https://otherregistry.example/", false],
    ["REGISTRY.example", "https://registry.EXAMPLE/", true],
    ["registry.example", "https://registry.example./", true],
    [".registry.example", "https://eu.registry.example/", true],
    [".registry.example", "https://registry.example/", false],
    ["*.registry.example", "https://eu.registry.example/", true],
    ["*.registry.example", "https://registry.example/", false],
    ["registry.example:5000", "https://registry.example:5000/", true],
    ["registry.example:5000", "https://registry.example/", false],
    ["registry.example:443", "https://registry.example/", true],
    ["registry.example:80", "http://registry.example/", true],
    ["10.1.2.3", "https://10.1.2.3:5000/", true],
    ["10.1.2.3:443", "https://10.1.2.3:5000/", false],
    ["10.1.2.3", "https://10.1.2.30/", false],
    ["10.0.0.0/8", "https://10.200.1.1:5000/", true],
    ["10.0.0.0/8", "https://11.0.0.1/", false],
    ["10.0.0.0/8", "https://10.example/", false],
    ["10.0.0.0/8", "https://[::ffff:10.1.1.1]/", true],
    ["fd00::/8", "https://[fd12::1]:5000/", true],
    ["fd12::1", "https://[fd12::1]:5000/", true],
    ["[fd12::1]:5000", "https://[fd12::1]:5000/", true],
    ["[fd12::1]:5000", "https://[fd12::1]/", false],
    [" other.example , registry.example ", "https://registry.example/", true],
    ["10.0.0.0/99, 1/2/3, :80, [x, ,/", "https://registry.example/", false],
    ["", "https://registry.example/", false],
  ])("of %j for %s: %s", (list, url, excepted) => {
    expect(isExcepted(list, url)).toBe(excepted);
  });

  it("may be any text", () => {
    fc.assert(fc.property(fc.string(), (list) => void isExcepted(list, "https://registry.example/")));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("*", ".", ",", ":", "/", "[", "]", "1", "0", "a") }),
        (list) => void isExcepted(list, "https://10.1.1.1/"),
      ),
    );
  });
});

describe("a request through a proxy", () => {
  let authority: Authority;
  beforeAll(async () => {
    authority = await createAuthority();
  });
  const through = (proxy: URL, timeouts = {}): Transport => {
    const proxies: ProxySettings = { proxyFor: () => proxy };
    return createTransport({ proxies, timeouts, roots: async () => [authority.cert] });
  };
  const withLogin = (url: URL): URL => Object.assign(new URL(url), { username: "me", password: "p%40ss" });
  const LOGIN = `Basic ${Buffer.from("me:p@ss").toString("base64")}`;

  it("goes by CONNECT to an https host, whose certificate is verified and who sees nothing of the proxy's login", async () => {
    const seen: unknown[] = [];
    const host = await serve(
      (request, response) => {
        seen.push(request.headers);
        void readAll(request).then((body) => response.end(body));
      },
      await authority.server({ host: "registry.example" }),
    );
    const proxy = await serveProxy({ to: host, authorization: LOGIN });
    const ours = through(withLogin(proxy.url));
    const url = new URL("https://registry.example/v2/");
    const headers = { authorization: "Bearer token" };
    for (let at = 0; at < 3; at += 1) {
      const body = streamOf("there", " and back");
      expect(await textOf(await ours.send({ method: "PUT", url, body, headers }))).toBe("there and back");
    }
    expect(proxy.asked.map(({ what }) => what)).toEqual(["CONNECT registry.example:443"]);
    expect(proxy.asked[0]?.headers).not.toHaveProperty("authorization");
    expect(seen[0]).toMatchObject({ host: "registry.example", authorization: "Bearer token" });
    expect(seen[0]).not.toHaveProperty("proxy-authorization");
    await expect(ours.send({ method: "GET", url: new URL("https://other.example/") })).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
      message: `no trusted connection to other.example:443 through the proxy ${proxy.url.host}: its certificate is for other hosts`,
    });
  });

  it("asks for the whole URL of an http host", async () => {
    const host = await serve((request, response) => void response.end(`${request.headers.host} ${request.url}`));
    const proxy = await serveProxy({ to: host, authorization: LOGIN });
    const url = new URL("http://registry.example:5000/v2/?n=1");
    const ours = through(withLogin(proxy.url));
    expect(await textOf(await ours.send({ method: "GET", url }))).toBe("registry.example:5000 /v2/?n=1");
    expect(await textOf(await ours.send({ method: "GET", url }))).toBe("registry.example:5000 /v2/?n=1");
    expect(proxy.asked[0]?.what).toBe("GET http://registry.example:5000/v2/?n=1");
  });

  it("trusts a proxy that speaks TLS by the same authorities", async () => {
    const host = await serve(
      (_, response) => void response.end("x"),
      await authority.server({ host: "registry.example" }),
    );
    const plain = await serve((_, response) => void response.end("y"));
    const proxy = await serveProxy({ to: host, tls: await authority.server() });
    expect(
      await textOf(await through(proxy.url).send({ method: "GET", url: new URL("https://registry.example/") })),
    ).toBe("x");
    const other = await serveProxy({ to: plain, tls: await authority.server() });
    expect(
      await textOf(await through(other.url).send({ method: "GET", url: new URL("http://registry.example/") })),
    ).toBe("y");
    const strange = await serveProxy({ to: host, tls: await (await createAuthority()).server() });
    for (const url of [new URL("https://registry.example/"), new URL("http://registry.example/")]) {
      await expect(through(strange.url).send({ method: "GET", url })).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    }
  });

  const url = new URL("https://registry.example/");

  it("fails, and shows no password, when the proxy wants another login", async () => {
    const proxy = await serveProxy({ to: url, authorization: "other" });
    const sent = through(withLogin(proxy.url)).send({ method: "GET", url });
    await expect(sent).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: `cannot reach registry.example:443 through the proxy ${proxy.url.host}: the proxy does not connect to it (status 407)`,
      hint: expect.stringContaining("HTTPS_PROXY"),
    });
    expect(await sent.catch((error: unknown) => JSON.stringify(error) + String(error))).not.toMatch(/p@ss|p%40ss/);
  });

  it.each(["http", "https"])(
    "that is not there is named with the variables that lead to it, for %s",
    async (scheme) => {
      const proxy = nobody();
      const sent = through(proxy).send({ method: "GET", url: new URL(`${scheme}://registry.example/`) });
      await expect(sent).rejects.toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringContaining(`through the proxy ${proxy.host}: nothing listens there`),
        hint: "It is the proxy that cannot be reached. Correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or except the host by NO_PROXY.",
      });
    },
  );

  it.each([
    ["HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\n\r\n", "status 302"],
    ["HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n", "status 401"],
    ["garbage\r\n\r\n", "status"],
    ["", "the connection was closed|Proxy connection ended"],
  ])("does not take what the proxy says for the host's answer: %j", async (said, why) => {
    const sent = through(await serveBytes(said)).send({
      method: "GET",
      url,
      headers: { authorization: "Bearer token" },
    });
    await expect(sent).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", message: expect.stringMatching(why) });
  });

  it("fails when the proxy is not there, says nothing, or the caller gives up", async () => {
    await expect(through(nobody()).send({ method: "GET", url })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
    });
    let closed: Promise<void> | undefined;
    let connected = (): void => undefined;
    const silent = await serveRaw((socket) => {
      closed = closing(socket.resume());
      connected();
    });
    await expect(through(silent, { connect: 50 }).send({ method: "GET", url })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("there was no connection for 0.05 s"),
    });
    await closed;
    const abort = new AbortController();
    connected = () => abort.abort();
    await expect(through(silent).send({ method: "GET", url, signal: abort.signal })).rejects.toMatchObject({
      code: "ABORTED",
    });
    await closed;
  });
});
