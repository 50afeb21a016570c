import { afterEach, describe, expect, it } from "vitest";

import { digestOf, MediaType } from "../../oci/index.ts";
import { RegistryEvents, type RegistryEvent } from "../events.ts";
import { startRegistry, type RunningRegistry } from "./testing/running-registry.ts";

let running: RunningRegistry;
afterEach(async () => running.close());

/** Puts a skill of no layers in a state; resolves to its digest. */
async function put(reference: string, status: string): Promise<string> {
  const config = { mediaType: MediaType.config, digest: digestOf("{}"), size: 2 };
  const annotations = { "io.skillimage.status": status, "org.opencontainers.image.version": "1.0.0" };
  const document = { schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [], annotations };
  const body = JSON.stringify(document);
  const headers = { "content-type": MediaType.manifest };
  await running.fetch(`/v2/a/b/blobs/uploads/?digest=${config.digest}`, { method: "POST", body: "{}" });
  const response = await running.fetch(`/v2/a/b/manifests/${reference}`, { method: "PUT", body, headers });
  expect(response.status).toBe(201);
  return digestOf(body);
}

async function withEvents(): Promise<{ readonly heard: RegistryEvent[]; readonly events: RegistryEvents }> {
  const events = new RegistryEvents();
  const heard: RegistryEvent[] = [];
  events.subscribe((event) => heard.push(event));
  running = await startRegistry({ events, now: () => 5 });
  return { heard, events };
}

describe("events", () => {
  it("tell of a push and of the tag that it moves, once it moves", async () => {
    const { heard } = await withEvents();
    const draft = await put("1", "draft");
    const testing = await put("1", "testing");
    await put("1", "testing");
    const common = { repository: "a/b", time: 5, actor: undefined };
    expect(heard).toMatchObject([
      { ...common, kind: "push", digest: draft, tag: "1", mediaType: MediaType.manifest },
      { ...common, kind: "tag", tag: "1", digest: draft, previous: undefined },
      { ...common, kind: "push", digest: testing },
      { ...common, kind: "tag", tag: "1", digest: testing, previous: draft },
      { ...common, kind: "push", digest: testing },
    ]);
    expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length);
  });
  it("tell of a promotion, which is one step with the same content", async () => {
    const { heard } = await withEvents();
    const draft = await put("1.0.0-draft", "draft");
    const testing = await put("1.0.0-testing", "testing");
    await put("1.0.0", "deprecated");
    const promotions = heard.filter(({ kind }) => kind === "promote");
    expect(promotions).toMatchObject([
      { version: "1.0.0", from: "draft", to: "testing", fromDigest: draft, digest: testing, tag: "1.0.0-testing" },
    ]);
  });
  it("tell of a promotion once, whoever pushes the image again", async () => {
    const { heard } = await withEvents();
    await put("1.0.0-draft", "draft");
    const testing = await put("1.0.0-testing", "testing");
    await put("1.0.0-testing", "testing");
    await put(testing, "testing");
    expect(heard.filter(({ kind }) => kind === "promote")).toHaveLength(1);
  });
  it("tell of no promotion for an index of other images (forged by its annotations)", async () => {
    const { heard } = await withEvents();
    const putIndex = async (tag: string, status: string, layer: string): Promise<void> => {
      const upload = async (text: string) => {
        const digest = digestOf(text);
        await running.fetch(`/v2/a/b/blobs/uploads/?digest=${digest}`, { method: "POST", body: text });
        return { mediaType: MediaType.layer, digest, size: text.length };
      };
      const store = async (reference: string, mediaType: string, document: object) => {
        const body = JSON.stringify({ schemaVersion: 2, mediaType, ...document });
        const headers = { "content-type": mediaType };
        const path = `/v2/a/b/manifests/${reference === "" ? digestOf(body) : reference}`;
        expect((await running.fetch(path, { method: "PUT", body, headers })).status).toBe(201);
        return { mediaType, digest: digestOf(body), size: body.length };
      };
      const image = { config: await upload("{}"), layers: [await upload(layer)] };
      const manifests = [await store("", MediaType.manifest, image)];
      const annotations = { "io.skillimage.status": status, "org.opencontainers.image.version": "1.0.0" };
      await store(tag, MediaType.index, { manifests, annotations });
    };
    await putIndex("1.0.0-draft", "draft", "good");
    await putIndex("1.0.0-testing", "testing", "evil");
    expect(heard.filter(({ kind }) => kind === "promote")).toEqual([]);
    await putIndex("other", "testing", "good");
    expect(heard.filter(({ kind }) => kind === "promote")).toHaveLength(1);
  });
  it("tell of removals: a tag alone, or a manifest after its tags", async () => {
    const { heard } = await withEvents();
    const digest = await put("1", "draft");
    await put("2", "draft");
    await put("3", "draft");
    heard.length = 0;
    await running.fetch("/v2/a/b/manifests/2", { method: "DELETE" });
    await running.fetch(`/v2/a/b/manifests/${digest}`, { method: "DELETE" });
    expect(heard).toMatchObject([
      { kind: "untag", tag: "2", digest },
      { kind: "untag", tag: "1", digest },
      { kind: "untag", tag: "3", digest },
      { kind: "delete", digest },
    ]);
  });
  it("reach every listener, whatever another one does, until it lets go", () => {
    const failures: unknown[] = [];
    const events = new RegistryEvents((error) => failures.push(error));
    const heard: string[] = [];
    const event = { kind: "delete", id: "1", time: 0, requestId: "r", repository: "a", actor: undefined } as const;
    events.subscribe(() => {
      throw new Error("a bad listener");
    });
    const letGo = events.subscribe(({ id }) => heard.push(id));
    events.emit({ ...event, digest: digestOf("x") });
    letGo();
    events.emit({ ...event, digest: digestOf("x"), id: "2" });
    expect(heard).toEqual(["1"]);
    expect(failures).toHaveLength(2);
  });
});
