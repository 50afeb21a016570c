/**
 * A user with a password, a registry that should know it, and a stranger who would like to. Every test of what a hostile
 * registry can do ends by asking what the stranger saw and what was printed.
 */
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, onTestFinished } from "vitest";

import { MemoryStore, pack, parseReference, promote, push } from "../../src/index.ts";
import { RemoteStore } from "../../src/remote/index.ts";
import type { FakeRegistryOptions } from "../../src/remote/testing/fake-options.ts";
import { startFakeRegistry, type FakeRegistry } from "../../src/remote/testing/fake-registry.ts";
import type { Result, Workspace } from "./skillctl.ts";

const USERNAME = "ada";
export const PASSWORD = "Canary-4711";
const BASIC = Buffer.from(`${USERNAME}:${PASSWORD}`).toString("base64");

/** A server that is nobody's friend: answers as it is told, and remembers what it was asked. */
export interface Stranger {
  /** `localhost:<port>`, which is another host than 127.0.0.1. */
  readonly host: string;
  readonly seen: string[];
}

export async function startStranger(
  listener: RequestListener = ({ method }, response) =>
    void response.writeHead(method === "GET" ? 200 : 404).end("A stranger's bytes."),
): Promise<Stranger> {
  const seen: string[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    seen.push(`${request.method} ${request.url} ${JSON.stringify(request.rawHeaders)}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { host: `localhost:${(server.address() as AddressInfo).port}`, seen };
}

export class HostileWorld {
  readonly user: Workspace;
  readonly registry: FakeRegistry;
  readonly stranger: Stranger;
  /** What the registry holds: a skill that is published, by its reference. */
  readonly skill: string;

  private constructor(parts: Pick<HostileWorld, "user" | "registry" | "stranger" | "skill">) {
    this.user = parts.user;
    this.registry = parts.registry;
    this.stranger = parts.stranger;
    this.skill = parts.skill;
  }

  static async create(
    user: Workspace,
    { listener, ...options }: FakeRegistryOptions & { readonly listener?: RequestListener } = {},
  ): Promise<HostileWorld> {
    const stranger = await startStranger(listener);
    const auth = { scheme: "basic", username: USERNAME, password: PASSWORD } as const;
    const registry = await startFakeRegistry({ auth, ...options });
    onTestFinished(() => registry.close());
    const skill = `${registry.host}/team/hello:1.0.0`;
    await user.skill("hello");
    await user.write({ "auth.json": JSON.stringify({ auths: { [registry.host]: { auth: BASIC } } }) });
    await publish(user, registry);
    registry.takeLog();
    return new HostileWorld({ user, registry, stranger, skill });
  }

  /** Runs the command, verbosely, as the user. It must not take long, whatever it is told. */
  async run(...args: string[]): Promise<Result> {
    const env = { REGISTRY_AUTH_FILE: this.user.path("auth.json"), HOME: this.user.directory };
    return this.user.run([...args, "--verbose"], { env });
  }

  /** Runs the command, which must fail for this reason, in words, with advice and without a secret. */
  async fails(code: string, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(...args);
    this.keepsSecret(stdout, stderr);
    expect([status, /^error: .+/m.test(stderr)], stderr).toEqual([1, true]);
    const asJson = await this.run(...args, "--json");
    this.keepsSecret(asJson.stdout, asJson.stderr);
    expect(asJson.stdout + asJson.stderr).toContain(`"code": "${code}"`);
    return stderr;
  }

  /** Neither a stranger nor anybody who looks at the terminal learns the password. */
  keepsSecret(...texts: readonly string[]): void {
    for (const text of [...texts, ...this.stranger.seen]) {
      expect(text).not.toContain(PASSWORD);
      expect(text).not.toContain(BASIC);
      expect(text.toLowerCase()).not.toMatch(/"authorization"|"cookie"/);
    }
  }
}

/** What a skill is when it is published, pushed by somebody honest. */
async function publish(user: Workspace, registry: FakeRegistry): Promise<void> {
  const local = new MemoryStore();
  const { reference } = await pack(user.path("hello"), local);
  const tested = await promote(local, parseReference(reference), "testing");
  const published = await promote(local, parseReference(tested.reference), "published");
  const credential = { kind: "basic", username: USERNAME, password: PASSWORD } as const;
  const remote = new RemoteStore({ credentials: { find: async () => credential } });
  await push(local, remote, parseReference(published.reference), parseReference(`${registry.host}/team/hello`));
  await remote.close();
}
