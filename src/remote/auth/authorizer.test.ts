import { inspect } from "node:util";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { isSkillError, SkillError } from "../../errors.ts";
import type { Credential, CredentialSource } from "../credentials/types.ts";
import { createTransport } from "../http/transport.ts";
import type { Transport } from "../http/types.ts";
import { createAuthorizer, type AuthorizerOptions } from "./authorizer.ts";
import { TokenServer } from "./testing/token-server.ts";
import type { Authorizer, AuthScope } from "./types.ts";

const JANE: Credential = { kind: "basic", username: "jane", password: "s3cret:with-colon" };
const JANE_BASIC = `Basic ${Buffer.from("jane:s3cret:with-colon").toString("base64")}`;
const IDENTITY: Credential = { kind: "identity-token", token: "identity-s3cret" };
const PULL: AuthScope = { repository: "myorg/hello-world", access: "pull" };
const PUSH: AuthScope = { repository: "myorg/hello-world", access: "push" };
const BASIC = { "www-authenticate": 'Basic realm="registry"' };

const transport = createTransport({ roots: async () => [] });
let server: TokenServer;
let clock: number;
let asked: string[];

beforeEach(async () => {
  server = await new TokenServer().start();
  clock = 1_000_000;
  asked = [];
});
afterEach(async () => {
  await transport.close();
  await server.stop();
});

function holding(credential: Credential | undefined): CredentialSource {
  return {
    find: async (repository) => {
      asked.push(repository);
      return credential;
    },
  };
}

function authorizer(credential?: Credential, more: Partial<AuthorizerOptions> = {}): Authorizer {
  return createAuthorizer({
    registry: "registry.test",
    origin: new URL(server.origin("localhost")),
    credentials: holding(credential),
    repositoryPrefix: "registry.test",
    transport,
    allowHttpRealm: true,
    now: () => clock,
    ...more,
  });
}

/** What a registry would see that refuses every request with the same challenge, until the authorizer gives up. */
async function refuseAll(auth: Authorizer, scope: AuthScope, headers: Readonly<Record<string, string>>) {
  const sent: (string | undefined)[] = [];
  for (;;) {
    const header = await auth.header(scope);
    sent.push(header);
    try {
      expect(await auth.challenged(scope, headers, { sent: header })).toBe(true);
    } catch (error) {
      return { sent, error: error as SkillError };
    }
    expect(sent.length, "it must end").toBeLessThan(5);
  }
}

async function failure(work: Promise<unknown>): Promise<SkillError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof SkillError) return error;
  throw new Error("it did not fail as it should", { cause: error });
}

const scopesSeen = () => server.seen.map(({ url }) => url.searchParams.getAll("scope"));

describe("a registry that asks for nothing", () => {
  it("never sees credentials", async () => {
    expect(await authorizer(JANE).header(PULL)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});

describe("a registry that asks for a password", () => {
  it("gets it, from the first challenge on", async () => {
    const auth = authorizer(JANE);
    expect(await auth.challenged(PULL, BASIC)).toBe(true);
    expect(await auth.header(PULL)).toBe(JANE_BASIC);
    expect(await auth.header(PUSH)).toBe(JANE_BASIC);
    expect(asked).toEqual(["registry.test/myorg/hello-world"]);
  });

  it("is told nothing by somebody who has none, who learns how to log in", async () => {
    const { sent, error } = await refuseAll(authorizer(), PULL, BASIC);
    expect(sent).toEqual([undefined]);
    expect(error).toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    expect(error.message).toContain("registry.test");
    expect(error.hint).toContain("skillctl login registry.test");
  });

  it("gets it once when it does not like it", async () => {
    const { sent, error } = await refuseAll(authorizer(JANE), PUSH, BASIC);
    expect(sent).toEqual([undefined, JANE_BASIC]);
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain('user "jane" to push to myorg/hello-world');
  });

  it.each(["Bearer", 'Bearer realm=""', 'Bearer service="registry"'])(
    "gets it beside a challenge for tokens that says of no place where there are any: %s",
    async (bearer) => {
      const auth = authorizer(JANE);
      expect(await auth.challenged(PULL, { "www-authenticate": `${bearer}, Basic realm="registry"` })).toBe(true);
      expect(await auth.header(PULL)).toBe(JANE_BASIC);
      const alone = authorizer(JANE).challenged(PULL, { "www-authenticate": bearer });
      expect((await failure(alone)).code).toBe("RESPONSE_INVALID");
    },
  );

  it("gets no identity token in its place", async () => {
    const { sent, error } = await refuseAll(authorizer(IDENTITY), PULL, BASIC);
    expect(sent).toEqual([undefined]);
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
  });
});

describe("a registry that asks for a token", () => {
  it("gets one that allows what the request is about to do", async () => {
    const auth = authorizer(JANE);
    expect(await auth.challenged(PUSH, server.challenge())).toBe(true);
    expect(await auth.header(PUSH)).toBe("Bearer token-1");
    const [seen] = server.seen;
    expect(seen?.method).toBe("GET");
    expect(seen?.authorization).toBe(JANE_BASIC);
    expect(Object.fromEntries(seen?.url.searchParams ?? [])).toEqual({
      service: "registry",
      scope: "repository:myorg/hello-world:pull,push",
      account: "jane",
      client_id: "skillimage",
    });
  });

  it("gets one in nobody's name without credentials", async () => {
    const auth = authorizer();
    await auth.challenged(PULL, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    expect(server.seen[0]?.authorization).toBeUndefined();
    expect(server.seen[0]?.url.searchParams.has("account")).toBe(false);
  });

  it("sees further requests come with a token at once", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    expect(await auth.header({ ...PUSH, mountFrom: "other/skill" })).toBe("Bearer token-2");
    expect(scopesSeen()[1]).toEqual(["repository:myorg/hello-world:pull,push", "repository:other/skill:pull"]);
  });

  it("gets a token that allows more rather than another one", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PUSH, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    expect(server.seen).toHaveLength(1);
  });

  it("gets one token for many requests at once", async () => {
    const auth = authorizer(JANE);
    const challenges = Array.from({ length: 20 }, async () => auth.challenged(PULL, server.challenge()));
    expect(new Set(await Promise.all(challenges))).toEqual(new Set([true]));
    const headers = await Promise.all(Array.from({ length: 20 }, async () => auth.header(PULL)));
    expect(new Set(headers)).toEqual(new Set(["Bearer token-1"]));
    expect(server.seen).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  it("sees it renewed a little before its end, 60 seconds if the server does not say", async () => {
    server.answer = () => ({ access_token: `token-${server.seen.length}` });
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    clock += 44_000;
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    clock += 2000;
    expect(await auth.header(PULL)).toBe("Bearer token-2");
  });

  it.each([0, -5, "soon", null, {}, 1e300])("bears with a lifetime of %j", async (lifetime) => {
    server.answer = () => ({ token: `token-${server.seen.length}`, expires_in: lifetime });
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    expect(server.seen).toHaveLength(1);
  });

  it("is asked with the scopes that it names where we know of none", async () => {
    const auth = authorizer(JANE);
    const catalog: AuthScope = { repository: undefined, access: "pull" };
    await auth.challenged(catalog, server.challenge(',scope="registry:catalog:*"'));
    expect(await auth.header(catalog)).toBe("Bearer token-1");
    expect(scopesSeen()).toEqual([["registry:catalog:*"]]);
    expect(asked).toEqual(["registry.test"]);
  });

  it("gets the password for its catalog where it asks for that, and tokens for repositories all the same", async () => {
    const catalog: AuthScope = { repository: undefined, access: "pull" };
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    expect(await auth.header(catalog)).toBeUndefined();
    expect(await auth.challenged(catalog, BASIC)).toBe(true);
    expect(await auth.header(catalog)).toBe(JANE_BASIC);
    expect(await auth.header(PULL)).toBe("Bearer token-1");
    expect((await failure(auth.challenged(PULL, BASIC))).code).toBe("RESPONSE_INVALID");
    expect((await failure(auth.challenged(catalog, BASIC, { sent: JANE_BASIC }))).code).toBe("REGISTRY_UNAUTHORIZED");
  });

  it("cannot make us ask for a repository that nobody wants", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge(',scope="repository:secret/skill:pull,push aws"'));
    expect(scopesSeen()).toEqual([["repository:myorg/hello-world:pull", "aws"]]);
  });

  it("gets the stored registry token as it is", async () => {
    const auth = authorizer({ kind: "registry-token", token: "registry-s3cret" });
    const { sent, error } = await refuseAll(auth, PULL, server.challenge());
    expect(sent).toEqual([undefined, "Bearer registry-s3cret"]);
    expect(error.message).toContain("registry token");
    expect(server.seen).toEqual([]);
  });
});

describe("a token server", () => {
  it("that does not know the scope `delete` is asked without", async () => {
    server.answer = ({ url }, response) => {
      if (url.searchParams.get("scope")?.includes("delete") === true) response.writeHead(400).end();
      return { token: "plain" };
    };
    const auth = authorizer(JANE);
    await auth.challenged({ ...PULL, access: "delete" }, server.challenge());
    expect(await auth.header({ ...PULL, access: "delete" })).toBe("Bearer plain");
    expect(scopesSeen().at(-1)).toEqual(["repository:myorg/hello-world:pull,push"]);
  });

  it("gets an identity token by OAuth2", async () => {
    const auth = authorizer(IDENTITY);
    await auth.challenged({ ...PUSH, mountFrom: "b" }, server.challenge());
    const [seen] = server.seen;
    expect(seen?.method).toBe("POST");
    expect(seen?.authorization).toBeUndefined();
    expect(Object.fromEntries(seen?.form ?? [])).toEqual({
      grant_type: "refresh_token",
      service: "registry",
      client_id: "skillimage",
      scope: "repository:myorg/hello-world:pull,push repository:b:pull",
      refresh_token: "identity-s3cret",
    });
  });

  it.each([404, 405])("that answers OAuth2 with %i is asked in the simple way", async (status) => {
    server.answer = ({ method }, response) => {
      if (method === "POST") response.writeHead(status).end();
      return { token: "simple" };
    };
    const auth = authorizer(IDENTITY);
    await auth.challenged(PULL, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer simple");
    expect(server.seen.map(({ method }) => method)).toEqual(["POST", "GET"]);
  });

  it("that gives a refresh token sees the password only once, until it wants it again", async () => {
    let isForgetful = false;
    server.answer = ({ method }, response) => {
      if (method === "POST" && isForgetful) response.writeHead(401).end();
      return { token: `token-${server.seen.length}`, refresh_token: "refresh-s3cret" };
    };
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    await auth.header(PUSH);
    isForgetful = true;
    await auth.header({ ...PUSH, access: "delete" });
    expect(server.seen.map(({ method }) => method)).toEqual(["GET", "POST", "POST", "GET"]);
    expect(server.seen[1]?.authorization).toBeUndefined();
    expect(server.seen[1]?.form.get("refresh_token")).toBe("refresh-s3cret");
  });

  it("that has had enough of its refresh token is not sent that again", async () => {
    let gives: object = { refresh_token: "refresh-s3cret" };
    server.answer = ({ method }, response) => {
      if (method === "POST") response.writeHead(401).end();
      return { token: `token-${server.seen.length}`, ...gives };
    };
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    gives = {};
    await auth.header(PUSH);
    await auth.header({ ...PUSH, access: "delete" });
    expect(server.seen.map(({ method }) => method)).toEqual(["GET", "POST", "GET", "GET"]);
  });

  it.each([
    [401, "REGISTRY_UNAUTHORIZED"],
    [403, "REGISTRY_UNAUTHORIZED"],
    [400, "REGISTRY_UNAUTHORIZED"],
    [429, "REGISTRY_RATE_LIMITED"],
    [404, "REGISTRY_ERROR"],
    [500, "REGISTRY_ERROR"],
    [503, "REGISTRY_ERROR"],
    [301, "RESPONSE_INVALID"],
    [307, "RESPONSE_INVALID"],
  ] as const)("that answers %i means %s, and is asked once", async (status, code) => {
    server.answer = (_, response) =>
      response.writeHead(status, { location: "/elsewhere" }).end(JANE_BASIC) && undefined;
    const error = await failure(authorizer(JANE).challenged(PULL, server.challenge()));
    expect(error.code).toBe(code);
    expect(error.message).toContain("registry.test");
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ["no JSON", "Welcome, jane:s3cret:with-colon"],
    ["no object", "[1]"],
    ["null", "null"],
    ["no token", "{}"],
    ["a token that is no text", '{"token":{"s3cret":1}}'],
    ["a token with a line break", String.raw`{"token":"s3cret\r\nx-evil: 1"}`],
    ["an empty token", '{"token":""}'],
    ["hostile keys", '{"__proto__":{"token":"s3cret"}}'],
    ["much nesting", "[".repeat(100_000)],
  ])("that answers with %s is not understood, nor cited", async (_, body) => {
    server.answer = (__, response) => void response.end(body);
    const error = await failure(authorizer(JANE).challenged(PULL, server.challenge()));
    expect(error.code).toBe("RESPONSE_INVALID");
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain("s3cret");
  });

  it("that never stops talking is cut off", async () => {
    let isOpen = true;
    server.answer = (_, response) => {
      const talk = () => {
        while (isOpen && response.write("x".repeat(65_536)));
      };
      response.on("close", () => (isOpen = false)).on("drain", talk);
      talk();
    };
    const error = await failure(authorizer(JANE).challenged(PULL, server.challenge()));
    expect(error.code).toBe("RESPONSE_INVALID");
    await expect.poll(() => isOpen, { timeout: 20_000 }).toBe(false);
  });

  it("that is waited for can be given up, without harm to others who wait", async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    server.answer = async () => {
      await released;
      return { token: "late" };
    };
    const auth = authorizer(JANE);
    const controller = new AbortController();
    const impatient = auth.challenged(PULL, server.challenge(), { signal: controller.signal });
    const patient = auth.challenged(PULL, server.challenge());
    await expect.poll(() => server.seen.length, { timeout: 20_000 }).toBe(1);
    controller.abort();
    expect((await failure(impatient)).code).toBe("ABORTED");
    release();
    expect(await patient).toBe(true);
    expect(server.seen).toHaveLength(1);
  });
});

describe("a registry that refuses its own token", () => {
  it("is not asked for ever", async () => {
    const { sent, error } = await refuseAll(authorizer(JANE), PUSH, server.challenge());
    expect(sent).toEqual([undefined, "Bearer token-1"]);
    expect(server.seen).toHaveLength(1);
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain('user "jane"');
  });

  it("is not asked for ever by many at once, nor where each answer takes long", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PUSH, server.challenge());
    const headers = await Promise.all(Array.from({ length: 6 }, async () => auth.header(PUSH)));
    for (const sent of headers) await failure(auth.challenged(PUSH, server.challenge(), { sent }));
    expect(server.seen).toHaveLength(1);

    const other = authorizer(JANE);
    await other.challenged(PUSH, server.challenge());
    const sent = await other.header(PUSH);
    clock += 60_000;
    expect((await failure(other.challenged(PUSH, server.challenge(), { sent }))).code).toBe("REGISTRY_UNAUTHORIZED");
    expect(server.seen).toHaveLength(2);
  });

  it("gets a new one with the next request: somebody may have been let in since", async () => {
    const auth = authorizer(JANE);
    await refuseAll(auth, PULL, server.challenge());
    expect(await auth.header(PULL)).toBe("Bearer token-2");
  });

  it("gets a second one with the scope that it says is missing, and no third", async () => {
    const challenge = server.challenge(',error="insufficient_scope",scope="repository:myorg/hello-world:*"');
    const { sent, error } = await refuseAll(authorizer(JANE), PULL, challenge);
    expect(sent).toEqual([undefined, "Bearer token-1", "Bearer token-2"]);
    expect(scopesSeen()[1]).toEqual(["repository:myorg/hello-world:pull,*"]);
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
  });

  it("gets no third one by naming ever more scopes", async () => {
    const auth = authorizer(JANE);
    let calls = 0;
    const error = await failure(
      (async () => {
        for (;;) {
          const sent = await auth.header(PULL);
          await auth.challenged(PULL, server.challenge(`,scope="repository:r${calls++}:pull"`), { sent });
        }
      })(),
    );
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
    expect(server.seen).toHaveLength(2);
  });

  it("gets a new one when it had accepted it for a while: it may have been revoked", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    await auth.header(PULL);
    clock += 60_000;
    const { sent } = await refuseAll(auth, PULL, server.challenge());
    expect(sent).toEqual(["Bearer token-1", "Bearer token-2"]);
  });

  it("gets one new one for all requests that bore the old", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    await auth.header(PULL);
    clock += 60_000;
    const sent = await auth.header(PULL);
    const again = Array.from({ length: 6 }, async () => auth.challenged(PULL, server.challenge(), { sent }));
    expect(await Promise.all(again)).toEqual(Array.from({ length: 6 }, () => true));
    expect(server.seen).toHaveLength(2);
    expect(await auth.challenged(PULL, server.challenge(), { sent })).toBe(true);
    expect(await auth.header(PULL)).toBe("Bearer token-2");
    expect(server.seen).toHaveLength(2);
  });
});

describe("a challenge from an enemy", () => {
  it.each([
    ["the password", JANE],
    ["an identity token", IDENTITY],
  ])("that sends %s to another site gets nothing", async (_, credential) => {
    const sends: unknown[] = [];
    const recording: Transport = {
      ...transport,
      send: async (request) => transport.send((sends.push(request), request)),
    };
    const origin = new URL("http://registry.example.com");
    const auth = authorizer(credential, { origin, transport: recording });
    const error = await failure(auth.challenged(PULL, { "www-authenticate": 'Bearer realm="http://token.test/"' }));
    expect(error.code).toBe("REGISTRY_UNAUTHORIZED");
    expect(error.message).toContain("token.test");
    expect(error.message).toContain("registry.example.com");
    expect(sends).toEqual([]);
  });

  it("that sends to another site is followed where somebody says so", async () => {
    const origin = new URL("http://registry.example.com");
    const trustedRealms = [new URL(server.origin()).host];
    const trusting = authorizer(JANE, { origin, trustedRealms });
    expect(await trusting.challenged(PULL, server.challenge())).toBe(true);
    expect(server.seen[0]?.authorization).toBe(JANE_BASIC);
  });

  it("that sends to this machine is refused unless the registry is here too", async () => {
    const auth = authorizer(undefined, { origin: new URL("http://registry.example.com") });
    expect((await failure(auth.challenged(PULL, server.challenge()))).code).toBe("RESPONSE_INVALID");
    expect(server.seen).toEqual([]);
  });

  it("that leads over http is refused unless the registry is insecure", async () => {
    const auth = authorizer(JANE, { allowHttpRealm: false });
    expect((await failure(auth.challenged(PULL, server.challenge()))).code).toBe("RESPONSE_INVALID");
    expect(server.seen).toEqual([]);
  });

  it("that wants the password for a catalog that had wanted a token gets nothing", async () => {
    const catalog: AuthScope = { repository: undefined, access: "pull" };
    const auth = authorizer(JANE);
    await auth.challenged(catalog, server.challenge(',scope="registry:catalog:*"'));
    expect((await failure(auth.challenged(catalog, BASIC))).code).toBe("RESPONSE_INVALID");
  });

  it("that wants the password after it had asked for a token gets nothing", async () => {
    const auth = authorizer(JANE);
    await auth.challenged(PULL, server.challenge());
    const sent = await auth.header(PULL);
    expect((await failure(auth.challenged(PULL, BASIC, { sent }))).code).toBe("RESPONSE_INVALID");
    expect(await auth.header(PULL)).not.toContain("Basic");
  });

  it("that comes from another origin teaches nothing", async () => {
    const auth = authorizer(JANE);
    expect(await auth.challenged(PULL, BASIC, { url: new URL("https://cdn.evil.com/blob") })).toBe(false);
    expect(await auth.header(PULL)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it.each([
    ["nothing", {}],
    ["what nobody knows", { "www-authenticate": "Negotiate, NTLM" }],
    ["a token without saying where", { "www-authenticate": "Bearer" }],
    ["escape sequences", { "www-authenticate": 'Bearer realm="\u001b[2J"' }],
  ])("that asks for %s ends in an error that can be read", async (_, headers) => {
    const error = await failure(authorizer(JANE).challenged(PULL, headers as Record<string, string>));
    expect(["REGISTRY_UNAUTHORIZED", "RESPONSE_INVALID"]).toContain(error.code);
    expect(error.message).not.toContain("\u001b");
  });
});

it("shows no secret, however one looks at it", async () => {
  server.answer = () => ({ token: "token-s3cret", refresh_token: "refresh-s3cret" });
  for (const credential of [JANE, IDENTITY]) {
    const auth = authorizer(credential);
    await auth.challenged(PULL, server.challenge());
    const sent = await auth.header(PULL);
    const error = await failure(auth.challenged(PULL, server.challenge(), { sent }));
    for (const shown of [auth, error]) {
      const views = [inspect(shown, { depth: null, showHidden: true }), JSON.stringify(shown), `${shown as Error}`];
      expect(views.join()).not.toMatch(/s3cret|czNjcmV0/);
    }
    expect(isSkillError(error, "REGISTRY_UNAUTHORIZED")).toBe(true);
  }
});
