/** Whoever asks to be asked later is, whatever was asked for. */
import { describe, expect, it } from "vitest";

import { rereadable } from "../content/index.ts";
import { digestOf } from "../oci/index.ts";
import { listOf } from "../store/testing/images.ts";
import type { RemoteStoreOptions } from "./index.ts";
import { setUpRemote, type RemoteFixture } from "./testing/remote-fixture.ts";

const USER = { username: "ada", password: "s3cret" };

/** A registry, and how long was waited for it. */
async function setUp(options: Parameters<typeof setUpRemote>[0] = {}, more: RemoteStoreOptions = {}) {
  const waits: number[] = [];
  const retry = { random: () => 0, wait: async (milliseconds: number) => void waits.push(milliseconds) };
  const credentials = { find: async () => ({ kind: "basic", ...USER }) as const };
  return { ...(await setUpRemote(options, { retry, credentials, ...more })), waits };
}

describe("a token server", () => {
  const auth = { scheme: "bearer", ...USER } as const;

  it.each([429, 503])("that answers %i is asked again when it says", async (status) => {
    const { registry, repository, waits } = await setUp({ auth });
    registry.fail({ path: "/token", status, headers: { "retry-after": "7" } });
    expect(await listOf(repository.tags())).toEqual([]);
    expect(waits).toEqual([7000]);
  });

  it("that wants to be left alone for long is, and the error says how long", async () => {
    const { registry, repository, waits } = await setUp({ auth });
    registry.fail({ path: "/token", status: 429, headers: { "retry-after": "3600" } });
    await expect(listOf(repository.tags())).rejects.toMatchObject({
      code: "REGISTRY_RATE_LIMITED",
      message: expect.stringContaining("3600 s") as unknown,
    });
    expect(waits).toEqual([]);
  });
});

describe("an upload", () => {
  const bytes = Buffer.alloc(3_000_000, "x");
  const blob = { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.byteLength };
  const push = async ({ repository }: RemoteFixture): Promise<void> =>
    repository.push(
      blob,
      rereadable(async function* () {
        yield bytes;
      }),
    );

  it.each([
    ["as one stream", {}],
    ["in chunks", { chunkSize: 1024 * 1024 }],
  ])("%s goes on when the registry says, which is not even asked how far it is before", async (_, more) => {
    const fixture = await setUp({}, more);
    const { registry, waits } = fixture;
    let waited: readonly number[] | undefined;
    registry.fail({ method: "PATCH", status: 429, headers: { "retry-after": "7" } });
    registry.fail({ method: "GET", path: "/uploads/", hold: Promise.resolve(), seen: () => (waited = [...waits]) });
    await push(fixture);
    expect(waited).toEqual([7000]);
  });

  it.each([429, 503])("goes on when the token server says, which answers %i in the middle of it", async (status) => {
    let clock = 0;
    const auth = { scheme: "bearer", ...USER } as const;
    const fixture = await setUp({ auth }, { chunkSize: 1024 * 1024, now: () => (clock += 1_000_000) });
    const { registry, waits } = fixture;
    const refuse = (): void => registry.fail({ path: "/token", status, headers: { "retry-after": "7" } });
    registry.fail({ method: "PATCH", hold: Promise.resolve(), seen: refuse });
    await push(fixture);
    expect(waits).toContain(7000);
    expect(registry.content.repository("examples/hello").blobs.has(blob.digest)).toBe(true);
  });

  it("is given up where that is so long that nobody can have meant it", async () => {
    const fixture = await setUp();
    fixture.registry.fail({ method: "POST", status: 429, headers: { "retry-after": "9".repeat(12) } });
    await expect(push(fixture)).rejects.toThrow("2147483648 s");
    expect(fixture.waits).toEqual([]);
  });

  it("is given up where that is too long", async () => {
    const fixture = await setUp();
    fixture.registry.fail({ method: "PATCH", status: 503, headers: { "retry-after": "3600" } });
    await expect(push(fixture)).rejects.toThrow("3600 s");
    expect(fixture.registry.content.repository("examples/hello").uploads.size).toBe(0);
  });
});
