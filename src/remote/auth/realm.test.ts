import { describe, expect, it } from "vitest";

import { isSkillError, type SkillErrorCode } from "../../errors.ts";
import { checkRealmForCredentials, isSameSite, readRealm, type RealmRules } from "./realm.ts";

const rules = (origin: string, more: Partial<RealmRules> = {}): RealmRules => ({
  registry: new URL(origin).host,
  origin: new URL(origin),
  allowHttpRealm: false,
  ...more,
});

function codeOf(work: () => unknown): SkillErrorCode | undefined {
  try {
    work();
  } catch (error) {
    if (isSkillError(error)) return error.code;
    throw error;
  }
  return undefined;
}

describe("a realm", () => {
  const QUAY = "https://quay.io";

  it.each([
    ["no URL", "token"],
    ["no host", "https://"],
    ["a path alone", "/token"],
    ["http", "http://quay.io/token"],
    ["a file", "file:///etc/passwd"],
    ["user and password", "https://user:secret@quay.io/token"],
    ["a user", "https://user@quay.io/token"],
    ["this machine by name", "https://localhost/token"],
    ["this machine by address", "https://127.1/token"],
    ["this machine by an odd number", "https://2130706433/token"],
    ["this machine by IPv6", "https://[::1]/token"],
    ["this machine by IPv4 in IPv6", "https://[::ffff:127.0.0.1]/token"],
    ["no address", "https://0.0.0.0/token"],
    ["the machine's metadata", "https://169.254.169.254/token"],
    ["the machine's metadata by IPv6", "https://[::ffff:169.254.169.254]/token"],
    ["the machine's link", "https://[fe80::1]/token"],
  ])("of %s is refused", (_, realm) => {
    expect(codeOf(() => readRealm(realm, rules(QUAY)))).toBe("RESPONSE_INVALID");
  });

  it("that bears a password is not cited", () => {
    expect(() => readRealm("https://user:secret@quay.io/", rules(QUAY))).toThrow(
      expect.toSatisfy((error: Error) => !error.message.includes("secret")),
    );
  });

  it("may be http when the registry is insecure", () => {
    expect(
      readRealm("http://registry.local/token", rules("http://registry.local", { allowHttpRealm: true })).href,
    ).toBe("http://registry.local/token");
  });

  it("keeps its query and loses its fragment", () => {
    expect(readRealm("https://quay.io/v2/auth?x=1#y", rules(QUAY)).href).toBe("https://quay.io/v2/auth?x=1");
  });

  it("may be this machine for a registry on this machine, or when somebody says so", () => {
    expect(readRealm("https://localhost:5001/token", rules("https://127.0.0.1:5000")).port).toBe("5001");
    expect(readRealm("https://localhost:5001/t", rules(QUAY, { trustedRealms: ["localhost:5001"] })).port).toBe("5001");
  });
});

describe("credentials", () => {
  it.each([
    ["https://quay.io", "https://quay.io/v2/auth"],
    ["https://registry-1.docker.io", "https://auth.docker.io/token"],
    ["https://ghcr.io", "https://ghcr.io/token"],
    ["https://registry.gitlab.com", "https://gitlab.com/jwt/auth"],
    ["https://me.azurecr.io", "https://me.azurecr.io/oauth2/token"],
    ["https://europe-docker.pkg.dev", "https://europe-docker.pkg.dev/v2/token"],
    ["https://registry.example.co.uk", "https://auth.example.co.uk/token"],
    ["https://registry.example.com:5000", "https://registry.example.com:8443/token"],
    ["https://rg.fr-par.scw.cloud", "https://api.scaleway.com/registry-internal/token"],
    ["http://localhost:5000", "http://127.0.0.1:5001/token"],
    ["https://10.0.0.5:5000", "https://10.0.0.5/token"],
  ])("of %s may go to %s", (origin, realm) => {
    expect(codeOf(() => checkRealmForCredentials(new URL(realm), rules(origin)))).toBeUndefined();
  });

  it.each([
    ["https://quay.io", "https://quay.io.evil.com/v2/auth"],
    ["https://quay.io", "https://evilquay.io/v2/auth"],
    ["https://quay.io", "https://evil.io/"],
    ["https://registry.example.co.uk", "https://evil.co.uk/token"],
    ["https://registry.example.com.au", "https://evil.com.au/token"],
    ["https://a.github.io", "https://b.github.io/token"],
    ["https://10.0.0.5", "https://10.1.0.5/token"],
    ["https://1.0.0.5", "https://2.0.0.5/token"],
    ["https://registry:5000", "https://keycloak:5000/token"],
    ["https://[fd00::1]", "https://[fd00::2]/token"],
    ["https://scw.cloud.evil.com", "https://api.scaleway.com/token"],
  ])("of %s never go to %s", (origin, realm) => {
    const attempt = () => checkRealmForCredentials(new URL(realm), rules(origin));
    expect(codeOf(attempt)).toBe("REGISTRY_UNAUTHORIZED");
    expect(attempt).toThrow(new URL(origin).hostname);
    expect(attempt).toThrow(new URL(realm).host);
  });

  it("may go where somebody says so", () => {
    const trusted = rules("https://registry.corp", { trustedRealms: ["sso.example.com"] });
    expect(codeOf(() => checkRealmForCredentials(new URL("https://sso.example.com/t"), trusted))).toBeUndefined();
    expect(codeOf(() => checkRealmForCredentials(new URL("https://sso.example.com:8443/t"), trusted))).toBe(
      "REGISTRY_UNAUTHORIZED",
    );
  });
});

it("one site is one owner, whichever side asks", () => {
  expect(isSameSite(new URL("https://a.example.com"), new URL("https://example.com"))).toBe(true);
  expect(isSameSite(new URL("https://example.com"), new URL("https://a.b.example.com"))).toBe(true);
  expect(isSameSite(new URL("https://com"), new URL("https://example.com"))).toBe(false);
  expect(isSameSite(new URL("https://example.com."), new URL("https://a.example.com"))).toBe(true);
});
