import { expect, it, onTestFinished } from "vitest";

import { listOf } from "../store/testing/images.ts";
import { serve } from "./http/testing/servers.ts";
import { createTransport, proxiesFrom, RemoteStore } from "./index.ts";
import { NO_WAIT } from "./testing/remote-fixture.ts";

it("a proxy before a plain http registry that wants another login is not taken for the registry", async () => {
  const proxy = await serve((_, response) => void response.writeHead(407, { "proxy-authenticate": "Basic" }).end());
  const transport = createTransport({ proxies: proxiesFrom({ HTTP_PROXY: `http://ada:s3cret@${proxy.host}` }) });
  const [registry, repository] = ["registry.example.com", "examples/hello"];
  const endpoints = { endpoints: async () => [{ registry, repository, scheme: "http", tls: {} }] as const };
  const store = new RemoteStore({ retry: NO_WAIT, transport, endpoints });
  onTestFinished(async () => store.close());
  const listed = listOf(store.repository(`${registry}/${repository}`).tags());
  await expect(listed).rejects.toMatchObject({
    message: expect.stringContaining("a proxy on the way wants credentials (407)") as unknown,
    hint: expect.stringContaining("HTTP_PROXY") as unknown,
  });
});
