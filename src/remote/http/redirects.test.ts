import { describe, expect, it } from "vitest";

import { sendFollowing } from "./redirects.ts";
import { serve } from "./testing/servers.ts";
import { textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { HttpMethod, HttpRequest, Transport } from "./types.ts";

interface Step {
  readonly status?: number;
  readonly location?: string;
}

/** A transport of many hosts that needs no network: answers by URL, and keeps what it was asked. */
function web(steps: Readonly<Record<string, Step>>): { readonly transport: Transport; readonly asked: HttpRequest[] } {
  const asked: HttpRequest[] = [];
  const transport: Transport = {
    send: async (request) => {
      asked.push(request);
      const { status = 302, location } = steps[request.url.href] ?? { status: 200 };
      return {
        status,
        headers: location === undefined ? {} : { location },
        body: (async function* () {})(),
        discard: async () => undefined,
      };
    },
    close: async () => undefined,
  };
  return { transport, asked };
}

const SECRETS = { authorization: "Bearer token", cookie: "a=b", "proxy-authorization": "Basic x" };
const headers = { ...SECRETS, accept: "*/*", range: "bytes=5-" };
const FIRST = "https://registry.example/v2/x/blobs/y";

const get = async (steps: Readonly<Record<string, Step>>, first = FIRST) => {
  const { transport, asked } = web(steps);
  const response = await sendFollowing(transport, { method: "GET", url: new URL(first), headers });
  return { url: response.url.href, status: response.status, asked };
};

describe("following redirects", () => {
  it.each([301, 302, 303, 307, 308])("goes where a %i leads, and says where that was", async (status) => {
    for (const location of ["https://cdn.example/y?signed=1#part", "//cdn.example/y?signed=1"]) {
      expect(await get({ [FIRST]: { status, location } })).toMatchObject({
        url: "https://cdn.example/y?signed=1",
        status: 200,
      });
    }
    const relative = { [FIRST]: { status, location: "../z" } };
    expect((await get(relative)).url).toBe("https://registry.example/v2/x/z");
  });

  it.each([300, 304, 305])("takes a %i for an answer", async (status) => {
    expect(await get({ [FIRST]: { status, location: "https://cdn.example/" } })).toMatchObject({ url: FIRST, status });
  });

  it.each<HttpMethod>(["POST", "PUT", "PATCH", "DELETE"])("gives the redirect of a %s back", async (method) => {
    const { transport, asked } = web({ [FIRST]: { status: 307, location: "https://cdn.example/" } });
    const response = await sendFollowing(transport, { method, url: new URL(FIRST), body: Buffer.from("x") });
    expect([response.status, response.url.href, asked.length]).toEqual([307, FIRST, 1]);
  });

  it("works over connections", async () => {
    const base = await serve((request, response) => {
      if (request.url === "/end") response.end("there");
      else response.writeHead(307, { location: "/end" }).end("a page for people");
    });
    const followed = await sendFollowing(createTransport(), { method: "GET", url: base });
    expect([await textOf(followed), followed.url.pathname]).toEqual(["there", "/end"]);
  });

  it("ends after five hops, and in a circle", async () => {
    const hop = (at: number): string => `https://registry.example/${at}`;
    const chain = (length: number): Record<string, Step> =>
      Object.fromEntries(Array.from({ length }, (_, at) => [hop(at), { location: hop(at + 1) }]));
    expect((await get(chain(5), hop(0))).url).toBe(hop(5));
    await expect(get(chain(6), hop(0))).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
    await expect(get({ [FIRST]: { location: FIRST } })).rejects.toMatchObject({ code: "RESPONSE_INVALID" });
  });
});

describe("credentials on a redirect", () => {
  it("go with it on the same origin", async () => {
    const { asked } = await get({ [FIRST]: { location: "https://registry.example:443/other" } });
    expect(asked[1]?.headers).toEqual(headers);
  });

  it.each([
    ["another host", FIRST, "https://cdn.example/y"],
    ["a host below", FIRST, "https://cdn.registry.example/y"],
    ["another port", FIRST, "https://registry.example:8443/y"],
    ["https from http", "http://registry.example/", "https://registry.example/"],
  ])("do not go to %s", async (_, first, location) => {
    const { asked } = await get({ [first]: { location } }, first);
    expect(asked[1]?.headers).toEqual({ accept: "*/*", range: "bytes=5-" });
  });

  it("do not come back when it comes back", async () => {
    const there = "https://evil.example/";
    const { asked } = await get({
      [FIRST]: { location: there },
      [there]: { location: "https://registry.example/home" },
    });
    expect(asked.map(({ headers: sent }) => Object.keys(sent ?? {}).includes("authorization"))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("are dropped however their header is spelt", async () => {
    const { transport, asked } = web({ [FIRST]: { location: "https://cdn.example/" } });
    await sendFollowing(transport, { method: "HEAD", url: new URL(FIRST), headers: { Authorization: "Bearer token" } });
    expect(asked[1]?.headers).toEqual({});
  });

  it("reach no other server over real connections", async () => {
    const seen: unknown[] = [];
    const other = await serve((request, response) => void (seen.push(request.headers), response.end()));
    const first = await serve((_, response) => void response.writeHead(302, { location: other.href }).end());
    const response = await sendFollowing(createTransport(), { method: "GET", url: first, headers });
    await response.discard();
    expect(seen).toHaveLength(1);
    for (const name of Object.keys(SECRETS)) expect(seen[0]).not.toHaveProperty(name);
  });
});

describe("a redirect that must not be followed", () => {
  it.each([
    ["out of TLS", "http://registry.example/y"],
    ["out of TLS on another host", "http://cdn.example/y?signature=secret"],
    ["to a URL with a password", "https://me:secret@cdn.example/"],
    ["to a URL with a user", "https://secret@cdn.example/"],
    ["to a file", "file:///etc/passwd"],
    ["to a script", "javascript:alert(1)"],
    ["to data", "data:text/plain,secret"],
    ["to ftp", "ftp://cdn.example/"],
    ["to no URL", "https://"],
    ["to no port", "https://cdn.example:port/"],
    ["to nothing", undefined],
    ["to this machine", "https://localhost/"],
    ["to a name of this machine", "https://registry.localhost./"],
    ["to a loopback address", "https://127.0.0.1:8443/"],
    ["to a loopback address written as a number", "https://2130706433/"],
    ["to a loopback address written in hexadecimal", "https://0x7f.1/"],
    ["to an IPv6 loopback address", "https://[::1]/"],
    ["to a loopback address as an IPv6 one", "https://[::ffff:127.0.0.1]/"],
    ["to a cloud's metadata service", "https://169.254.169.254/latest/meta-data/"],
    ["to an IPv6 address of the link", "https://[fe80::1]/"],
    ["to no address", "https://0.0.0.0/"],
    ["to no IPv6 address", "https://[::]/"],
  ])("is refused: %s", async (_, location) => {
    const followed = get({ [FIRST]: location === undefined ? {} : { location } });
    await expect(followed).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message: expect.not.stringContaining("secret"),
    });
  });

  it("is followed to a private address, and from this machine to this machine", async () => {
    expect((await get({ [FIRST]: { location: "https://10.0.0.1/" } })).url).toBe("https://10.0.0.1/");
    const first = "http://127.0.0.1:5000/";
    expect((await get({ [first]: { location: "http://localhost:9000/" } }, first)).url).toBe("http://localhost:9000/");
  });

  it("is refused to this machine even after other hops", async () => {
    const there = "https://cdn.example/";
    const followed = get({ [FIRST]: { location: there }, [there]: { location: "https://localhost/" } });
    await expect(followed).rejects.toMatchObject({
      code: "RESPONSE_INVALID",
      message:
        "cdn.example:443 redirects to https://localhost:443, which is refused: that is an address of this machine or its link",
    });
  });

  it("can be decided by the caller", async () => {
    const { transport } = web({ [FIRST]: { location: "https://cdn.example/" } });
    const check = (): never => {
      throw new Error("no");
    };
    await expect(sendFollowing(transport, { method: "GET", url: new URL(FIRST) }, { check })).rejects.toThrow("no");
  });
});
