import { chmod, mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { fileCredentials, type FileCredentialsOptions } from "./files.ts";
import { Keychain } from "./testing/keychain.ts";
import type { Credential } from "./types.ts";

const entry = (user: string) => ({ auth: Buffer.from(`${user}:pw`).toString("base64") });
const user = (username: string): Credential => ({ kind: "basic", username, password: "pw" });

let home: string;
let remove: () => Promise<void>;
let keychain: Keychain;

beforeEach(async () => {
  ({ path: home, remove } = await temporaryDirectory());
  keychain = new Keychain();
});
afterEach(async () => remove());

async function write(path: string, document: unknown): Promise<string> {
  const whole = join(home, path);
  await mkdir(dirname(whole), { recursive: true });
  await writeFile(whole, typeof document === "string" ? document : JSON.stringify(document));
  return whole;
}

function source(options: Partial<FileCredentialsOptions> = {}) {
  return fileCredentials({ variables: {}, home, platform: "linux", run: keychain.run, ...options });
}

describe("the credentials on a machine", () => {
  it("are found in podman's files before docker's", async () => {
    const runtime = join(home, "run");
    await write("run/containers/auth.json", { auths: { "a.io": entry("podman") } });
    await write(".config/containers/auth.json", { auths: { "a.io": entry("config"), "b.io": entry("config") } });
    await write(".docker/config.json", { auths: { "b.io": entry("docker"), "c.io": entry("docker") } });
    await write(".dockercfg", { "c.io": entry("old"), "https://d.io/v1/": entry("old") });
    const { find } = bound(source({ variables: { XDG_RUNTIME_DIR: runtime } }));
    expect(await find("a.io/x")).toEqual(user("podman"));
    expect(await find("b.io/x")).toEqual(user("config"));
    expect(await find("c.io/x")).toEqual(user("docker"));
    expect(await find("d.io/x")).toEqual(user("old"));
    expect(await find("e.io/x")).toBeUndefined();
  });

  it("are looked for in the file that is named, and in no other", async () => {
    await write(".docker/config.json", { auths: { "a.io": entry("docker") } });
    const named = await write("named.json", { auths: { "b.io": entry("named") } });
    for (const options of [{ authFile: named }, { variables: { REGISTRY_AUTH_FILE: named } }]) {
      expect(await source(options).find("b.io/x")).toEqual(user("named"));
      expect(await source(options).find("a.io/x")).toBeUndefined();
    }
  });

  it.each([".dockerconfigjson", "config.json"])("are found in a secret that Kubernetes mounts as %s", async (name) => {
    // It mounts a link to a link.
    await write(`secret/..data-1/${name}`, { auths: { "a.io": entry("pod") } });
    await symlink("..data-1", join(home, "secret/..data"));
    await symlink(`..data/${name}`, join(home, "secret", name));
    expect(await source({ variables: { DOCKER_CONFIG: join(home, "secret") } }).find("a.io/x")).toEqual(user("pod"));
    expect(await source({ variables: { REGISTRY_AUTH_FILE: join(home, "secret", name) } }).find("a.io/x")).toEqual(
      user("pod"),
    );
  });

  it("are found in a secret of the old kind, which OpenShift mounts as .dockercfg", async () => {
    const path = await write("push/.dockercfg", {
      "registry.svc:5000": { username: "sa", password: "pw", ...entry("sa") },
    });
    expect(await source({ variables: { DOCKER_CONFIG: dirname(path) } }).find("registry.svc:5000/ns/x")).toEqual(
      user("sa"),
    );
  });

  it("are none where nothing is, which is no error", async () => {
    expect(await source().find("a.io/x")).toBeUndefined();
    expect(await fileCredentials({ variables: {} }).find("a.io/x")).toBeUndefined();
    expect(await source({ home: join(home, "missing") }).find("a.io/x")).toBeUndefined();
    await write("file", "");
    expect(await source({ home: join(home, "file") }).find("a.io/x")).toBeUndefined();
  });

  it("that are missing where somebody says that they are is an error", async () => {
    const authFile = join(home, "missing.json");
    await expect(source({ authFile }).find("a.io/x")).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      message: expect.stringContaining(authFile),
    });
    await expect(source({ authFile: home }).find("a.io/x")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
  });

  it.skipIf(process.getuid?.() === 0)("that this user may not read are passed over unless they are named", async () => {
    const authFile = await write(".docker/config.json", { auths: { "a.io": entry("docker") } });
    await chmod(authFile, 0);
    expect(await source().find("a.io/x")).toBeUndefined();
    await expect(source({ authFile }).find("a.io/x")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
  });

  it("that are damaged are an error that names the file", async () => {
    const path = await write(".docker/config.json", "{");
    await expect(source().find("a.io/x")).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      message: expect.stringContaining(path),
    });
  });

  it("that are larger than anybody's are refused", async () => {
    await write(".docker/config.json", `{"auths":{},"x":"${"x".repeat(2 ** 20)}"}`);
    await expect(source().find("a.io/x")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
  });

  it("are read once, and not before somebody asks", async () => {
    const credentials = source();
    await write(".docker/config.json", { auths: { "a.io": entry("first") } });
    expect(await credentials.find("a.io/x")).toEqual(user("first"));
    await write(".docker/config.json", { auths: { "a.io": entry("second") } });
    expect(await credentials.find("a.io/y")).toEqual(user("first"));
  });

  it("are asked of a helper, once for all who want to know", async () => {
    await write(".docker/config.json", { auths: { "a.io": {} }, credsStore: "test" });
    keychain.secrets.set("a.io", { Username: "kept", Secret: "pw" });
    const credentials = source();
    const found = await Promise.all(["a.io/x", "a.io/y", "a.io/x"].map(async (name) => credentials.find(name)));
    expect(found).toEqual([user("kept"), user("kept"), user("kept")]);
    expect(await credentials.find("a.io/z")).toEqual(user("kept"));
    expect(keychain.asked).toEqual(["docker-credential-test get a.io"]);
  });

  it("are looked for in the next file when a helper has none", async () => {
    await write(".config/containers/auth.json", { credHelpers: { "a.io": "test" } });
    await write(".docker/config.json", { auths: { "a.io": entry("docker") } });
    expect(await source().find("a.io/x")).toEqual(user("docker"));
    expect(keychain.asked).toEqual(["docker-credential-test get a.io"]);
  });

  it("are none of a default helper that is not installed, unless it is said to have some", async () => {
    await write(".docker/config.json", { auths: { "a.io": {} }, credsStore: "desktop" });
    expect(await source().find("b.io/x")).toBeUndefined();
    await expect(source().find("a.io/x")).rejects.toMatchObject({
      code: "CREDENTIALS_INVALID",
      message: expect.stringContaining("docker-credential-desktop"),
      hint: expect.stringContaining(join(home, ".docker/config.json")),
    });
  });

  it("start no program by a name that is none", async () => {
    await write(".docker/config.json", { credHelpers: { "a.io": "../../evil" } });
    await expect(source().find("a.io/x")).rejects.toMatchObject({ code: "CREDENTIALS_INVALID" });
    expect(keychain.asked).toEqual([]);
  });
});

function bound(credentials: ReturnType<typeof source>) {
  return { find: async (repository: string) => credentials.find(repository) };
}
