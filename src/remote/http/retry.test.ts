import { describe, expect, it } from "vitest";

import { SkillError } from "../../errors.ts";
import { isRetryable, retrying, type RetryPolicy } from "./retry.ts";
import { nobody, serveRaw } from "./testing/servers.ts";
import { createTransport } from "./transport.ts";

class Refused extends SkillError {
  readonly status: number;
  readonly retryAfter: string | undefined;

  constructor(status: number, retryAfter?: string) {
    super(status === 429 ? "REGISTRY_RATE_LIMITED" : "REGISTRY_ERROR", `the registry answers ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

const NOW = Date.parse("2026-01-01T00:00:00Z");

/** Fails with `errors`, one after the other, and then succeeds. Tells how often it ran and how long was waited. */
async function run(
  errors: readonly unknown[],
  policy: RetryPolicy = {},
): Promise<{ outcome: unknown; runs: number; waits: number[] }> {
  const waits: number[] = [];
  let runs = 0;
  const wait = async (milliseconds: number): Promise<void> => void waits.push(milliseconds);
  const attempt = async (): Promise<string> => {
    const error = errors[runs++];
    if (error !== undefined) throw error;
    return "done";
  };
  const outcome: unknown = await retrying(attempt, { wait, random: () => 1, now: () => NOW, ...policy }).catch(
    (error: unknown) => error,
  );
  return { outcome, runs, waits };
}

describe("retrying", () => {
  it("goes on until it succeeds, and waits longer each time", async () => {
    const errors = [new Refused(503), new Refused(500), new Refused(502)];
    expect(await run(errors)).toEqual({ outcome: "done", runs: 4, waits: [500, 1000, 2000] });
  });

  it("waits for a random part of that, so that not everybody comes back at once", async () => {
    expect((await run([new Refused(503), new Refused(503)], { random: () => 0.25 })).waits).toEqual([125, 250]);
    expect((await run([new Refused(503)], { random: () => 0 })).waits).toEqual([0]);
  });

  it("gives up after four attempts, or as many as it may, with the last error", async () => {
    const errors = [500, 502, 503, 504, 500].map((status) => new Refused(status));
    expect(await run(errors)).toMatchObject({ outcome: errors[3], runs: 4 });
    expect(await run(errors, { attempts: 1 })).toMatchObject({ outcome: errors[0], runs: 1, waits: [] });
  });

  it.each([
    new Refused(400),
    new Refused(401),
    new Refused(404),
    new Refused(501),
    new Error("a bug"),
    "text",
    undefined,
  ])("does not repeat what will not pass: %s", async (error) => {
    expect(await run([error ?? null])).toEqual({ outcome: error ?? null, runs: 1, waits: [] });
  });

  it("waits at least as long as it is asked to, in seconds or until a date", async () => {
    expect((await run([new Refused(429, "7")])).waits).toEqual([7500]);
    expect((await run([new Refused(503, "Thu, 01 Jan 2026 00:00:30 GMT")])).waits).toEqual([30_500]);
    expect((await run([new Refused(429, "Wed, 31 Dec 2025 00:00:00 GMT")])).waits).toEqual([500]);
    expect((await run([new Refused(429, "soon")])).waits).toEqual([500]);
    expect((await run([new Refused(429, "60")])).waits).toEqual([60_500]);
  });

  it("gives up at once when it is asked to wait too long, and says how long", async () => {
    const error = new Refused(429, "3600");
    const { outcome, runs, waits } = await run([error]);
    expect([runs, waits]).toEqual([1, []]);
    expect(outcome).toMatchObject({
      code: "REGISTRY_RATE_LIMITED",
      message: "the registry answers 429; it asks to wait 3600 s before the next request",
      cause: error,
    });
    expect((await run([new Refused(503, "Fri, 01 Jan 2027 00:00:00 GMT")])).outcome).toMatchObject({
      code: "REGISTRY_ERROR",
    });
  });

  it("ends when it is cancelled, before an attempt and while it waits", async () => {
    expect(await run([], { signal: AbortSignal.abort() })).toMatchObject({ outcome: { code: "ABORTED" }, runs: 0 });
    const abort = new AbortController();
    const attempt = async (): Promise<never> => {
      setImmediate(() => abort.abort());
      throw new Refused(503, "60");
    };
    await expect(retrying(attempt, { signal: abort.signal })).rejects.toMatchObject({ code: "ABORTED" });
  });
});

describe("what may pass", () => {
  it("is told by the status", () => {
    const passing = Array.from({ length: 600 }, (_, status) => status).filter(isRetryable);
    expect(passing).toEqual([408, 429, 500, 502, 503, 504]);
  });

  const get = async (url: URL): Promise<unknown> =>
    createTransport({ timeouts: { answer: 30 } })
      .send({ method: "GET", url })
      .catch((error: unknown) => error);

  it("is a connection that is cut off", async () => {
    expect(isRetryable(await get(await serveRaw((socket) => void socket.destroy())))).toBe(true);
  });

  it("is not a server that accepts and never answers: it is waited for once, not four times", async () => {
    expect(isRetryable(await get(await serveRaw((socket) => void socket.resume())))).toBe(false);
  });

  it("is not a port that nobody listens on, an unknown host, or an answer that is not http", async () => {
    expect(isRetryable(await get(nobody()))).toBe(false);
    expect(
      isRetryable(
        new SkillError("REGISTRY_UNREACHABLE", "x", { cause: Object.assign(new Error("x"), { code: "ENOTFOUND" }) }),
      ),
    ).toBe(false);
    expect(isRetryable(await get(await serveRaw((socket) => void socket.end("garbage\r\n\r\n"))))).toBe(false);
    expect(isRetryable(new SkillError("ABORTED", "x"))).toBe(false);
  });
});
