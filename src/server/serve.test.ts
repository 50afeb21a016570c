import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { request as httpsRequest } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

import { hash } from "bcryptjs";
import { generate } from "selfsigned";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { digestOf, MediaType } from "../oci/index.ts";
import { rawStatus } from "../registry/http/testing/raw-request.ts";
import { RawConnection } from "../registry/http/testing/raw-request.ts";
import { createMemoryStorage } from "../registry/storage/memory/index.ts";
import type { ServerConfig } from "./config/schema.ts";
import { createLog } from "./log.ts";
import { serve, type RunningServer, type ServeOptions } from "./serve.ts";

let root: string;
let lines: string[];
const running: RunningServer[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "skillctl-server-"));
  lines = [];
});
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (server) => server.close()));
  await rm(root, { recursive: true, force: true });
});

async function start(config: ServerConfig = {}, options: Partial<ServeOptions> = {}): Promise<RunningServer> {
  const log = createLog({ write: (line) => lines.push(line) });
  const server = await serve(
    { listen: "127.0.0.1:0", ...config },
    { root, storage: createMemoryStorage(), log, ...options },
  );
  running.push(server);
  return server;
}

const logged = (): Record<string, unknown>[] => lines.map((line) => JSON.parse(line) as Record<string, unknown>);

describe("a server", () => {
  it("logs an error by its name, which a bundle leaves as it is, and not by its class", () => {
    class p extends Error {
      override readonly name = "SkillError";
    }
    createLog({ write: (line) => lines.push(line) }).error({ err: new p("no good") }, "a problem");
    expect(logged()).toMatchObject([{ err: { type: "SkillError", message: "no good" }, msg: "a problem" }]);
  });
  it("says that it lives, that it is ready, and what it counts", async () => {
    const { url } = await start();
    expect(await (await fetch(`${url}/healthz`)).text()).toBe("ok\n");
    expect(await (await fetch(`${url}/readyz`)).text()).toBe("ready\n");
    await fetch(`${url}/v2/a/b/blobs/uploads/`, { method: "POST" });
    await fetch(`${url}/v2/${"x".repeat(20)}/tags/list`, { method: "PROPFIND" });
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('skillctl_http_requests_total{method="POST",route="uploads",status="202"} 1');
    expect(metrics).toContain('method="other",route="tags",status="405"');
    expect(metrics).toContain("skillctl_open_uploads 1");
    expect(metrics).not.toContain("xxxx");
    expect((await fetch(`${url}/unknown`)).status).toBe(404);
  });
  it("is not ready while no change can be recorded", async () => {
    const file = join(root, "audit.jsonl");
    await mkdir(file);
    const { url } = await start({ audit: { file } });
    expect((await fetch(`${url}/readyz`)).status).toBe(503);
    const pushed = await fetch(`${url}/v2/a/blobs/uploads/?digest=${digestOf("x")}`, { method: "POST", body: "x" });
    expect(pushed.status).toBe(503);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
  it("answers requests that name the host in their target", async () => {
    const { host } = await start();
    const status = async (target: string): Promise<number | undefined> => rawStatus(host, "GET", target);
    expect(await status(`http://${host}/v2/`)).toBe(200);
    expect(await status(`http://${host}/v2/a/tags/list?n=1`)).toBe(404);
    expect(await status(`HTTP://${host}/healthz`)).toBe(200);
    expect(await status("*")).toBe(404);
  });
  it("says how much of a quota is used", async () => {
    const { url } = await start({ quota: { team: { bytes: 10, manifests: 3 } } });
    const push = async (repository: string): Promise<number> => {
      const query = `digest=${digestOf("1234567")}`;
      const init = { method: "POST", body: "1234567" };
      return (await fetch(`${url}/v2/${repository}/blobs/uploads/?${query}`, init)).status;
    };
    expect([await push("team/a"), await push("team/b"), await push("other")]).toEqual([201, 403, 201]);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('skillctl_quota_limit{namespace="team",of="bytes"} 10');
    expect(metrics).toContain('skillctl_quota_used{namespace="team",of="bytes"} 7');
    expect(metrics).toContain('skillctl_quota_used{namespace="team",of="manifests"} 0');
    await expect(start({ quota: { "Team/A": { bytes: 1 } } })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
  it("takes another configuration into use while requests run, and keeps the old one when that is no good", async () => {
    const server = await start({ limits: { blobSize: 100 } });
    const { url } = server;
    const events: string[] = [];
    server.events.subscribe(({ kind }) => events.push(kind));
    const push = async (body: string): Promise<number> => {
      const query = `digest=${digestOf(body)}`;
      return (await fetch(`${url}/v2/team/a/blobs/uploads/?${query}`, { method: "POST", body })).status;
    };
    expect(await push("1234567")).toBe(201);
    const begun = await fetch(`${url}/v2/team/a/blobs/uploads/`, { method: "POST" });
    await server.reload({ quota: { team: { bytes: 10 } }, listen: "127.0.0.1:1" });
    expect(await push("another 7")).toBe(403);
    const going = new URL(begun.headers.get("location") ?? "", url);
    expect((await fetch(going, { method: "PATCH", body: "abc" })).status).toBe(202);
    expect(logged().find(({ msg }) => msg === "these sections change when the server is started again")).toMatchObject({
      sections: ["listen"],
    });
    await expect(server.reload({ quota: { "No Namespace": { bytes: 1 } } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
    await expect(server.reload({ access: { htpasswd: join(root, "none") } })).rejects.toThrow();
    expect(await push("another 7")).toBe(403);
    expect(server.hasAccess).toBe(false);
    await writeFile(join(root, "users"), `ada:${await hash("secret", 4)}\n`);
    await server.reload({ access: { htpasswd: join(root, "users") } });
    expect(await push("another 7")).toBe(401);
    expect(server.hasAccess).toBe(true);
    const metrics = await (await fetch(`${url}/metrics`)).text();
    expect(metrics).toContain('skillctl_http_requests_total{method="POST",route="uploads",status="201"} 1');
    expect(metrics).not.toContain("skillctl_quota_limit{");
  });
  it("drops no request while its configuration changes again and again", async () => {
    const server = await start();
    let isOver = false;
    const statuses = new Set<number>();
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) statuses.add((await fetch(`${server.url}/v2/`)).status);
    });
    for (let round = 0; round < 20; round += 1) await server.reload({ limits: { pageSize: round + 1 } });
    isOver = true;
    await Promise.all(clients);
    expect([...statuses]).toEqual([200]);
  });
  it("shows what it can count while nobody can tell how many uploads there are", async () => {
    const storage = createMemoryStorage();
    storage.blobs.uploads.list = () => {
      throw new Error("the storage does not answer");
    };
    const { url } = await start({}, { storage });
    const answer = await fetch(`${url}/metrics`);
    expect(answer.status).toBe(200);
    const metrics = await answer.text();
    expect(metrics).toContain("skillctl_http_requests_total");
    expect(metrics).not.toMatch(/^skillctl_open_uploads /m);
  });
  it("shows its metrics to this machine only, also behind a proxy on it", async () => {
    const { url } = await start();
    expect((await fetch(`${url}/metrics`, { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(404);
    const open = await start({ metrics: { public: true } });
    expect((await fetch(`${open.url}/metrics`, { headers: { "x-forwarded-for": "203.0.113.9" } })).status).toBe(200);
  });
  it("logs each request with its id, and no secret", async () => {
    const { url } = await start();
    const headers = { "x-request-id": "id-1", authorization: "Basic c2VjcmV0OnNlY3JldA==" };
    await fetch(`${url}/v2/a/b/manifests/1`, { headers });
    const entry = logged().find(({ requestId }) => requestId === "id-1");
    expect(entry).toMatchObject({
      level: "info",
      method: "GET",
      route: "manifest",
      repository: "a/b",
      reference: "1",
      status: 404,
      code: "MANIFEST_UNKNOWN",
      address: "127.0.0.1",
    });
    expect(lines.join()).not.toContain("c2VjcmV0");
  });
  it("serves no registry that has only a part of a backup", async () => {
    const storage = createMemoryStorage();
    await storage.marks.set("restoring", "/backup/registry");
    await expect(start({}, { storage })).rejects.toMatchObject({
      code: "RESTORE_UNFINISHED",
      hint: expect.stringContaining("skillctl restore /backup/registry --resume"),
    });
  });

  it("makes a backup that it serves a registry, which no backup replaces any more", async () => {
    const storage = createMemoryStorage();
    await storage.marks.set("backup", "");
    await start({}, { storage });
    expect(await storage.marks.read("backup")).toBeUndefined();
  });

  it("refuses to let everybody do everything, unless it is told to", async () => {
    await expect(start({ listen: "0.0.0.0:0" })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("--allow-anonymous-public"),
    });
    const server = await start({ listen: "0.0.0.0:0" }, { allowAnonymousPublic: true });
    expect(server.hasAccess).toBe(false);
    await expect(start({ listen: server.host })).rejects.toMatchObject({ code: "USAGE" });
  });
  it("cannot begin on a port that is in use, and makes no registry then", async () => {
    const { host } = await start();
    const taken = { code: "ADDRESS_UNAVAILABLE", hint: expect.stringContaining("--listen") };
    await expect(start({ listen: host })).rejects.toMatchObject(taken);
    const place = join(root, "registry");
    await expect(serve({ listen: host }, { root: place })).rejects.toMatchObject(taken);
    await expect(stat(place)).rejects.toMatchObject({ code: "ENOENT" });
    await mkdir(place);
    await expect(serve({ listen: host }, { root: place })).rejects.toMatchObject(taken);
    expect(await readdir(place)).toEqual([]);
  });
  it("that lets this machine do everything is not for web pages", async () => {
    const { host, url } = await start();
    const ask = async (headers: string): Promise<number | undefined> => {
      const connection = await RawConnection.open(host);
      connection.write(`POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\n${headers}\r\nContent-Length: 0\r\n\r\n`);
      const status = await connection.status();
      connection.close();
      return status;
    };
    expect(await ask("Host: evil.example.com")).toBe(421);
    expect(await ask("Host: localhost:5000\r\nOrigin: https://evil.example.com")).toBe(403);
    expect(await ask("Host: localhost:5000\r\nOrigin: null")).toBe(403);
    expect(await ask("Host: localhost:5000\r\nOrigin: http://localhost:3000")).toBe(403);
    expect(await ask("Host: localhost:5000\r\nOrigin: http://localhost:5000")).toBe(202);
    expect(await ask("Host: localhost:5000")).toBe(202);
    expect(await ask("Host: localhost:5000\r\nhost: evil.example.com")).toBe(400);
    expect((await fetch(`${url}/v2/`)).status).toBe(200);
  });
  it("asks for no body that it refuses (100-continue)", async () => {
    const { host } = await start();
    const connection = await RawConnection.open(host);
    connection.write(
      `PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n`,
    );
    expect(await connection.ended()).toMatch(/^HTTP\/1.1 413 /);
  });
  it.each([
    ["announced", "Content-Length: 20000", "x".repeat(20_000)],
    ["in chunks", "Transfer-Encoding: chunked", `4e20\r\n${"x".repeat(20_000)}\r\n`],
  ])("answers a form that is too large, and lives on: %s", async (_, header, body) => {
    const htpasswd = join(root, "users");
    await writeFile(htpasswd, `ada:${await hash("lovelace", 4)}\n`);
    const { host, url } = await start({ access: { htpasswd }, audit: { file: join(root, "audit.jsonl") } });
    const connection = await RawConnection.open(host);
    connection.write(`POST /token HTTP/1.1\r\nHost: ${host}\r\n${header}\r\n\r\n${body}`);
    expect(await connection.status()).toBe(413);
    connection.close();
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });
  it("has a token for whoever logs in, as docker does", async () => {
    const htpasswd = join(root, "users");
    await writeFile(htpasswd, `ada:${await hash("lovelace", 4)}\n`);
    const { url } = await start({ access: { htpasswd } });
    const challenged = await fetch(`${url}/v2/`);
    expect(challenged.status).toBe(401);
    expect(challenged.headers.get("www-authenticate")).toContain(`realm="${url}/token"`);
    const basic = (password: string): string => `Basic ${Buffer.from(`ada:${password}`).toString("base64")}`;
    const scope = "service=skillctl-registry&scope=repository:a/b:pull,push";
    const refused = await fetch(`${url}/token?${scope}`, { headers: { authorization: basic("wrong") } });
    expect(refused.status).toBe(401);
    const granted = await fetch(`${url}/token?${scope}`, { headers: { authorization: basic("lovelace") } });
    const { token } = (await granted.json()) as { token: string };
    const authorization = `Bearer ${token}`;
    const path = `${url}/v2/a/b/blobs/uploads/?digest=${digestOf("x")}`;
    expect((await fetch(path, { method: "POST", body: "x", headers: { authorization } })).status).toBe(201);
    expect(
      (await fetch(path.replace("/a/b/", "/c/d/"), { method: "POST", body: "x", headers: { authorization } })).status,
    ).toBe(401);
  });
  it("does not read on for ever from who asks for tokens while a password is looked at", async () => {
    const htpasswd = join(root, "users");
    await writeFile(htpasswd, `ada:${await hash("lovelace", 8)}\n`);
    const { host } = await start({ access: { htpasswd } });
    const authorization = `Basic ${Buffer.from("ada:wrong").toString("base64")}`;
    const asks = `GET /token HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${authorization}\r\n\r\n`;
    const connection = await RawConnection.open(host);
    connection.write(asks.repeat(150));
    const answers = (await connection.ended()).split(/(?=HTTP)/);
    expect(answers).toHaveLength(101);
    expect(answers.at(-1)).toContain("asks for too much at once");
  });
  it("does not forget who guessed passwords when its configuration changes, unless the limits do", async () => {
    const htpasswd = join(root, "users");
    await writeFile(htpasswd, `ada:${await hash("lovelace", 4)}\n`);
    const access = { htpasswd, limits: { logins: 1 } };
    const server = await start({ access });
    const login = async (password: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`ada:${password}`).toString("base64")}`;
      return (await fetch(`${server.url}/v2/`, { headers: { authorization } })).status;
    };
    expect([await login("guess"), await login("guess")]).toEqual([401, 429]);
    await server.reload({ access, limits: { pageSize: 10 } });
    expect(await login("guess")).toBe(429);
    await server.reload({ access: { ...access, limits: { logins: 2 } } });
    expect(await login("guess")).toBe(401);
  });
  it("tells its webhooks in order what happened before and after its configuration changes", async () => {
    const secretFile = join(root, "secret");
    await writeFile(secretFile, "a secret of more than sixteen characters");
    const tags: unknown[] = [];
    const target = createServer((request, response) => {
      let body = "";
      request.setEncoding("utf8").on("data", (text: string) => (body += text));
      request.on("end", () => {
        tags.push((JSON.parse(body) as { tag: unknown }).tag);
        response.writeHead(tags.length === 1 ? 500 : 200).end();
      });
    }).listen(0, "127.0.0.1");
    await once(target, "listening");
    const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/`;
    const webhook = { url, secretFile, events: ["push"], allowPrivate: true } as const;
    const server = await start({ webhooks: [webhook] });
    const push = async (tag: string): Promise<void> => {
      const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.index, manifests: [] });
      const headers = { "content-type": MediaType.index };
      await fetch(`${server.url}/v2/a/manifests/${tag}`, { method: "PUT", headers, body });
    };
    await push("first");
    while (tags.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.reload({ webhooks: [webhook], limits: { pageSize: 10 } });
    await push("second");
    while (tags.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    target.close();
    expect(tags).toEqual(["first", "first", "second"]);
  });
  it("ends when the requests at hand are answered, and takes no more", async () => {
    const server = await start();
    const { host, url } = server;
    const connection = await RawConnection.open(host);
    const digest = digestOf("whole");
    connection.write(
      `POST /v2/a/b/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\n\r\nwh`,
    );
    // The request is there when a later one is answered.
    await fetch(`${url}/healthz`);
    const closing = server.close();
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    connection.write("ole");
    expect(await connection.status()).toBe(201);
    await closing;
  });
  it("breaks off what does not end in time", async () => {
    const server = await start({ shutdownTimeout: 20 });
    const { host } = server;
    const connection = await RawConnection.open(host);
    connection.write(`POST /v2/a/b/blobs/uploads/ HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 5\r\n\r\n`);
    expect(await connection.status()).toBe(202);
    await Promise.all([server.close(), connection.ended()]);
  });
});

describe("certificates", () => {
  /** Makes a certificate for this machine, under a name that tells it from others. */
  async function certify(name: string): Promise<{ readonly certificate: string; readonly key: string }> {
    const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
      keyType: "ec",
      extensions: [{ name: "subjectAltName", altNames: [{ type: 7, ip: "127.0.0.1" }] }],
    });
    const files = { certificate: join(root, `${name}.crt`), key: join(root, `${name}.key`) };
    await Promise.all([writeFile(files.certificate, cert), writeFile(files.key, key)]);
    return files;
  }

  /** The name in the certificate that the server shows. */
  async function shown(url: string): Promise<string | undefined> {
    const request = httpsRequest(`${url}/v2/`, { rejectUnauthorized: false, agent: false }).end();
    const [response] = await once(request, "response");
    const name = (response.socket as TLSSocket).getPeerCertificate().subject?.CN;
    response.resume();
    return typeof name === "string" ? name : undefined;
  }

  it("are replaced while the server runs, unless the new one is no good", async () => {
    const tls = await certify("first");
    const server = await start({ tls });
    expect(server.isEncrypted).toBe(true);
    expect(await shown(server.url)).toBe("first");
    const second = await certify("second");
    await copyFile(second.certificate, tls.certificate);
    await expect(server.reload()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(await shown(server.url)).toBe("first");
    await copyFile(second.key, tls.key);
    await server.reload();
    expect(await shown(server.url)).toBe("second");
  });
  it("of clients are asked for from the start or not at all: a server does not pretend to begin", async () => {
    const tls = await certify("first");
    const clientAuthority = (await certify("clients")).certificate;
    const server = await start({ tls });
    const refused = { code: "CONFIG_INVALID", hint: "Start it again." };
    await expect(server.reload({ tls: { ...tls, clientAuthority } })).rejects.toMatchObject(refused);
    expect(await shown(server.url)).toBe("first");
    const closed = await start({ tls: { ...tls, clientAuthority } });
    await expect(shown(closed.url)).rejects.toThrow();
    await expect(closed.reload({ tls })).rejects.toMatchObject(refused);
    await expect(shown(closed.url)).rejects.toThrow();
  });
  it("that are none keep the server from starting", async () => {
    const tls = await certify("good");
    await writeFile(tls.key, "not a key");
    await expect(start({ tls })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(start({ tls: { ...tls, certificate: join(root, "absent") } })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });
});
