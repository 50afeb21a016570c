import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { describe, expect, it, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../skill/testing/skill-directory.ts";
import { RegistryRefusal } from "../hooks.ts";
import { createAccess, type AccessConfig } from "./access.ts";
import { basic, passwordFile, request } from "./testing/users.ts";
import { answerTokenRequest } from "./token-endpoint.ts";

/** The endpoint on a port of its own, with the user alice. */
async function endpoint(config: Partial<AccessConfig> = {}) {
  const htpasswd = await passwordFile({ alice: "wonder" });
  const access = await createAccess({ htpasswd, tokenKey: join(await temporaryDirectory(), "key.pem"), ...config });
  const server = createServer((incoming, response) => {
    answerTokenRequest(access.tokens, incoming, response).catch((error: unknown) => {
      if (!(error instanceof RegistryRefusal)) throw error;
      response.writeHead(error.status, { ...error.headers, Connection: "close" }).end(error.message);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { access, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token` };
}

const FORM = { grant_type: "password", username: "alice", password: "wonder", scope: "repository:a:pull,push" };

describe("the token endpoint", () => {
  it("answers GET and POST with a token that no cache keeps", async () => {
    const { access, url } = await endpoint();
    const query = `${url}?account=alice&client_id=docker&offline_token=true&service=skillctl-registry&scope=repository:a:push`;
    const headers = { authorization: basic("alice", "wonder") };
    for (const answer of [
      await fetch(query, { headers }),
      await fetch(url, { method: "POST", body: new URLSearchParams(FORM) }),
    ]) {
      expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
      const body = (await answer.json()) as Record<string, unknown>;
      expect(Object.keys(body)).toEqual(["token", "access_token", "expires_in", "issued_at"]);
      expect((await access.control.identify(request(`Bearer ${String(body["token"])}`))).name).toBe("alice");
    }
  });

  it("says how to log in to who does not", async () => {
    const { url } = await endpoint();
    const answer = await fetch(url, { headers: { authorization: basic("alice", "x") } });
    expect([answer.status, answer.headers.get("www-authenticate")]).toEqual([401, 'Basic realm="skillctl-registry"']);
  });

  it("takes no other method, and no more than a form has", async () => {
    const { url } = await endpoint();
    expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(405);
    expect((await fetch(url, { method: "POST", body: "x".repeat(20_000) })).status).toBe(413);
  });

  it("counts the guesses of each client behind a proxy that is trusted", async () => {
    const { url } = await endpoint({ trustedProxies: ["127.0.0.1"], limits: { logins: 2 } });
    const status = async (client: string, password: string) => {
      const headers = { authorization: basic("alice", password), "x-forwarded-for": client };
      return (await fetch(url, { headers })).status;
    };
    expect([await status("192.0.2.1", "a"), await status("192.0.2.1", "b")]).toEqual([401, 401]);
    expect([await status("192.0.2.1", "wonder"), await status("192.0.2.2", "wonder")]).toEqual([429, 200]);
  });
});
