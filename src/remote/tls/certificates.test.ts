import { execFileSync } from "node:child_process";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import type { Places } from "../config/places.ts";
import { createAuthority, type Certified } from "../http/testing/certificates.ts";
import { readCertsD } from "./certs-d.ts";
import { readNamedCertificates } from "./named-certificates.ts";

let authority: string;
let other: string;
let client: Certified;
let otherClient: Certified;
beforeAll(async () => {
  const [first, second] = await Promise.all([createAuthority(), createAuthority()]);
  [authority, other] = [first.cert.trim(), second.cert.trim()];
  [client, otherClient] = await Promise.all([first.client(), second.client()]);
});

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let places: Places;
beforeEach(async () => {
  directory = await temporaryDirectory();
  places = { variables: {}, home: at("home"), etc: at("etc") };
});
afterEach(() => directory.remove());

const at = (name: string): string => join(directory.path, name);
async function write(name: string, text: string | Uint8Array): Promise<string> {
  await mkdir(dirname(at(name)), { recursive: true });
  await writeFile(at(name), text);
  return at(name);
}

const HOST = "registry.example.com:5000";
const ETC = `etc/containers/certs.d/${HOST}`;

describe("certs.d", () => {
  it("without a directory for the registry says nothing", async () => {
    await write("etc/containers/certs.d/registry.example.com/ca.crt", authority);
    expect(await readCertsD(places, HOST)).toEqual({});
    expect(await readCertsD({ variables: {}, etc: "/dev/null" }, HOST)).toEqual({});
  });

  it("gives every authority of every *.crt, and the client", async () => {
    await write(`${ETC}/a.crt`, `# ours\n${authority}\n\n${other}\n`);
    await write(`${ETC}/b.crt`, other);
    await write(`${ETC}/client.cert`, client.cert);
    await write(`${ETC}/client.key`, client.key);
    await write(`${ETC}/README`, "nothing");
    expect(await readCertsD(places, HOST)).toEqual({ ca: [authority, other, other], certificate: client });
  });

  it.each([
    ["the user's", "home/.config/containers/certs.d"],
    ["the system's", "etc/containers/certs.d"],
    ["docker's", "etc/docker/certs.d"],
  ])("is looked for as %s, and the first counts alone", async (_, place) => {
    const order = ["home/.config/containers/certs.d", "etc/containers/certs.d", "etc/docker/certs.d"];
    for (const later of order.slice(order.indexOf(place) + 1)) await write(`${later}/${HOST}/ca.crt`, other);
    await write(`${place}/${HOST}/ca.crt`, authority);
    expect(await readCertsD(places, HOST)).toEqual({ ca: [authority] });
  });

  it("takes the first of several clients", async () => {
    for (const [name, { cert, key }] of Object.entries({ "1": client, "2": otherClient })) {
      await write(`${ETC}/${name}.cert`, cert);
      await write(`${ETC}/${name}.key`, key);
    }
    expect((await readCertsD(places, HOST)).certificate).toEqual(client);
  });

  it("does without what has gone or is not filled yet", async () => {
    await write(`${ETC}/empty.crt`, "\n");
    await symlink(at("gone"), at(`${ETC}/link.crt`));
    expect(await readCertsD(places, HOST)).toEqual({});
  });

  it.each([
    ["client.cert", "is a client's certificate without its key, client.key"],
    ["client.key", "is a client's key without its certificate, client.cert"],
    ["ca.crt", "holds no PEM certificate"],
  ])("with %s alone is refused, naming it", async (name, problem) => {
    const path = await write(`${ETC}/${name}`, "x");
    await expect(readCertsD(places, HOST)).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `${path} ${problem}`,
    });
  });

  it("whose certificate is damaged is refused, naming which", async () => {
    const path = await write(`${ETC}/ca.crt`, `${authority}\n${authority.replace(/\n.{8}/, "\n////////")}`);
    await expect(readCertsD(places, HOST)).rejects.toThrow(`${path} holds a damaged certificate, number 2 of 2`);
  });
});

describe("files that somebody names", () => {
  it("are read", async () => {
    const caFile = await write("ca.pem", `${authority}\n${other}\n`);
    const certFile = await write("client.pem", client.cert);
    const keyFile = await write("key.pem", client.key);
    expect(await readNamedCertificates({ caFile, certFile, keyFile })).toEqual({
      ca: [authority, other],
      certificate: client,
    });
    expect(await readNamedCertificates({})).toEqual({});
  });

  it("may have a client's certificate and key together", async () => {
    const both = `${client.key}\n${client.cert}`;
    const certFile = await write("both.pem", both);
    expect(await readNamedCertificates({ certFile })).toEqual({ certificate: { cert: both, key: both } });
  });

  it("come before those of the directory that somebody names", async () => {
    await write("certs/ca.crt", other);
    await write("certs/x.cert", otherClient.cert);
    await write("certs/x.key", otherClient.key);
    const certDir = at("certs");
    expect(await readNamedCertificates({ certDir })).toEqual({ ca: [other], certificate: otherClient });
    const caFile = await write("ca.pem", authority);
    const certFile = await write("client.pem", `${client.cert}\n${client.key}`);
    const { ca, certificate } = await readNamedCertificates({ caFile, certFile, certDir });
    expect(ca).toEqual([authority, other]);
    expect(certificate?.cert).toContain(client.cert);
  });

  it("may be a pipe, as <(…) makes them", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    const [found] = await Promise.all([
      readNamedCertificates({ caFile: at("pipe") }),
      writeFile(at("pipe"), authority),
    ]);
    expect(found.ca).toEqual([authority]);
  });

  it.each([
    ["nothing", "", "holds no PEM certificate"],
    ["a key", () => client.key, "holds no PEM certificate"],
    ["no text", Uint8Array.of(0x30, 0x82, 0xff), "is not UTF-8 text"],
  ])("with %s are no authorities", async (_, content, problem) => {
    const caFile = await write("ca.pem", typeof content === "function" ? content() : content);
    await expect(readNamedCertificates({ caFile })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: `${caFile} ${problem}`,
    });
  });

  it("that are not there are told", async () => {
    const [caFile, certDir] = [at("none.pem"), at("none")];
    await expect(readNamedCertificates({ caFile })).rejects.toThrow(`${caFile} cannot be read: there is no such file`);
    await expect(readNamedCertificates({ certDir })).rejects.toThrow(`${certDir} is no directory that can be read`);
    await expect(readNamedCertificates({ keyFile: caFile })).rejects.toThrow("its certificate is not");
  });

  it.each<[string, () => string, string]>([
    ["of another certificate", () => otherClient.key, "holds a key that does not belong to the certificate in"],
    ["that is none", () => "password:\nhunter2\n", "holds no PEM private key"],
    ["under a passphrase", () => locked(client.key), "holds a key that is locked with a passphrase"],
    ["that is public", publicKey, "holds no PEM private key"],
  ])("have no key %s, and it is not quoted", async (_, makeKey, problem) => {
    const key = makeKey();
    const certFile = await write("client.pem", client.cert);
    const keyFile = await write("key.pem", key);
    const refusal = await readNamedCertificates({ certFile, keyFile }).catch((error: unknown) => error);
    const message = expect.stringContaining(`${keyFile} ${problem}`) as string;
    expect(refusal).toMatchObject({ code: "CONFIG_INVALID", message });
    const [, secret = ""] = key.split("\n");
    expect(inspect(refusal, { showHidden: true, depth: 9 })).not.toContain(secret);
  });
});

function locked(key: string): string {
  return createPrivateKey(key)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" })
    .toString();
}

function publicKey(): string {
  return generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" }).toString();
}
