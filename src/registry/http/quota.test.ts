/** What clients hear of a quota. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { digestOf, MediaType } from "../../oci/index.ts";
import type { AuditEntry } from "../hooks.ts";
import { startRegistry, type RunningRegistry } from "./testing/running-registry.ts";

const REFUSAL = /team holds \d+ of 1000 bytes, which leaves no room for \d+ more\. Delete what nobody needs/;

describe("a registry with a quota", () => {
  let running: RunningRegistry;
  let record: AuditEntry[];
  beforeEach(async () => {
    record = [];
    running = await startRegistry({
      quotas: [
        { namespace: "team", bytes: 1000, manifests: 1 },
        { namespace: "closed", bytes: 0 },
      ],
      audit: { record: async (entry) => void record.push(entry) },
    });
  });
  afterEach(async () => running.close());

  const push = async (repository: string, content: string): Promise<Response> =>
    running.fetch(`/v2/${repository}/blobs/uploads/?digest=${digestOf(content)}`, { method: "POST", body: content });
  const refused = async (response: Response): Promise<string> => {
    expect(response.status).toBe(403);
    const { errors } = (await response.json()) as { errors: { code: string; message: string; detail: unknown }[] };
    expect(errors[0]).toMatchObject({ code: "DENIED", detail: { refusedBy: "quota" } });
    return errors[0]?.message ?? "";
  };

  it("refuses what is too much before it is sent, in words that say what to do", async () => {
    expect((await push("team/a", "x".repeat(600))).status).toBe(201);
    expect(await refused(await push("team/b", "y".repeat(600)))).toMatch(REFUSAL);
    expect(record.at(-1)).toMatchObject({ outcome: "refused", status: 403, code: "DENIED" });
    const { status, headers } = await running.fetch("/v2/team/b/blobs/uploads/", { method: "POST" });
    expect(status).toBe(202);
    const upload = headers.get("location") ?? "";
    expect(await refused(await running.fetch(upload, { method: "PATCH", body: "y".repeat(600) }))).toMatch(REFUSAL);
    expect((await push("elsewhere", "y".repeat(600))).status).toBe(201);
  });
  it("refuses what turns out to be too much when it was sent without a length", async () => {
    await push("team/a", "x".repeat(600));
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode("y".repeat(600)));
        controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const digest = digestOf("y".repeat(600));
    expect(await refused(await running.fetch(`/v2/team/b/blobs/uploads/?digest=${digest}`, init))).toMatch(REFUSAL);
    expect((await running.fetch(`/v2/team/b/blobs/${digest}`)).status).toBe(404);
  });
  it("counts what is mounted", async () => {
    await push("elsewhere", "y".repeat(600));
    await push("team/a", "x".repeat(600));
    const query = `mount=${digestOf("y".repeat(600))}&from=elsewhere`;
    expect(await refused(await running.fetch(`/v2/team/b/blobs/uploads/?${query}`, { method: "POST" }))).toMatch(
      REFUSAL,
    );
  });
  it("has one of many racing images win", async () => {
    const put = async (at: number): Promise<Response> => {
      expect((await push(`team/r${at}`, "{}")).status).toBe(201);
      const config = { mediaType: MediaType.config, digest: digestOf("{}"), size: 2 };
      const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.manifest, config, layers: [] });
      const headers = { "content-type": MediaType.manifest };
      return running.fetch(`/v2/team/r${at}/manifests/1.0.0`, { method: "PUT", body, headers });
    };
    const answers = await Promise.all(Array.from({ length: 10 }, async (_, at) => put(at)));
    const statuses = answers.map(({ status }) => status);
    expect([statuses.filter((status) => status === 201).length, statuses.length]).toEqual([1, 10]);
    expect(statuses.filter((status) => status === 403)).toHaveLength(9);
  });
  it("takes nothing at all into a namespace that may hold nothing", async () => {
    expect(await refused(await push("closed/a", "x"))).toContain("closed holds 0 of 0 bytes");
  });
});
