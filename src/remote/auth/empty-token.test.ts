import { expect, it, onTestFinished } from "vitest";

import { listOf } from "../../store/testing/images.ts";
import { serve } from "../http/testing/servers.ts";
import { RemoteStore } from "../index.ts";
import { NO_WAIT } from "../testing/remote-fixture.ts";

it.each([{ token: "" }, { token: null }, {}])("a token under its other name is taken beside %j", async (reply) => {
  const url = await serve(({ url: path = "", headers: { host, authorization } }, response) => {
    if (path.startsWith("/token")) return void response.end(JSON.stringify({ ...reply, access_token: "t0ken" }));
    if (authorization === "Bearer t0ken") return void response.end(JSON.stringify({ tags: ["1.0.0"] }));
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${host}/token",service="x"` }).end();
  });
  const store = new RemoteStore({ retry: NO_WAIT });
  onTestFinished(async () => store.close());
  expect(await listOf(store.repository(`${url.host}/a`).tags())).toEqual(["1.0.0"]);
});
