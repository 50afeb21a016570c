/** Layers of many megabytes, on every runtime: they are taken from the connection in another way than short ones. */
import { createCipheriv } from "node:crypto";
import { readFile } from "node:fs/promises";

import { expect, it } from "vitest";

import { createAuthority } from "../../src/remote/http/testing/certificates.ts";
import { startServer } from "./served.ts";
import { createWorkspace } from "./skillctl.ts";

/** The same at every run, and as hard to compress as what is random. */
const MANY = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(5 * 1024 ** 2));

it.each(["http", "https"])("a long layer comes back whole over %s, one time after the other", async (scheme) => {
  const user = await createWorkspace();
  await user.skill("large", {}, { "assets/many.bin": MANY, "assets/more.bin": MANY });
  await user.json("pack", "large");
  const authority = await createAuthority();
  const { cert, key } = await authority.server();
  const tls = "tls:\n  certificate: server.crt\n  key: server.key\n";
  await user.write({
    "ca.crt": authority.cert,
    "server.crt": cert,
    "server.key": key,
    "registry.yaml": scheme === "https" ? tls : "{}\n",
  });
  const server = await startServer(user, [
    "--config",
    "registry.yaml",
    "--listen",
    "127.0.0.1:0",
    "--root",
    "registry",
  ]);
  try {
    const remote = `${server.host}/examples/large`;
    await user.json("push", "examples/large:1.0.0-draft", remote, "--ca-file", "ca.crt");
    for (let time = 0; time < 3; time += 1) {
      const into = ["-o", `pulled-${time}`, "--store", `store-${time}`];
      await user.json("pull", `${remote}:1.0.0-draft`, ...into, "--ca-file", "ca.crt");
      const pulled = await readFile(user.path(`pulled-${time}`, "large", "assets", "many.bin"));
      expect(Buffer.compare(pulled, MANY)).toBe(0);
    }
  } finally {
    await server.end();
  }
});
