import type { Socket } from "node:net";

import { beforeAll, describe, expect, it } from "vitest";

import { asksForTls, isTransient, speaksPlainHttp, speaksTls } from "./failures.ts";
import { createAuthority, type Authority } from "./testing/certificates.ts";
import { nobody, serve, serveBytes, serveRaw } from "./testing/servers.ts";
import { endless, textOf } from "./testing/streams.ts";
import { createTransport } from "./transport.ts";
import type { TlsOptions, Transport } from "./types.ts";

let authority: Authority;
let stranger: Authority;
beforeAll(async () => {
  [authority, stranger] = await Promise.all([createAuthority(), createAuthority()]);
});

const answer = (_: unknown, response: { end: (text: string) => unknown }): void => void response.end("over TLS");
/** Knows only the authorities that it is told, so that the tests need not read the system's. */
const speaking = (tls: TlsOptions = {}, roots: readonly string[] = []): Transport =>
  createTransport({ tls: () => tls, roots: async () => roots });
const get = async (transport: Transport, url: URL): Promise<string> =>
  textOf(await transport.send({ method: "GET", url }));

describe("an https server", () => {
  it("is trusted when its authority is one of the options', or of the roots that count everywhere", async () => {
    const url = await serve(answer, await authority.server());
    expect(await get(speaking({ ca: [authority.cert] }, [stranger.cert]), url)).toBe("over TLS");
    expect(await get(speaking({ ca: [stranger.cert] }, [authority.cert]), url)).toBe("over TLS");
    expect(await get(speaking({}, [authority.cert]), url)).toBe("over TLS");
  });

  it("is asked about by host and port, and its connections are kept apart by how they are made", async () => {
    const sockets = new Set<Socket>();
    const url = await serve(
      (request, response) => void (sockets.add(request.socket), response.end()),
      await authority.server(),
    );
    const asked: string[] = [];
    const ours = createTransport({
      tls: (host) => (asked.push(host), { verify: asked.length > 2 }),
      roots: async () => [],
    });
    await get(ours, url);
    await get(ours, url);
    expect([...new Set(asked), sockets.size]).toEqual([url.host, 1]);
    await expect(get(ours, url)).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
  });

  it("gives an answer that comes before the request was sent", async () => {
    const url = await serve(
      (request, response) => {
        response.writeHead(413, { "content-length": 4 }).write("over", () => request.socket.destroy());
      },
      await authority.server(),
    );
    for (let at = 0; at < 20; at += 1) {
      const response = await speaking({ verify: false }).send({ method: "PUT", url, body: endless() });
      expect([response.status, await textOf(response)]).toEqual([413, "over"]);
    }
  });

  const refused: [string, () => Promise<URL>, string, RegExp][] = [
    [
      "an authority that nobody knows",
      async () => serve(answer, await stranger.server()),
      "signed by an authority that is not known here",
      /--ca-file.*certs\.d.*--tls-verify=false/,
    ],
    [
      "a certificate that has expired",
      async () => serve(answer, await authority.server({ expired: true })),
      "its certificate has expired",
      /renew.*clock.*--tls-verify=false/,
    ],
    [
      "a certificate of another host",
      async () => serve(answer, await authority.server({ host: "registry.example" })),
      "its certificate is for other hosts",
      /^It is for "registry\.example"\. Call it by a name that is in it; --tls-verify=false/,
    ],
  ];
  it.each(refused)("is refused with %s, and not when nobody wants to know", async (_, start, why, hint) => {
    const url = await start();
    const sent = get(speaking({ ca: [authority.cert] }), url);
    await expect(sent).rejects.toMatchObject({
      code: "TLS_UNTRUSTED",
      message: expect.stringContaining(why),
      hint: expect.stringMatching(hint),
    });
    await expect(sent).rejects.not.toSatisfy(isTransient);
    await expect(sent).rejects.not.toSatisfy(speaksPlainHttp);
    expect(await get(speaking({ verify: false }), url)).toBe("over TLS");
  });

  it("sees the client certificate that it wants, and says when it misses it", async () => {
    const theirs = { ...(await authority.server()), ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const certificate = await authority.client();
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const url = await serve(answer, { ...theirs, maxVersion });
      const ca = [authority.cert];
      expect(await get(speaking({ ca, certificate }), url)).toBe("over TLS");
      await expect(get(speaking({ ca }), url)).rejects.toMatchObject({
        code: "TLS_UNTRUSTED",
        message: `no trusted connection to ${url.host}: it wants a client certificate, or does not accept ours`,
      });
    }
  });

  it("is refused when it can only speak a TLS of long ago", async () => {
    const old = {
      ...(await authority.server()),
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "ALL@SECLEVEL=0",
    } as const;
    const url = await serve(answer, old);
    await expect(get(speaking({ verify: false }), url)).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  });

  it("cannot be asked with a key that is not the certificate's", async () => {
    const [{ cert }, { key }] = await Promise.all([authority.client(), authority.client()]);
    const url = nobody();
    url.protocol = "https:";
    await expect(get(speaking({ certificate: { cert, key } }), url)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("what a port speaks", () => {
  const asHttps = (url: URL): URL => new URL(url.href.replace("http:", "https:"));

  it.each([
    ["answers in plain http", async () => serve(answer)],
    ["closes the connection", async () => serveRaw((socket) => void socket.once("data", () => socket.destroy()))],
    [
      "resets the connection",
      async () => serveRaw((socket) => void socket.once("data", () => socket.resetAndDestroy())),
    ],
    ["does not listen", nobody],
  ])("may be plain http when it is asked by https and %s", async (_, start) => {
    const sent = get(speaking({ verify: false }), asHttps(await start()));
    await expect(sent).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
    await expect(sent).rejects.toSatisfy(speaksPlainHttp);
  });

  it("says what is wrong when it is plain http", async () => {
    const url = asHttps(await serve(answer));
    await expect(get(speaking(), url)).rejects.toThrow(`cannot reach ${url.host}: it does not speak TLS on this port`);
  });

  it.each([
    ["answers with a TLS alert", async () => serveBytes(Buffer.from("15030100020216", "hex"))],
    ["is Node's https server", async () => serve(answer, await authority.server())],
    ["does not listen", nobody],
  ])("may be TLS when it is asked by http and %s", async (_, start) => {
    const url = new URL((await start()).href.replace("https:", "http:"));
    await expect(get(speaking(), url)).rejects.toSatisfy(speaksTls);
  });

  it.each([
    ["Go's", "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", true],
    ["nginx's", "HTTP/1.1 400 Bad Request\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>", true],
    [
      "Apache's",
      "HTTP/1.1 400 Bad Request\r\n\r\nReason: You're speaking plain HTTP to an SSL-enabled server port.",
      true,
    ],
    ["another 400", "HTTP/1.1 400 Bad Request\r\n\r\nno such thing", false],
    ["an endless 400", `HTTP/1.1 400 Bad Request\r\n\r\n${"HTTP request to an HTTPS server".repeat(10_000)}`, false],
    [
      "an answer that only talks of it",
      "HTTP/1.1 200 OK\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
      false,
    ],
  ])("is seen from what the server says: %s", async (_, bytes, is) => {
    const response = await speaking().send({ method: "GET", url: await serveBytes(bytes) });
    expect(await asksForTls(response)).toBe(is);
    await response.discard();
  });

  it("is http in an answer that is neither, and no reason to ask by https", async () => {
    await expect(get(speaking(), await serveBytes("garbage\r\n\r\n"))).rejects.not.toSatisfy(speaksTls);
  });
});
