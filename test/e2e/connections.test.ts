/** How many requests the command has under way at once: six for one image, more for many, and what the user says. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { beforeAll, expect, it } from "vitest";

import { startStranger } from "./hostile.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
});

/** A registry that has nothing. It says so at once to the first who asks, and then only when `together` ask for images. */
async function startPatientRegistry(together: number): Promise<{ readonly host: string; connections(): number }> {
  const waiting: ServerResponse[] = [];
  const sockets = new Set<Socket>();
  const { host, seen } = await startStranger(({ url, socket }, response) => {
    sockets.add(socket);
    if (seen.length === 1 || url?.includes("/manifests/") !== true) return void response.writeHead(404).end();
    waiting.push(response);
    if (waiting.length === together) for (const each of waiting.splice(0)) each.writeHead(404).end();
  });
  return { host, connections: () => sockets.size };
}

const namesAt = (host: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `${host}/team/skill-${at}:1.0.0`);

it("asks for sixteen of many images at once", async () => {
  const registry = await startPatientRegistry(16);
  const { status, stderr } = await user.run(["pull", ...namesAt(registry.host, 33)]);
  expect(stderr).toContain("skill-32:1.0.0");
  expect({ status, connections: registry.connections() }).toEqual({ status: 1, connections: 16 });
});

it("asks for as many as the user says", async () => {
  const registry = await startPatientRegistry(3);
  const { status } = await user.run(["pull", ...namesAt(registry.host, 10), "--concurrency", "3"]);
  expect({ status, connections: registry.connections() }).toEqual({ status: 1, connections: 3 });
});
