/** How many requests the command has under way at once for many images: sixteen, or as many as the user says. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

import { beforeAll, expect, it } from "vitest";

import { startStranger } from "./hostile.ts";
import { createWorkspace, type Workspace } from "./skillctl.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
});

interface PatientRegistry {
  readonly host: string;
  /** How many connections were made. */
  readonly connections: () => number;
}

/**
 * A registry that has names, as `lists` say by path, and no images. It says so only when `together` requests for what `path` fits
 * wait for it; at once to the first who asks, for nobody else asks before that has an answer.
 */
async function startPatientRegistry(
  together: number,
  path: RegExp,
  lists: Readonly<Record<string, object>> = {},
): Promise<PatientRegistry> {
  const waiting: ServerResponse[] = [];
  const sockets = new Set<Socket>();
  const { host, seen } = await startStranger(({ url = "", socket }, response) => {
    sockets.add(socket);
    const list = Object.entries(lists).find(([name]) => url.startsWith(name))?.[1];
    if (list !== undefined) return void response.end(JSON.stringify(list));
    if (seen.length === 1 || !path.test(url)) return void response.writeHead(404).end();
    waiting.push(response);
    if (waiting.length === together) for (const each of waiting.splice(0)) each.writeHead(404).end();
  });
  return { host, connections: () => sockets.size };
}

const MANIFESTS = /\/manifests\//;

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${name}-${at}`);

it("pulls many images over sixteen connections", async () => {
  const { host, connections } = await startPatientRegistry(16, MANIFESTS);
  const names = numbered("skill", 33).map((name) => `${host}/team/${name}:1.0.0`);
  const { status, stderr } = await user.run(["pull", ...names]);
  expect(stderr).toContain("skill-32:1.0.0");
  expect({ status, connections: connections() }).toEqual({ status: 1, connections: 16 });
});

it("pulls over as many as the user says", async () => {
  const { host, connections } = await startPatientRegistry(3, MANIFESTS);
  const names = numbered("skill", 10).map((name) => `${host}/team/${name}:1.0.0`);
  const { status } = await user.run(["pull", ...names, "--concurrency", "3"]);
  expect({ status, connections: connections() }).toEqual({ status: 1, connections: 3 });
});

it("lists the tags of a repository over sixteen, and has nothing to warn of", async () => {
  const { host, connections } = await startPatientRegistry(16, MANIFESTS, {
    "/v2/team/many/tags/list": { name: "team/many", tags: numbered("tag", 32) },
  });
  const { stdout, stderr } = await user.run(["list", `${host}/team/many`]);
  expect({ stdout, connections: connections() }).toEqual({ stdout: "", connections: 16 });
  expect(stderr).not.toContain("Warning");
});

it("lists the repositories of a registry over sixteen, and has nothing to warn of", async () => {
  const { host, connections } = await startPatientRegistry(16, /\/tags\/list/, {
    "/v2/_catalog": { repositories: numbered("team/skill", 32) },
  });
  const { stdout, stderr } = await user.run(["list", host]);
  expect({ stdout, connections: connections() }).toEqual({ stdout: "", connections: 16 });
  expect(stderr).not.toContain("Warning");
});

it("lists over as many as the user says", async () => {
  const { host, connections } = await startPatientRegistry(2, MANIFESTS, {
    "/v2/team/many/tags/list": { name: "team/many", tags: numbered("tag", 8) },
  });
  await user.run(["list", `${host}/team/many`, "--concurrency", "2"]);
  expect(connections()).toBe(2);
});
