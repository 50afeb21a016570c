import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import { importJWK, SignJWT, type JWTHeaderParameters } from "jose";
import { OAuth2Server } from "oauth2-mock-server";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";

import type { Fetch } from "./oidc-keys.ts";
import { OidcVerifier, type OidcProvider } from "./oidc.ts";

const AUDIENCE = "registry.test";
const provider = new OAuth2Server();
let issuer: string;

beforeAll(async () => {
  await provider.issuer.keys.generate("RS256");
  await provider.start(0, "127.0.0.1");
  issuer = provider.issuer.url ?? "";
});
afterAll(async () => provider.stop());

/** A token of the provider, with these claims beside or in place of the usual ones. */
async function token(claims: Record<string, unknown> = {}): Promise<string> {
  return provider.issuer.buildToken({
    scopesOrTransform: (_, payload) => Object.assign(payload, { sub: "alice", aud: AUDIENCE }, claims),
  });
}

function verifier(settings: Partial<OidcProvider> = {}, options: { fetch?: Fetch; now?: () => number } = {}) {
  return new OidcVerifier([{ issuer, audience: AUDIENCE, ...settings }], { fetch, now: Date.now, ...options });
}

function fail(): never {
  throw new TypeError("fetch failed");
}

const seconds = () => Math.floor(Date.now() / 1000);

describe("a token of an identity provider", () => {
  it("vouches for a name, and for groups by its claims", async () => {
    const oidc = verifier({
      name: "corp",
      nameClaim: "email",
      groupsClaim: "teams",
      groups: [
        { group: "ci", claims: { repository: "myorg/skills", ref: "refs/heads/main" } },
        { group: "never", claims: { repository: "myorg/skills", ref: "refs/heads/other" } },
      ],
    });
    const claims = { email: "a@x.test", teams: ["leads", 7], repository: "myorg/skills", ref: "refs/heads/main" };
    expect(await oidc.verify(await token(claims))).toMatchObject({ name: "corp+a@x.test", groups: ["ci", "leads"] });
  });

  it.each<[string, () => Record<string, unknown>]>([
    ["for another audience", () => ({ aud: "somebody-else" })],
    ["that has expired", () => ({ exp: seconds() - 60 })],
    ["that is not good yet", () => ({ nbf: seconds() + 120 })],
    ["that will be made tomorrow", () => ({ iat: seconds() + 86_400, exp: seconds() + 90_000 })],
    ["without an end", () => ({ exp: undefined })],
    ["of nobody", () => ({ sub: undefined })],
    ["of another issuer", () => ({ iss: "https://elsewhere.test" })],
    ["whose name is no text", () => ({ sub: 7 })],
  ])("%s is not good", async (_, claims) => {
    expect(await verifier().verify(await token(claims()))).toBeUndefined();
  });

  it("is good for as long as clocks may differ, and tells so those who give tokens for it", async () => {
    const found = await verifier().verify(await token({ exp: seconds() - 10 }));
    expect(found?.name).toBe("oidc+alice");
    expect(found?.expires).toBeGreaterThan(Date.now());
  });

  it("names its provider, and no other part of it does", async () => {
    const found = await verifier({ name: "corp" }).verify(await token({ provider: "github", groups: ["x"] }));
    expect(found).toMatchObject({ name: "corp+alice", provider: "corp", groups: [] });
  });

  it("brings no key of its own (jwk, jku, x5c, kid of a file)", async () => {
    const mine = new OAuth2Server();
    const { kid } = await mine.issuer.keys.generate("RS256");
    const pair = mine.issuer.keys.get(kid);
    if (pair === undefined) throw new Error("there is no key");
    const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...jwk } = pair as Record<string, string>;
    const key = await importJWK(pair, "RS256");
    const [known] = provider.issuer.keys.toJSON();
    for (const header of [{ jwk }, { jku: `${issuer}/jwks` }, { kid: known?.kid ?? "" }, { kid: "../../etc/passwd" }]) {
      const forged = await new SignJWT({ iss: issuer, sub: "alice", aud: AUDIENCE, exp: seconds() + 60 })
        .setProtectedHeader({ alg: "RS256", ...header } as JWTHeaderParameters)
        .sign(key);
      expect(await verifier().verify(forged)).toBeUndefined();
    }
  });

  it("signed with the public key as a shared secret is not good (algorithm confusion)", async () => {
    const keys = JSON.stringify(provider.issuer.keys.toJSON());
    const forged = await new SignJWT({ iss: issuer, sub: "alice", aud: AUDIENCE, exp: seconds() + 60 })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(keys));
    expect(await verifier().verify(forged)).toBeUndefined();
  });

  it("that is not signed, or by nobody known, is not good", async () => {
    const [, payload] = (await token()).split(".");
    const header = Buffer.from('{"alg":"none"}').toString("base64url");
    expect(await verifier().verify(`${header}.${payload}.`)).toBeUndefined();
    const [head, , signature] = (await token()).split(".");
    const admin = Buffer.from(JSON.stringify({ iss: issuer, sub: "root", aud: AUDIENCE, exp: seconds() + 60 }));
    expect(await verifier().verify(`${head}.${admin.toString("base64url")}.${signature}`)).toBeUndefined();
    for (const text of ["", "x", "a.b.c", "....", "é.é.é"]) expect(await verifier().verify(text)).toBeUndefined();
  });

  it("by another algorithm than the ones configured is not good", async () => {
    expect(await verifier({ algorithms: ["ES256"] }).verify(await token())).toBeUndefined();
  });

  it("asks the provider for its keys once, and not for what it has seen", async () => {
    const asked: string[] = [];
    const counting: Fetch = async (url, init) => {
      asked.push(new URL(url).pathname);
      return fetch(url, init);
    };
    const oidc = verifier({}, { fetch: counting });
    const same = await token();
    await Promise.all([oidc.verify(same), oidc.verify(await token({ sub: "bob" })), oidc.verify(same)]);
    await oidc.verify(await token({ sub: "carol" }));
    expect(asked).toEqual(["/.well-known/openid-configuration", "/jwks"]);
  });

  it("names a key that there is not: the provider is not asked for each", async () => {
    const counting = vi.fn<Fetch>(async (url, init) => fetch(url, init));
    const oidc = verifier({}, { fetch: counting });
    await oidc.verify(await token());
    const [, payload, signature] = (await token()).split(".");
    for (let at = 0; at < 20; at++) {
      const header = Buffer.from(JSON.stringify({ alg: "RS256", kid: `unknown-${at}` })).toString("base64url");
      expect(await oidc.verify(`${header}.${payload}.${signature}`)).toBeUndefined();
    }
    expect(counting.mock.calls.length).toBeLessThanOrEqual(3);
  });
});

const IDP = { issuer: "https://idp.test", jwks_uri: "https://idp.test/jwks" };

describe("an identity provider", () => {
  it.each<[string, () => Response]>([
    ["fails", () => new Response("", { status: 500 })],
    ["does not answer", () => fail()],
    [
      "sends its clients elsewhere",
      () => new Response("", { status: 302, headers: { location: "https://evil.test" } }),
    ],
    ["answers with more than it should", () => Response.json({ ...IDP, more: "x".repeat(300_000) })],
    [
      "answers for another issuer",
      () => Response.json({ issuer: "https://evil.test", jwks_uri: "https://evil.test/" }),
    ],
    ["does not tell where its keys are", () => Response.json({ issuer: "https://idp.test" })],
    [
      "has its keys over plain http",
      () => Response.json({ issuer: "https://idp.test", jwks_uri: "http://evil.test/" }),
    ],
  ])("that %s makes nobody an impostor, and is left alone for half a minute", async (_, answer) => {
    let time = Date.now();
    const asked = vi.fn<Fetch>(async () => answer());
    const oidc = new OidcVerifier([{ issuer: "https://idp.test", audience: AUDIENCE }], {
      fetch: asked,
      now: () => time,
    });
    const other = await token({ iss: "https://idp.test" });
    for (let at = 0; at < 3; at++) {
      await expect(oidc.verify(other)).rejects.toThrow(expect.objectContaining({ code: "REGISTRY_UNREACHABLE" }));
    }
    expect(asked).toHaveBeenCalledTimes(1);
    time += 30_000;
    await expect(oidc.verify(other)).rejects.toThrow();
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("whose keys cannot be had is left alone for half a minute, too", async () => {
    const asked = vi.fn<Fetch>(async () => new Response("", { status: 500 }));
    const oidc = verifier({ jwksUri: `${issuer}/jwks` }, { fetch: asked });
    const one = await token();
    for (let at = 0; at < 3; at++) await expect(oidc.verify(one)).rejects.toThrow("does not tell its keys");
    expect(asked).toHaveBeenCalledTimes(1);
  });

  it("that redirects is not followed", async () => {
    const server = createServer((_, response) => response.writeHead(302, { location: `${issuer}/jwks` }).end());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const jwksUri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    await expect(verifier({ jwksUri }).verify(await token())).rejects.toThrow(
      expect.objectContaining({ code: "REGISTRY_UNREACHABLE" }),
    );
  });

  it.each<[string, Partial<OidcProvider>]>([
    ["over plain http", { issuer: "http://idp.test" }],
    ["with keys over plain http", { jwksUri: "http://idp.test/jwks" }],
    ["with a password in its address", { issuer: "https://user:secret@idp.test" }],
    ["with a name that robots have", { name: "robot" }],
    ["without an audience", { audience: [] }],
    ["with an empty audience", { audience: "" }],
    ["with a shared secret as its key", { algorithms: ["HS256"] }],
    ["that gives a group to everybody", { groups: [{ group: "x", claims: {} }] }],
  ])("%s is refused", (_, settings) => {
    expect(() => verifier({ issuer: "https://idp.test", ...settings })).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID" }),
    );
  });
});
