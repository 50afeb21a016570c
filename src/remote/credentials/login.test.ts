import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { SkillError } from "../../errors.ts";
import { fileCredentials, type FileCredentialsOptions } from "./files.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { Keychain } from "./testing/keychain.ts";
import type { Credential } from "./types.ts";

const entry = (user: string, password: string) => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });
const JANE = { username: "jane", password: "s3cret" };
const JANE_ENTRY = entry("jane", "s3cret");
const DOCKER = ".docker/config.json";
const PODMAN = ".config/containers/auth.json";

let home: string;
let remove: () => Promise<void>;
let keychain: Keychain;
let environment: FileCredentialsOptions;
let verified: Credential[];

beforeEach(async () => {
  ({ path: home, remove } = await temporaryDirectory());
  keychain = new Keychain();
  verified = [];
  environment = { variables: {}, home, platform: "linux", run: keychain.run };
});
afterEach(async () => remove());

async function write(path: string, document: unknown): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), JSON.stringify(document));
}

const read = async (path: string): Promise<unknown> => JSON.parse(await readFile(join(home, path), "utf8")) as unknown;

async function logIn(registry: string, more: Partial<FileCredentialsOptions> = {}) {
  const verify = async (credential: Credential) => void verified.push(credential);
  return login({ registry, ...JANE, verify }, { ...environment, ...more });
}

describe("a login", () => {
  it("is where docker and podman look, and where we find it", async () => {
    expect(await logIn("quay.io")).toEqual({
      registry: "quay.io",
      username: "jane",
      storedIn: join(home, DOCKER),
      renewedIn: [],
      isPlaintext: true,
    });
    expect(await read(DOCKER)).toEqual({ auths: { "quay.io": JANE_ENTRY } });
    expect(((await stat(join(home, DOCKER))).mode & 0o777).toString(8)).toBe("600");
    expect(await fileCredentials(environment).find("quay.io/x")).toEqual({ kind: "basic", ...JANE });
    expect(verified).toEqual([{ kind: "basic", ...JANE }]);
  });

  it("that the registry does not take leaves no trace", async () => {
    const refusal = new SkillError("REGISTRY_UNAUTHORIZED", "no");
    const verify = async () => {
      throw refusal;
    };
    await expect(login({ registry: "quay.io", ...JANE, verify }, environment)).rejects.toBe(refusal);
    await expect(stat(join(home, ".docker"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("goes where somebody says", async () => {
    const named = join(home, "sub/named.json");
    expect((await logIn("quay.io", { variables: { REGISTRY_AUTH_FILE: named, DOCKER_CONFIG: "/x" } })).storedIn).toBe(
      named,
    );
    expect((await logIn("quay.io", { authFile: join(home, "mine.json") })).storedIn).toBe(join(home, "mine.json"));
    const dockerConfig = join(home, "docker");
    expect((await logIn("quay.io", { variables: { DOCKER_CONFIG: dockerConfig } })).storedIn).toBe(
      join(dockerConfig, "config.json"),
    );
  });

  it("is under the name by which docker knows Docker Hub", async () => {
    await write(DOCKER, { auths: { "docker.io": entry("old", "pw") } });
    await logIn("docker.io");
    expect(await read(DOCKER)).toEqual({ auths: { "https://index.docker.io/v1/": JANE_ENTRY } });
    expect(await fileCredentials(environment).find("docker.io/library/x")).toEqual({ kind: "basic", ...JANE });
  });

  it("may be for a part of a registry, and leaves the rest as it is", async () => {
    await write(DOCKER, { auths: { "quay.io": entry("all", "pw") } });
    await logIn("https://quay.io/myorg/");
    expect(await read(DOCKER)).toEqual({ auths: { "quay.io": entry("all", "pw"), "quay.io/myorg": JANE_ENTRY } });
  });

  it("renews an older one of podman's, which would be found first", async () => {
    await write(PODMAN, { auths: { "quay.io": entry("old", "pw"), "ghcr.io": entry("other", "pw") } });
    const result = await logIn("quay.io");
    expect(result).toMatchObject({ storedIn: join(home, DOCKER), renewedIn: [join(home, PODMAN)] });
    expect(await read(PODMAN)).toEqual({ auths: { "quay.io": JANE_ENTRY, "ghcr.io": entry("other", "pw") } });
    expect(await fileCredentials(environment).find("quay.io/x")).toEqual({ kind: "basic", ...JANE });
  });

  it("is kept by the helper of all registries, and is not in the file", async () => {
    await write(DOCKER, { auths: { "quay.io": entry("old", "pw") }, credsStore: "test", detachKeys: "ctrl-x" });
    const result = await logIn("quay.io");
    expect(result).toMatchObject({ storedIn: "docker-credential-test", isPlaintext: false });
    expect(await read(DOCKER)).toEqual({ auths: { "quay.io": {} }, credsStore: "test", detachKeys: "ctrl-x" });
    expect([...keychain.secrets]).toEqual([["quay.io", { Username: "jane", Secret: "s3cret" }]]);
    expect(await fileCredentials(environment).find("quay.io/x")).toEqual({ kind: "basic", ...JANE });
  });

  it("is kept by the helper of its registry, under the name that the file says", async () => {
    await write(DOCKER, { credHelpers: { "https://index.docker.io/v1/": "test" }, credsStore: "desktop" });
    expect((await logIn("docker.io")).storedIn).toBe("docker-credential-test");
    expect([...keychain.secrets.keys()]).toEqual(["https://index.docker.io/v1/"]);
    expect(await fileCredentials(environment).find("docker.io/a/b")).toEqual({ kind: "basic", ...JANE });
  });

  it("that the helper does not keep is not in the file either", async () => {
    await write(DOCKER, { credsStore: "absent" });
    await expect(logIn("quay.io")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
    expect(await read(DOCKER)).toEqual({ credsStore: "absent" });
  });

  it("needs a place", async () => {
    await expect(logIn("quay.io", { home: undefined })).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      hint: expect.stringContaining("REGISTRY_AUTH_FILE"),
    });
  });

  it.each([
    "",
    "quay",
    "quay.io:1.0",
    "quay.io/My Org",
    "quay.io/x@sha256:1",
    "__proto__",
    "-evil.io",
    "a.io/../b",
    "quay.io\n",
  ])("to %j is refused, as it is no registry", async (registry) => {
    await expect(logIn(registry)).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
    expect(verified).toEqual([]);
  });

  it.each([
    ["no user", { username: "", password: "s3cret" }],
    ["no password", { username: "jane", password: "" }],
    ["a user with a colon", { username: "ja:ne", password: "s3cret" }],
    ["a line break", { username: "jane", password: "s3cret\n" }],
  ])("with %s is refused, and nothing is cited", async (_, typed) => {
    const verify = async () => expect.fail("it was sent");
    const error: unknown = await login({ registry: "quay.io", ...typed, verify }, environment).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: "CREDENTIALS_INVALID" });
    expect(inspect(error, { depth: null })).not.toContain("s3cret");
  });

  it("does not overwrite a file that it does not understand", async () => {
    await mkdir(join(home, ".docker"));
    await writeFile(join(home, DOCKER), "{ broken");
    await expect(logIn("quay.io")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
    expect(await readFile(join(home, DOCKER), "utf8")).toBe("{ broken");
  });

  it("of many registries at once is kept for each", async () => {
    const registries = Array.from({ length: 4 }, (_, at) => `r${at}.io`);
    await Promise.all(registries.map(async (registry) => logIn(registry)));
    const { auths } = (await read(DOCKER)) as { auths: object };
    expect(Object.keys(auths).toSorted()).toEqual(registries);
  });
});

describe("a logout", () => {
  it("forgets the credential everywhere, and nothing else", async () => {
    await write(PODMAN, { auths: { "quay.io": entry("a", "b"), "quay.io/myorg": entry("c", "d") } });
    await write(DOCKER, {
      auths: { "https://quay.io/v1/": entry("a", "b"), "ghcr.io": entry("e", "f") },
      psFormat: "x",
    });
    await write(".dockercfg", { "quay.io": entry("a", "b") });
    expect(await logout("quay.io", environment)).toEqual({
      registry: "quay.io",
      removedFrom: [join(home, PODMAN), join(home, DOCKER), join(home, ".dockercfg")],
    });
    expect(await read(PODMAN)).toEqual({ auths: { "quay.io/myorg": entry("c", "d") } });
    expect(await read(DOCKER)).toEqual({ auths: { "ghcr.io": entry("e", "f") }, psFormat: "x" });
    expect(await read(".dockercfg")).toEqual({});
    expect(await fileCredentials(environment).find("quay.io/x")).toBeUndefined();
  });

  it("undoes a login", async () => {
    await write(DOCKER, { auths: {}, credsStore: "test" });
    await logIn("docker.io");
    const { removedFrom } = await logout("docker.io", environment);
    expect(removedFrom).toEqual(["docker-credential-test", join(home, DOCKER)]);
    expect(keychain.secrets.size).toBe(0);
    expect(await read(DOCKER)).toEqual({ auths: {}, credsStore: "test" });
  });

  it("finds what a helper keeps under another name, and leaves it the rest", async () => {
    await write(DOCKER, { credsStore: "test" });
    keychain.secrets.set("https://quay.io", { Username: "a", Secret: "b" });
    keychain.secrets.set("quay.io/myorg", { Username: "a", Secret: "b" });
    expect((await logout("quay.io", environment)).removedFrom).toEqual(["docker-credential-test"]);
    expect([...keychain.secrets.keys()]).toEqual(["quay.io/myorg"]);
  });

  it("finds what a helper has and does not list", async () => {
    await write(DOCKER, { credsStore: "test" });
    keychain.secrets.set("quay.io", { Username: "a", Secret: "b" });
    keychain.listsNothing = true;
    expect((await logout("quay.io", environment)).removedFrom).toEqual(["docker-credential-test"]);
    expect(keychain.secrets.size).toBe(0);
  });

  it("of somebody who is not logged in changes nothing and says so", async () => {
    await write(DOCKER, { auths: { "ghcr.io": entry("a", "b") }, credsStore: "absent" });
    const before = await stat(join(home, DOCKER));
    expect(await logout("quay.io", environment)).toEqual({ registry: "quay.io", removedFrom: [] });
    expect((await stat(join(home, DOCKER))).ino).toBe(before.ino);
  });

  it("that fails in one place goes on in the others, and says what is left", async () => {
    await write(PODMAN, { auths: {}, credHelpers: { "quay.io": "absent" } });
    await write(DOCKER, { auths: { "quay.io": entry("a", "b") } });
    await expect(logout("quay.io", environment)).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      message: expect.stringMatching(/docker-credential-absent.*removed from .*config\.json/s),
    });
    expect(await read(DOCKER)).toEqual({ auths: {} });
  });
});
