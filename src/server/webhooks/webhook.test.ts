import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { digestOf } from "../../oci/index.ts";
import type { RegistryEvent } from "../../registry/events.ts";
import { NO_LOG } from "../log.ts";
import { signature } from "./delivery.ts";
import { Webhook, type WebhookOptions } from "./webhook.ts";

const SECRET = "a secret of more than sixteen characters";

const event = (id: string, more: Partial<RegistryEvent> = {}): RegistryEvent =>
  ({
    kind: "delete",
    id,
    time: 1,
    requestId: "r",
    repository: "team/skill",
    actor: "ada",
    digest: digestOf("x"),
    ...more,
  }) as RegistryEvent;

let server: Server;
let url: URL;
/** What to answer, in turn; then 200. */
let statuses: number[];
let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
let arrived: () => void;

beforeEach(async () => {
  statuses = [];
  received = [];
  arrived = () => {};
  server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      received.push({ headers: request.headers, body });
      const status = statuses.shift() ?? 200;
      response.writeHead(status, status === 302 ? { location: "/elsewhere" } : {}).end();
      arrived();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`);
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function webhook(options: Partial<WebhookOptions> = {}): Webhook {
  return new Webhook({
    url,
    secret: SECRET,
    allowPrivate: true,
    log: NO_LOG,
    pause: async () => undefined,
    ...options,
  });
}

/** Resolves when so many deliveries have arrived in all. */
async function deliveries(count: number): Promise<void> {
  while (received.length < count) await new Promise<void>((resolve) => (arrived = resolve));
}

describe("a webhook", () => {
  it("gets events in their order, each signed over its time and body", async () => {
    const hook = webhook({ now: () => 1_700_000_000_000 });
    for (const id of ["1", "2", "3"]) hook.accept(event(id));
    await hook.close(5000);
    expect(received.map(({ headers }) => headers["x-skillctl-delivery"])).toEqual(["1", "2", "3"]);
    const [{ headers, body }] = received as [(typeof received)[0]];
    expect(JSON.parse(body)).toEqual(event("1"));
    expect(headers["x-skillctl-event"]).toBe("delete");
    expect(headers["x-skillctl-timestamp"]).toBe("1700000000");
    expect(headers["x-skillctl-signature"]).toBe(signature(SECRET, "1700000000", body));
  });
  it("is asked again until it answers 2xx, after longer and longer pauses; a redirect is no answer", async () => {
    statuses = [500, 302, 429];
    const pauses: number[] = [];
    const outcomes: string[] = [];
    const hook = webhook({
      pause: async (milliseconds) => void pauses.push(milliseconds),
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    hook.accept(event("1"));
    await hook.close(5000);
    expect(pauses).toEqual([1000, 2000, 4000]);
    expect(outcomes).toEqual(["failed", "failed", "failed", "delivered"]);
    expect(received.map(({ headers }) => headers["x-skillctl-delivery"])).toEqual(["1", "1", "1", "1"]);
  });
  it("loses one event that it never takes, and gets the next", async () => {
    statuses = Array.from({ length: 10 }, () => 500);
    const outcomes: string[] = [];
    const hook = webhook({ onOutcome: (outcome) => outcomes.push(outcome) });
    hook.accept(event("1"));
    hook.accept(event("2"));
    await deliveries(11);
    await hook.close(5000);
    expect(outcomes.slice(-2)).toEqual(["dropped", "delivered"]);
  });
  it("gets only the kinds and the namespace that it wants", async () => {
    const hook = webhook({ events: ["delete"], namespace: "team" });
    hook.accept(event("1", { repository: "teams/skill" }));
    hook.accept(event("2", { kind: "untag" }));
    hook.accept(event("3", { repository: "team" }));
    hook.accept(event("4"));
    await hook.close(5000);
    expect(received.map(({ headers }) => headers["x-skillctl-delivery"])).toEqual(["3", "4"]);
  });
  it.each(["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])(
    "in a private network (%s) is not called unless that is meant",
    async (host) => {
      const outcomes: string[] = [];
      const private_ = new URL(url);
      private_.hostname = host;
      const hook = webhook({ url: private_, allowPrivate: false, onOutcome: (outcome) => outcomes.push(outcome) });
      hook.accept(event("1"));
      await hook.close(5000);
      expect(received).toEqual([]);
      expect(outcomes.at(-1)).toBe("dropped");
    },
  );
  it("does not keep a server from ending", async () => {
    server.removeAllListeners("request");
    const hook = webhook();
    hook.accept(event("1"));
    const closing = hook.close(10);
    server.closeAllConnections();
    await closing;
    hook.accept(event("2"));
    expect(received).toEqual([]);
  });
  it("that ends before its target has everything says how much was lost", async () => {
    server.removeAllListeners("request");
    const outcomes: string[] = [];
    const lost: unknown[] = [];
    const log = { ...NO_LOG, error: (facts: object) => lost.push(facts) };
    const hook = webhook({ log, onOutcome: (outcome) => outcomes.push(outcome) });
    for (const id of ["1", "2", "3"]) hook.accept(event(id));
    await hook.close(10);
    expect(lost).toEqual([{ target: url.host, events: 3 }]);
    expect(outcomes.filter((outcome) => outcome === "dropped")).toHaveLength(3);
  });
  it("whose target answers nothing when the server ends is not waited for until it would be asked again", async () => {
    server.removeAllListeners("request");
    const hook = new Webhook({ url, secret: SECRET, allowPrivate: true, log: NO_LOG });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    hook.accept(event("1"));
    const closing = hook.close(10);
    vi.advanceTimersByTime(10);
    // More time does not pass.
    await closing;
  });
});
