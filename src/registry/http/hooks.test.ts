/** What the registry asks of access, admission and audit, and when. */
import { afterEach, describe, expect, it } from "vitest";

import { digestOf, MediaType, type Digest } from "../../oci/index.ts";
import {
  RegistryRefusal,
  type AccessControl,
  type AccessRequest,
  type AuditEntry,
  type ManifestChange,
} from "../hooks.ts";
import { createMemoryStorage } from "../storage/memory/index.ts";
import { startRegistry, type RunningRegistry } from "./testing/running-registry.ts";

let running: RunningRegistry;
afterEach(async () => running.close());

/** Lets the user of the header `x-user` do everything below `<user>/`, and everybody read below `public/`. */
const byHeader: AccessControl = {
  identify: async ({ headers }) => {
    const user = headers["x-user"];
    return { name: typeof user === "string" ? user : undefined, roles: () => new Set() };
  },
  authorize: async ({ name }, { repository, action }: AccessRequest) => {
    if (repository === undefined) return;
    if (name !== undefined && repository.startsWith(`${name}/`)) return;
    if (action === "pull" && repository.startsWith("public/")) return;
    if (name === undefined) {
      const headers = { "WWW-Authenticate": 'Basic realm="tests"' };
      throw new RegistryRefusal(401, "UNAUTHORIZED", "log in", { headers });
    }
    throw new RegistryRefusal(403, "DENIED", "not yours");
  },
};

const as = (user: string): { headers: Record<string, string> } => ({ headers: { "x-user": user } });

async function pushBlob(repository: string, content: string, headers: Record<string, string> = {}): Promise<Digest> {
  const digest = digestOf(content);
  const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
  const response = await running.fetch(path, { method: "POST", body: content, headers });
  expect(response.status).toBe(201);
  return digest;
}

/** Puts an image of one config, without layers. */
async function putImage(
  repository: string,
  reference: string,
  annotations: Readonly<Record<string, string>> = {},
  headers: Record<string, string> = {},
): Promise<Response> {
  const digest = await pushBlob(repository, "{}", headers);
  const config = { mediaType: MediaType.config, digest, size: 2 };
  const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [], annotations });
  return running.fetch(`/v2/${repository}/manifests/${reference}`, {
    method: "PUT",
    body,
    headers: { "content-type": MediaType.manifest, ...headers },
  });
}

describe("access", () => {
  it("is asked before anything is told: 401 with its challenge, 403, and no word of what is there", async () => {
    running = await startRegistry({ access: byHeader });
    const digest = await pushBlob("ada/secret", "secret", as("ada").headers);
    for (const path of [`blobs/${digest}`, "manifests/1", "tags/list", `referrers/${digest}`]) {
      const anonymous = await running.fetch(`/v2/ada/secret/${path}`);
      expect(anonymous.status).toBe(401);
      expect(anonymous.headers.get("www-authenticate")).toBe('Basic realm="tests"');
      expect((await running.fetch(`/v2/ada/secret/${path}`, as("eve"))).status).toBe(403);
      expect((await running.fetch(`/v2/ada/none/${path}`, as("eve"))).status).toBe(403);
    }
  });
  it("a blob is mounted only from where its reader may read", async () => {
    running = await startRegistry({ access: byHeader });
    const secret = await pushBlob("ada/secret", "secret", as("ada").headers);
    const shared = await pushBlob("public/shared", "shared", as("public").headers);
    const mount = async (query: string): Promise<number> =>
      (await running.fetch(`/v2/eve/mine/blobs/uploads/?${query}`, { method: "POST", ...as("eve") })).status;
    expect(await mount(`mount=${secret}&from=ada/secret`)).toBe(202);
    expect(await mount(`mount=${secret}`)).toBe(202);
    expect((await running.fetch(`/v2/eve/mine/blobs/${secret}`, as("eve"))).status).toBe(404);
    expect(await mount(`mount=${shared}&from=public/shared`)).toBe(201);
    expect((await running.fetch(`/v2/eve/mine/blobs/${shared}`, as("eve"))).status).toBe(200);
  });
  it("the catalog shows nobody what they may not read", async () => {
    running = await startRegistry({ access: byHeader });
    for (const name of ["ada/one", "eve/two", "public/three"]) {
      const owner = name.split("/")[0] ?? "";
      await putImage(name, "1", {}, as(owner).headers);
    }
    const seen = await running.fetch("/v2/_catalog?n=1", as("eve"));
    expect(await seen.json()).toEqual({ repositories: ["eve/two"] });
    expect(seen.headers.get("link")).toBe('</v2/_catalog?n=1&last=eve%2Ftwo>; rel="next"');
    const next = await running.fetch("/v2/_catalog?n=1&last=eve%2Ftwo", as("eve"));
    expect(await next.json()).toEqual({ repositories: ["public/three"] });
    expect(next.headers.get("link")).toBeNull();
  });
  it("the catalog does not look into what somebody may not read, however much there is of it", async () => {
    const storage = createMemoryStorage();
    running = await startRegistry({ access: byHeader, storage });
    for (const name of ["ada/one", "ada/two", "eve/mine"]) {
      await putImage(name, "1", {}, as(name.split("/")[0] ?? "").headers);
    }
    const { metadata } = storage;
    const looked: string[] = [];
    const repository = metadata.repository.bind(metadata);
    metadata.repository = (name) => {
      looked.push(name);
      return repository(name);
    };
    expect(await (await running.fetch("/v2/_catalog", as("eve"))).json()).toEqual({ repositories: ["eve/mine"] });
    expect(looked).toEqual(["eve/mine"]);
  });
});

describe("admission", () => {
  it("sees the change with its effect, and what it refuses is not made", async () => {
    const changes: ManifestChange[] = [];
    let isClosed = false;
    running = await startRegistry({
      admission: {
        review: async (change, context) => {
          changes.push(change);
          if (change.kind === "put")
            expect(
              await context.readBlob(
                change.manifest.parsed.kind === "manifest" ? change.manifest.parsed.config : change.manifest.descriptor,
                10,
              ),
            ).toEqual(new TextEncoder().encode("{}"));
          if (isClosed) throw new RegistryRefusal(403, "DENIED", "not today", { hint: "Come back tomorrow." });
        },
      },
    });
    const first = (await putImage("a/b", "1", { note: "first" })).headers.get("docker-content-digest") ?? "";
    expect((await putImage("a/b", "1", { note: "second" })).status).toBe(201);
    expect(changes[1]).toMatchObject({ kind: "put", tag: "1", current: { descriptor: { digest: first } } });
    isClosed = true;
    for (const [method, path] of [
      ["DELETE", "/v2/a/b/manifests/1"],
      ["DELETE", `/v2/a/b/manifests/${first}`],
    ] as const) {
      const refused = await running.fetch(path, { method });
      expect(refused.status).toBe(403);
      expect(await refused.json()).toEqual({ errors: [{ code: "DENIED", message: "not today. Come back tomorrow." }] });
    }
    expect((await putImage("a/b", "2")).status).toBe(403);
    expect(await (await running.fetch("/v2/a/b/tags/list")).json()).toEqual({ name: "a/b", tags: ["1"] });
    expect(changes.slice(2).map(({ kind }) => kind)).toEqual(["untag", "delete", "put"]);
  });
  it("hears that a change was made, and of none that was stopped after it", async () => {
    const made: string[] = [];
    let isFull = false;
    running = await startRegistry({
      admission: {
        review: async ({ kind }, context) => {
          context.whenMade(() => made.push(`${kind} ${context.repository}`));
        },
      },
      audit: {
        record: async ({ action }) => {
          if (isFull && action !== "pull") throw new RegistryRefusal(503, "UNKNOWN", "no record, no change");
        },
      },
      quotas: [{ namespace: "a/small", manifests: 0 }],
    });
    await putImage("a/b", "1");
    const digest = (await putImage("a/b", "2")).headers.get("docker-content-digest") ?? "";
    expect((await putImage("a/small", "1")).status).toBe(403);
    for (const reference of ["2", digest]) await running.fetch(`/v2/a/b/manifests/${reference}`, { method: "DELETE" });
    const before = ["put a/b", "put a/b", "untag a/b", "delete a/b"];
    expect(made).toEqual(before);
    await putImage("a/b", "3");
    isFull = true;
    expect((await running.fetch("/v2/a/b/manifests/3", { method: "DELETE" })).status).toBe(503);
    expect(made).toEqual([...before, "put a/b"]);
  });
  it("decides on what the tag names at that moment: of many that may only create, one does", async () => {
    running = await startRegistry({
      admission: {
        review: async (change) => {
          if (change.kind === "put" && change.current !== undefined) throw new RegistryRefusal(403, "DENIED", "taken");
        },
      },
    });
    const puts = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => putImage("a/b", "1.0.0", { at: String(at) })),
    );
    expect(puts.filter(({ status }) => status === 201)).toHaveLength(1);
  });
});

describe("the record", () => {
  it("has every write before it is made, and every refusal", async () => {
    const entries: AuditEntry[] = [];
    running = await startRegistry({
      access: byHeader,
      audit: { record: async (entry) => void entries.push(entry) },
      now: () => 7,
    });
    await putImage("ada/b", "1", {}, as("ada").headers);
    await running.fetch("/v2/ada/b/manifests/1", { method: "DELETE", ...as("ada") });
    await running.fetch("/v2/ada/b/manifests/1", { method: "DELETE", ...as("eve") });
    await running.fetch("/v2/ada/b/tags/list");
    const told = entries.map(({ action, actor, outcome, reference }) => [outcome, action, actor, reference]);
    expect(told).toEqual([
      ["allowed", "push", "ada", digestOf("{}")],
      ["allowed", "push", "ada", "1"],
      ["allowed", "delete", "ada", "1"],
      ["refused", "delete", "eve", "1"],
      ["refused", "authenticate", undefined, undefined],
    ]);
    expect(entries[0]).toMatchObject({ time: 7, repository: "ada/b", address: "127.0.0.1" });
  });
  it("where there can be no record, there is no write", async () => {
    let isFull = false;
    running = await startRegistry({
      audit: {
        record: async () => {
          if (isFull) throw new RegistryRefusal(503, "UNKNOWN", "no record, no change");
        },
      },
    });
    await putImage("a/b", "1");
    isFull = true;
    for (const [method, path] of [
      ["DELETE", "/v2/a/b/manifests/1"],
      ["POST", `/v2/a/b/blobs/uploads/?digest=${digestOf("")}`],
    ] as const) {
      expect((await running.fetch(path, { method })).status).toBe(503);
    }
    expect((await running.fetch("/v2/a/b/manifests/1")).status).toBe(200);
    expect((await running.fetch(`/v2/a/b/blobs/${digestOf("")}`)).status).toBe(404);
  });
});
