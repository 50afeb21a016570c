import { mkdir, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../test/fixtures/temporary-directory.ts";
import { openRemote, type RemoteEnvironment, type RemoteOptions } from "./environment.ts";
import { createAuthority } from "./http/testing/certificates.ts";
import { serve } from "./http/testing/servers.ts";
import { startFakeRegistry, type FakeRegistry } from "./testing/fake-registry.ts";
import type { FakeRegistryOptions } from "./testing/fake-options.ts";

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let environment: RemoteEnvironment;
beforeEach(async () => {
  directory = await temporaryDirectory();
  environment = { variables: {}, home: at("home"), etc: at("etc") };
});
afterEach(() => directory.remove());

const at = (name: string): string => join(directory.path, name);
async function write(name: string, text: string): Promise<string> {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), text);
  return at(name);
}

async function registry(options: FakeRegistryOptions = {}): Promise<FakeRegistry> {
  const fake = await startFakeRegistry({ checksBlobs: false, ...options });
  onTestFinished(() => fake.close());
  return fake;
}

/** A registry that has the tag 1.0.0 in every repository, and no more. */
function tagsOnly(request: IncomingMessage, response: ServerResponse): void {
  const isTags = request.url?.includes("/tags/list") === true;
  response.writeHead(isTags ? 200 : 404).end(isTags ? '{"tags":["1.0.0"]}' : "");
}

async function tagsAt(host: string, options: RemoteOptions = {}): Promise<readonly string[]> {
  const store = await openRemote(environment, options);
  onTestFinished(() => store.close());
  const tags: string[] = [];
  for await (const tag of store.repository(`${host}/myorg/x`).tags()) tags.push(tag);
  return tags;
}

const INDEX = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';

/** Puts an image there, as somebody else. */
async function put(host: string, repository: string, headers: Readonly<Record<string, string>> = {}): Promise<void> {
  const { status } = await fetch(`http://${host}/v2/${repository}/manifests/1.0.0`, {
    method: "PUT",
    body: INDEX,
    headers: { ...headers, "content-type": "application/vnd.oci.image.index.v1+json" },
  });
  expect(status).toBe(201);
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const basic = (login: string): string => `Basic ${base64(login)}`;

const auths = (entries: Readonly<Record<string, string>>): string =>
  JSON.stringify({
    auths: Object.fromEntries(Object.entries(entries).map(([key, login]) => [key, { auth: base64(login) }])),
  });

describe("registries as this machine has them", () => {
  it("are asked with the credentials that podman and docker left", async () => {
    const { host, log } = await registry({ auth: { scheme: "bearer", username: "me", password: "secret" } });
    await expect(tagsAt(host)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    await write("home/.docker/config.json", auths({ [host]: "me:secret" }));
    await expect(tagsAt(host)).resolves.toEqual([]);
    log.length = 0;
    const authFile = await write("other.json", auths({ [host]: "you:wrong" }));
    await expect(tagsAt(host, { authFile })).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
  });

  it.each(["basic", "bearer"] as const)(
    "that ask for credentials (%s) where the helper that should keep them is not installed: it is named",
    async (scheme) => {
      const { host } = await registry({ auth: { scheme, username: "me", password: "secret" } });
      const file = await write("home/.docker/config.json", '{"credsStore":"not-installed-here"}');
      await expect(tagsAt(host)).rejects.toMatchObject({
        code: "REGISTRY_UNAUTHORIZED",
        hint: expect.stringMatching(
          `^docker-credential-not-installed-here is not installed, though ${file} names it: .* skillctl login ${host}\\.`,
        ) as string,
      });
    },
  );

  it("are asked nothing when the file of credentials that is named is not there", async () => {
    const { host, log } = await registry();
    const authFile = at("mistyped.json");
    await expect(tagsAt(host, { authFile })).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      message: `${authFile} cannot be read: there is no such file`,
    });
    expect(log).toEqual([]);
  });

  it("are read from their mirrors, which get their own credentials and no others", async () => {
    const mirror = await registry({ auth: { scheme: "basic", username: "reader", password: "r" } });
    const primary = await registry({ auth: { scheme: "basic", username: "writer", password: "w" } });
    await write(
      "etc/containers/registries.conf.d/mirror.conf",
      `[[registry]]\nlocation = "${primary.host}/myorg"\n[[registry.mirror]]\nlocation = "${mirror.host}/copy"`,
    );
    await write("home/.config/containers/auth.json", auths({ [mirror.host]: "reader:r", [primary.host]: "writer:w" }));
    const store = await openRemote(environment);
    onTestFinished(() => store.close());
    await put(mirror.host, "copy/x", { authorization: basic("reader:r") });
    const { size } = await store.repository(`${primary.host}/myorg/x`).resolve("1.0.0");
    expect(size).toBe(INDEX.length);
    expect(primary.log).toEqual([]);
    const sent = mirror.log.map(({ headers }) => String(headers["authorization"] ?? ""));
    expect(sent).toContain(basic("reader:r"));
    expect(sent).not.toContain(basic("writer:w"));
  });

  it("that are blocked are not spoken to", async () => {
    const { host, log } = await registry();
    await write("etc/containers/registries.conf", `[[registry]]\nlocation = "${host}"\nblocked = true`);
    await expect(tagsAt(host)).rejects.toMatchObject({ code: "REGISTRY_BLOCKED" });
    expect(log).toEqual([]);
  });

  it("are named by a default registry, whose catalog is the store's", async () => {
    const { host } = await registry();
    await put(host, "myorg/x");
    const store = await openRemote(environment, { registry: `${host}/myorg` });
    onTestFinished(() => store.close());
    expect((await store.repository("x").resolve("1.0.0")).size).toBe(INDEX.length);
    const names: string[] = [];
    for await (const name of store.repositories()) names.push(name);
    expect(names).toEqual([`${host}/myorg/x`]);
  });
});

describe("TLS", () => {
  it("trusts an authority in certs.d, in a file or in a directory, and no other", async () => {
    const [authority, other] = await Promise.all([createAuthority(), createAuthority()]);
    const { host } = await serve(tagsOnly, await authority.server());
    await expect(tagsAt(host)).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    const wrong = await write("other.pem", other.cert);
    await expect(tagsAt(host, { caFile: wrong })).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    expect(await tagsAt(host, { caFile: await write("ca.pem", authority.cert) })).toEqual(["1.0.0"]);
    await write("certs/ca.crt", authority.cert);
    expect(await tagsAt(host, { certDir: at("certs") })).toEqual(["1.0.0"]);
    await write(`etc/docker/certs.d/${host}/ca.crt`, authority.cert);
    expect(await tagsAt(host)).toEqual(["1.0.0"]);
    expect(await tagsAt(host, { verifyTls: true })).toEqual(["1.0.0"]);
  });

  it("shows the registry the client's certificate that is kept for it", async () => {
    const authority = await createAuthority();
    const server = { ...(await authority.server()), ca: authority.cert, requestCert: true, rejectUnauthorized: true };
    const { host } = await serve(tagsOnly, server);
    await write(`etc/containers/certs.d/${host}/ca.crt`, authority.cert);
    await expect(tagsAt(host)).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    const { cert, key } = await authority.client();
    const [certFile, keyFile] = [await write("me.pem", cert), await write("me.key", key)];
    expect(await tagsAt(host, { certFile, keyFile })).toEqual(["1.0.0"]);
    await write(`etc/containers/certs.d/${host}/me.cert`, cert);
    await write(`etc/containers/certs.d/${host}/me.key`, key);
    expect(await tagsAt(host)).toEqual(["1.0.0"]);
  });

  it("does without trust where somebody says so, in the configuration or for the call", async () => {
    const { host } = await serve(tagsOnly, await (await createAuthority()).server());
    const plain = (await serve(tagsOnly)).host;
    expect(await tagsAt(host, { verifyTls: false })).toEqual(["1.0.0"]);
    expect(await tagsAt(plain, { verifyTls: false })).toEqual(["1.0.0"]);
    await write(
      "etc/containers/registries.conf",
      [host, plain].map((each) => `[[registry]]\nlocation = "${each}"\ninsecure = true\n`).join(""),
    );
    expect(await tagsAt(host)).toEqual(["1.0.0"]);
    expect(await tagsAt(plain)).toEqual(["1.0.0"]);
    await expect(tagsAt(host, { verifyTls: true })).rejects.toMatchObject({ code: "TLS_UNTRUSTED" });
    await expect(tagsAt(plain, { verifyTls: true })).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:TLS_UNTRUSTED|REGISTRY_UNREACHABLE|RESPONSE_INVALID)$/) as string,
    });
  });

  it("trusts the token service on another host as it does the registry, and shows it no certificate", async () => {
    const authority = await createAuthority();
    let shown: unknown;
    const token = await serve(
      (request, response) => {
        shown = (request.socket as Socket & { getPeerCertificate(): object }).getPeerCertificate();
        response.end('{"token":"t"}');
      },
      { ...(await authority.server()), ca: authority.cert, requestCert: true, rejectUnauthorized: false },
    );
    const realm = `Bearer realm="https://localhost:${token.port}/token",service="x"`;
    const registry = await serve(
      (request, response) => {
        if (request.headers.authorization === "Bearer t") return tagsOnly(request, response);
        response.writeHead(401, { "www-authenticate": realm }).end();
      },
      { ...(await authority.server()), ca: authority.cert, requestCert: true },
    );
    await write(`etc/containers/certs.d/localhost:${registry.port}/ca.crt`, authority.cert);
    const client = await authority.client();
    const certFile = await write("me.pem", `${client.cert}\n${client.key}`);
    expect(await tagsAt(`localhost:${registry.port}`, { certFile })).toEqual(["1.0.0"]);
    expect(shown).toEqual({});
  });

  it("tells of a file that was named and is no good before anything is asked", async () => {
    await expect(openRemote(environment, { caFile: at("none.pem") })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});

describe("a proxy", () => {
  it("of the environment is used, and of this process's is not", async () => {
    const asked: string[] = [];
    const authority = await createAuthority();
    const { port } = await serve(tagsOnly, await authority.server({ host: "registry.example.com" }));
    const proxy = createServer();
    proxy.on("connect", (request: IncomingMessage, client: Socket) => {
      asked.push(request.url ?? "");
      const server = connect(Number(port), "127.0.0.1", () => client.write("HTTP/1.1 200 OK\r\n\r\n"));
      client.on("error", () => server.destroy()).pipe(server);
      server.on("error", () => client.destroy()).pipe(client);
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void proxy.close());
    const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    environment = { ...environment, variables: { HTTPS_PROXY: url } };
    const caFile = await write("ca.pem", authority.cert);
    expect(await tagsAt("registry.example.com", { caFile })).toEqual(["1.0.0"]);
    expect(asked).toEqual(["registry.example.com:443"]);
  });
});
