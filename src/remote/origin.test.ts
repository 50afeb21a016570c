import { expect, it, onTestFinished } from "vitest";

import { serveRaw } from "./http/testing/servers.ts";
import { createTransport, RemoteStore } from "./index.ts";
import { NO_WAIT, setUpRemote } from "./testing/remote-fixture.ts";

it("a registry that says nothing is waited for once by all who ask at the same time, not by one after the other", async () => {
  let asked = 0;
  const url = await serveRaw((socket) => socket.on("data", () => (asked += 1)));
  const store = new RemoteStore({ retry: NO_WAIT, transport: createTransport({ timeouts: { answer: 50 } }) });
  onTestFinished(async () => store.close());
  const repository = store.repository(`${url.host}/examples/hello`);
  const all = await Promise.allSettled(Array.from({ length: 10 }, async (_, at) => repository.resolve(`${at}.0.0`)));
  expect(all.map(({ status }) => status)).toEqual(Array<string>(10).fill("rejected"));
  expect(asked).toBe(1);
});

it("who waits for somebody who gives up looks in their own name", async () => {
  const { registry, repository } = await setUpRemote();
  const cancel = new AbortController();
  registry.fail({ hold: new Promise(() => undefined), seen: () => cancel.abort() });
  const first = repository.resolve("1.0.0", { signal: cancel.signal });
  const second = repository.resolve("2.0.0");
  await expect(first).rejects.toMatchObject({ code: "ABORTED" });
  await expect(second).rejects.toMatchObject({ code: "NOT_FOUND" });
});
