import { stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { temporaryDirectory } from "../../skill/testing/skill-directory.ts";
import type { Action } from "../hooks.ts";
import { createAccess, type AccessConfig, type AccessOptions } from "./access.ts";
import { basic, Clock, passwordLines, request } from "./testing/users.ts";
import type { TokenRequest } from "./token-service.ts";

const USERS = { alice: "wonder", bob: "builder" };

/** Access with two users, a clock, and short ways to ask it. */
async function setUp(config: Partial<AccessConfig> = {}, options: AccessOptions = {}) {
  const root = await temporaryDirectory();
  const clock = new Clock();
  await writeFile(join(root, "htpasswd"), passwordLines(USERS));
  const files = {
    htpasswd: join(root, "htpasswd"),
    robots: join(root, "robots.json"),
    tokenKey: join(root, "key.pem"),
  };
  const access = await createAccess({ ...files, ...config }, { now: clock.now, ...options });
  const can = async (authorization: string | undefined, action: Action, repository?: string) => {
    const asked = request(authorization);
    const identity = await access.control.identify(asked);
    await access.control.authorize(identity, { repository, action, headers: asked.headers });
    return identity;
  };
  const token = async (query: string, authorization?: string, more: Partial<TokenRequest> = {}) => {
    const parameters = new URLSearchParams(query);
    const address = "192.0.2.1";
    const granted = await access.tokens.issue({ method: "GET", parameters, authorization, address, ...more });
    return { ...granted, bearer: `Bearer ${granted.token}` };
  };
  return { access, can, token, clock, root };
}

const refusal = (status: number, more: object = {}) => expect.objectContaining({ status, ...more }) as unknown;
const challenge = (header: string) => refusal(401, { headers: { "WWW-Authenticate": header } });
const BEARER = 'Bearer realm="http://registry.test:5000/token",service="skillctl-registry"';

describe("a token that another server of the same registry has just given", () => {
  it.each([
    ["is good where the clock is a little behind", 2000, true],
    ["is not where it is far behind", 60_000, false],
  ])("%s", async (_, behind, isGood) => {
    const { token, clock, root } = await setUp();
    const files = { htpasswd: join(root, "htpasswd"), tokenKey: join(root, "key.pem") };
    const { control } = await createAccess(files, { now: () => clock.time - behind });
    const { bearer } = await token("scope=repository:myorg/hello:pull", basic("alice", "wonder"));
    const identified = control.identify(request(bearer));
    if (isGood) expect((await identified).name).toBe("alice");
    else await expect(identified).rejects.toThrow(refusal(401));
  });
});

describe("somebody without credentials", () => {
  it("learns at /v2/ where to log in, also where everybody may read", async () => {
    const { can } = await setUp({ anonymousPull: true });
    await expect(can(undefined, "pull")).rejects.toThrow(challenge(BEARER));
  });

  it("reads where that is open, with a token or without, and does not write", async () => {
    const { can, token } = await setUp({ anonymousPull: true });
    await can(undefined, "pull", "myorg/hello");
    const { bearer, access } = await token("scope=repository:myorg/hello:pull,push");
    expect(access).toEqual([{ type: "repository", name: "myorg/hello", actions: ["pull"] }]);
    await can(bearer, "pull");
    await can(bearer, "pull", "myorg/hello");
    const wanted = `${BEARER},scope="repository:myorg/hello:pull,push"`;
    await expect(can(undefined, "push", "myorg/hello")).rejects.toThrow(challenge(wanted));
    await expect(can(bearer, "push", "myorg/hello")).rejects.toThrow(refusal(401));
  });

  it("reads nothing where that is closed, and gets a token for nothing", async () => {
    const { can, token } = await setUp();
    const wanted = `${BEARER},scope="repository:myorg/hello:pull"`;
    await expect(can(undefined, "pull", "myorg/hello")).rejects.toThrow(challenge(wanted));
    const { bearer, access } = await token("scope=repository:myorg/hello:pull");
    expect(access).toEqual([]);
    await expect(can(bearer, "pull", "myorg/hello")).rejects.toThrow(refusal(401));
  });

  it("cannot send others to another realm by what it says of the host", async () => {
    const { access } = await setUp();
    const asked = request(undefined, { host: 'evil.test/",scope="x' });
    const identity = await access.control.identify(asked);
    const answer = access.control.authorize(identity, {
      repository: undefined,
      action: "pull",
      headers: asked.headers,
    });
    await expect(answer).rejects.toThrow(
      challenge('Bearer realm="http://localhost/token",service="skillctl-registry"'),
    );
  });
});

describe("a user", () => {
  it("logs in with a password for a token, which is good for what was asked for and no more", async () => {
    const { can, token } = await setUp();
    const { bearer, lifetime, name } = await token("scope=repository:myorg/hello:pull", basic("alice", "wonder"));
    expect([lifetime, name]).toEqual([300, "alice"]);
    expect((await can(bearer, "pull", "myorg/hello")).name).toBe("alice");
    await expect(can(bearer, "pull", "myorg/other")).rejects.toThrow(
      challenge(`${BEARER},scope="repository:myorg/other:pull",error="insufficient_scope"`),
    );
    await expect(can(bearer, "push", "myorg/hello")).rejects.toThrow(refusal(401));
    const identity = await can(bearer, "pull");
    expect([[...identity.roles("myorg/hello")], [...identity.roles("myorg/other")]]).toEqual([["reader"], []]);
  });

  it("may send the password with each request instead", async () => {
    const { can } = await setUp();
    const identity = await can(basic("alice", "wonder"), "push", "myorg/hello");
    expect([...identity.roles("myorg/hello")].toSorted()).toEqual(["approver", "author", "reader"]);
    await can(basic("alice", "wonder"), "pull");
  });

  it("logs in by POST; refresh tokens are not given", async () => {
    const { can, token } = await setUp();
    const form =
      "grant_type=password&username=alice&password=wonder&service=skillctl-registry&scope=repository:a:pull,push";
    const { bearer } = await token(form, undefined, { method: "POST" });
    await can(bearer, "push", "a");
    const refresh = token("grant_type=refresh_token&refresh_token=x", undefined, { method: "POST" });
    await expect(refresh).rejects.toThrow(refusal(400));
    const wrong = token("grant_type=password&username=alice&password=x", undefined, { method: "POST" });
    await expect(wrong).rejects.toThrow(refusal(401));
  });

  it("without the role is told so, and who can help", async () => {
    const { can, token } = await setUp({ grants: { "": { reader: ["@users"] }, myorg: { author: ["alice"] } } });
    const message = '"bob" may not do this: pushing to "myorg/hello"';
    await expect(can(basic("bob", "builder"), "push", "myorg/hello")).rejects.toThrow(refusal(403, { message }));
    const { bearer } = await token("scope=repository:myorg/hello:pull,push,delete", basic("bob", "builder"));
    await expect(can(bearer, "push", "myorg/hello")).rejects.toThrow(refusal(403, { ociCode: "DENIED" }));
    await expect(can(bearer, "pull", "myorg/secret")).rejects.toThrow(refusal(403));
  });

  it.each([
    ["a wrong password", basic("alice", "builder")],
    ["an unknown name", basic("carol", "wonder")],
    ["a header that is none", "Basic"],
    ["Basic without a colon", `Basic ${Buffer.from("alice").toString("base64")}`],
    ["a NUL in the password", basic("alice", "wonder\0")],
    ["another scheme", "Digest abc"],
    ["a token that is none", "Bearer abc"],
  ])("is not let in with %s, which no answer repeats", async (_, authorization) => {
    const { can } = await setUp({ anonymousPull: true });
    const error = await can(authorization, "pull", "myorg/hello").catch((refused: unknown) => refused);
    expect(error).toEqual(refusal(401));
    expect(JSON.stringify([error, (error as Error).message])).not.toMatch(/wonder|builder|abc/);
  });

  it("who guesses passwords is told to wait", async () => {
    const { can, token } = await setUp({ limits: { logins: 3 } });
    for (let at = 0; at < 3; at++) await expect(can(basic("alice", `${at}`), "pull")).rejects.toThrow(refusal(401));
    await expect(token("", basic("alice", "wonder"))).rejects.toThrow(refusal(429, { ociCode: "TOOMANYREQUESTS" }));
  });

  it("who asks too often is told to wait", async () => {
    const { can } = await setUp({ limits: { requests: 2 } });
    for (let at = 0; at < 2; at++) await can(basic("alice", "wonder"), "pull");
    await expect(can(basic("alice", "wonder"), "pull")).rejects.toThrow(refusal(429));
  });
});

describe("a token", () => {
  it("ends after five minutes", async () => {
    const { can, token, clock } = await setUp();
    const { bearer } = await token("scope=repository:a:pull", basic("alice", "wonder"));
    clock.time += 299_000;
    await can(bearer, "pull", "a");
    clock.time += 1000;
    await expect(can(bearer, "pull", "a")).rejects.toThrow(challenge(`${BEARER},error="invalid_token"`));
  });

  it("ends when its user is removed", async () => {
    const { can, token, clock, root } = await setUp();
    const { bearer } = await token("scope=repository:a:pull", basic("alice", "wonder"));
    await can(bearer, "pull", "a");
    await writeFile(join(root, "htpasswd"), passwordLines({ bob: "builder" }));
    clock.time += 1000;
    await expect(can(bearer, "pull", "a")).rejects.toThrow(refusal(401));
  });

  it("outlives a restart, as its key is kept for its owner alone; one of another registry is not good", async () => {
    const { token, root, clock } = await setUp();
    const { bearer } = await token("scope=repository:a:pull", basic("alice", "wonder"));
    expect((await stat(join(root, "key.pem"))).mode & 0o777).toBe(0o600);
    const config = { htpasswd: join(root, "htpasswd"), tokenKey: join(root, "key.pem") };
    const again = await createAccess(config, { now: clock.now });
    expect((await again.control.identify(request(bearer))).name).toBe("alice");
    const other = await createAccess({ ...config, service: "other" }, { now: clock.now });
    await expect(other.control.identify(request(bearer))).rejects.toThrow(refusal(401));
    const stranger = await createAccess({ ...config, tokenKey: join(root, "other.pem") }, { now: clock.now });
    await expect(stranger.control.identify(request(bearer))).rejects.toThrow(refusal(401));
  });

  it("is signed with a key that lies where nothing can be written, as a mounted secret does", async () => {
    const root = await temporaryDirectory();
    const tokenKey = join(root, "key.pem");
    await createAccess({ tokenKey });
    const before = new Date(0);
    await utimes(root, before, before);
    await createAccess({ tokenKey });
    expect((await stat(root)).mtimeMs).toBe(0);
  });

  it("of which one byte was changed is not good", async () => {
    const { can, token } = await setUp();
    const { bearer } = await token("scope=repository:a:pull", basic("alice", "wonder"));
    for (let at = 8; at < bearer.length; at += 7) {
      const changed = bearer.slice(0, at) + (bearer[at] === "A" ? "B" : "A") + bearer.slice(at + 1);
      await expect(can(changed, "pull", "a")).rejects.toThrow(refusal(401));
    }
  });

  it("is not made for another service, nor for more scopes than a client needs", async () => {
    const { token } = await setUp();
    await expect(token("service=elsewhere")).rejects.toThrow(refusal(400));
    const scopes = Array.from({ length: 101 }, (_, at) => `scope=repository:r${at}:pull`).join("&");
    await expect(token(scopes)).rejects.toThrow(refusal(400));
  });

  it("for the catalog lists what its user may read", async () => {
    const { access, can, token } = await setUp({
      grants: { "": { reader: ["@users"] }, secret: { reader: ["bob"] } },
    });
    const { bearer } = await token("scope=registry:catalog:*", basic("alice", "wonder"));
    const identity = await can(bearer, "pull");
    const list = async (repository: string) =>
      access.control.authorize(identity, { repository, action: "pull", isListing: true, headers: {} });
    await list("open");
    await expect(list("secret")).rejects.toThrow(refusal(403));
  });

  it("for the catalog is not good for pulling what it lists", async () => {
    const { can, token } = await setUp();
    const { bearer } = await token("scope=registry:catalog:*", basic("alice", "wonder"));
    for (const action of ["pull", "push", "delete"] as const)
      await expect(can(bearer, action, "open")).rejects.toThrow(refusal(401));
  });
});

describe("a robot", () => {
  it("logs in with its secret as password or token, until it is revoked", async () => {
    const { access, can, token, clock } = await setUp();
    const { secret, name } = (await access.robots?.create("ci", clock.time + 86_400_000)) ?? { secret: "", name: "" };
    await can(basic(name, secret), "push", "a");
    await can(`Bearer ${secret}`, "push", "a");
    const { bearer } = await token("scope=repository:a:pull,push", basic(name, secret));
    await can(bearer, "push", "a");
    await expect(can(basic("robot+other", secret), "pull", "a")).rejects.toThrow(refusal(401));
    await access.robots?.revoke("ci");
    for (const authorization of [basic(name, secret), `Bearer ${secret}`, bearer]) {
      await expect(can(authorization, "pull", "a")).rejects.toThrow(refusal(401));
    }
  });
});

describe("a clock that is set back", () => {
  it("keeps nobody in whose password or robot token is gone", async () => {
    const { access, can, clock, root } = await setUp();
    const { secret } = (await access.robots?.create("ci", clock.time + 86_400_000)) ?? { secret: "" };
    await can(basic("alice", "wonder"), "pull", "a");
    await can(`Bearer ${secret}`, "pull", "a");
    clock.time -= 7 * 86_400_000;
    await writeFile(join(root, "htpasswd"), passwordLines({ bob: "builder" }));
    await writeFile(join(root, "robots.json"), '{"version":1,"tokens":[]}');
    await expect(can(basic("alice", "wonder"), "pull", "a")).rejects.toThrow(refusal(401));
    await expect(can(`Bearer ${secret}`, "pull", "a")).rejects.toThrow(refusal(401));
  });

  it("makes no token good that was given out later", async () => {
    const { can, token, clock } = await setUp();
    const { bearer } = await token("scope=repository:a:pull", basic("alice", "wonder"));
    await can(bearer, "pull", "a");
    clock.time -= 60_000;
    await expect(can(bearer, "pull", "a")).rejects.toThrow(refusal(401));
  });
});

describe("settings", () => {
  it("can name the address that clients know", async () => {
    const { can } = await setUp({ publicUrl: "https://registry.example.com/", service: "registry.example.com" });
    await expect(can(undefined, "pull")).rejects.toThrow(
      challenge('Bearer realm="https://registry.example.com/token",service="registry.example.com"'),
    );
  });

  it.each<Partial<AccessConfig>>([
    { tokenLifetime: 10 },
    { tokenLifetime: Number.NaN },
    { service: 'a"b' },
    { publicUrl: "registry.example.com" },
    { htpasswd: "/nowhere/htpasswd" },
    { grants: { "A/": {} } },
    { grants: { "": { reader: ["@everybody"] } } },
    { oidc: [{ issuer: "https://idp.test", audience: "registry.test" }] },
  ])("that cannot be meant are refused: %j", async (config) => {
    await expect(setUp(config)).rejects.toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });

  it("refuse a key that is none, without citing it", async () => {
    const tokenKey = join(await temporaryDirectory(), "key.pem");
    await writeFile(tokenKey, "-----BEGIN PRIVATE KEY-----\nsecret");
    const error = await createAccess({ tokenKey }).catch((refused: unknown) => refused);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    expect((error as Error).stack).not.toContain("secret");
  });
});
