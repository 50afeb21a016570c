import { expect, it, onTestFinished } from "vitest";

import { serve } from "./http/testing/servers.ts";
import { RemoteStore } from "./store.ts";

/** Greets a server that answers everything with 200 and these. */
async function greeted(body: string, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const { host } = await serve((_, response) => void response.writeHead(200, headers).end(body));
  const store = new RemoteStore();
  onTestFinished(() => store.close());
  return store.ping(host);
}

it.each<[who: string, body: string, headers: Readonly<Record<string, string>>]>([
  ["distribution and Harbor do", "{}", { "content-type": "application/json" }],
  ["Zot and olareg do", "", {}],
  ["Quay does", "true", { "content-type": "text/html; charset=utf-8" }],
  ["one that says its name with a page does", "<p>Welcome", { "Docker-Distribution-API-Version": "registry/2.0" }],
])("a registry may answer as %s", async (_, body, headers) => {
  await expect(greeted(body, headers)).resolves.toMatch(/^127\.0\.0\.1:/);
});

it.each([
  ["a page", "<!doctype html><title>It works</title>"],
  ["a few words", "It works!"],
  ["a long page", `<p>${"x".repeat(2 ** 20)}`],
])("a web server that answers everything with %s is no registry", async (_, body) => {
  await expect(greeted(body)).rejects.toMatchObject({
    code: "RESPONSE_INVALID",
    message: expect.stringMatching(/^127\.0\.0\.1:\d+ is no registry: it answers \/v2\/ with a page$/) as string,
    hint: expect.stringContaining("Check the host and the port") as string,
  });
});
