import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

import { hash } from "bcryptjs";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";

import { createWorkspace, finished, type Workspace } from "./skillctl.ts";
import { startServer } from "./served.ts";

let user: Workspace;
beforeAll(async () => {
  user = await createWorkspace();
  await user.skill("hello");
  await user.run(["pack", "hello"]);
});

interface Ready {
  readonly url: string;
  readonly host: string;
  readonly root: string;
  readonly hasAccess: boolean;
}

/** Starts a registry on a port of its own; `end` sends a signal and resolves to how the command ended. */
async function serve(...args: readonly string[]) {
  const child = user.start(["serve", "--listen", "127.0.0.1:0", "--json", ...args]);
  if (child.stdout === null) throw new Error("the command has no output");
  const done = finished(child);
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return done;
  };
  return { ready: JSON.parse(line) as Ready, child, end };
}

describe("serve", () => {
  it("is a registry for push, promote and pull, without a flag but where to listen; a signal ends it", async () => {
    const data = { XDG_DATA_HOME: user.path("data") };
    const child = user.start(["serve", "--listen", "127.0.0.1:0", "--json"], { env: data });
    if (child.stdout === null) throw new Error("the command has no output");
    const done = finished(child);
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const { host, root } = JSON.parse(line) as Ready;
    expect(root).toBe(user.path("data", "skillctl", "registry"));

    await user.json("push", "examples/hello:1.0.0-draft", `${host}/examples/hello`);
    await user.json("promote", `${host}/examples/hello:1.0.0-draft`, "--to", "testing");
    await user.json("promote", `${host}/examples/hello:1.0.0-testing`, "--to", "published");
    expect(await user.json("list", `${host}/examples/hello`)).toMatchObject([{ tag: "1.0.0" }, { tag: "latest" }]);
    await user.json("pull", `${host}/examples/hello:1.0.0`);
    const pulled = ["pull", `${host}/examples/hello:1.0.0`, "-o", "pulled"];
    expect((await user.run(pulled)).stdout).toMatch(/\nunpacked {2}pulled\/hello\n$/);
    expect((await user.run(pulled)).stdout).toMatch(/\nunchanged pulled\/hello\n$/);

    child.kill("SIGTERM");
    const { status, stderr } = await done;
    expect(status).toBe(143);
    const log = stderr
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text) as { msg: string });
    expect(log.map(({ msg }) => msg)).toEqual(expect.arrayContaining(["listening", "request", "ending", "ended"]));
  });
  it("keeps what it was given for the next time", async () => {
    const first = await serve("--root", "kept");
    await user.json("push", "examples/hello:1.0.0-draft", `${first.ready.host}/examples/hello`);
    expect((await first.end("SIGINT")).status).toBe(130);
    const second = await serve("--root", "kept");
    expect(await user.json("list", `${second.ready.host}/examples/hello`)).toMatchObject([{ tag: "1.0.0-draft" }]);
    await second.end("SIGTERM");
  });
  it("says where it listens and how to log in", async () => {
    await user.write({ "users.yaml": "access:\n  htpasswd: users\n", users: "" });
    const child = user.start(["serve", "--listen", "127.0.0.1:0", "--root", "told", "--config", "users.yaml"]);
    if (child.stdout === null) throw new Error("the command has no output");
    const done = finished(child);
    await once(child.stdout, "data");
    child.kill("SIGTERM");
    const { stdout } = await done;
    expect(stdout).toMatch(/^serving http:\/\/127\.0\.0\.1:[0-9]+ from .*told\n/);
    expect(stdout).toMatch(/log in {2}skillctl login 127\.0\.0\.1:[0-9]+/);
  });
  it("reads its certificate again on SIGHUP, and goes on", async () => {
    const { ready, child, end } = await serve("--root", "hup");
    child.kill("SIGHUP");
    expect((await fetch(`${ready.url}/healthz`)).status).toBe(200);
    await end("SIGTERM");
  });
  it("takes its configuration anew on SIGHUP, and keeps the old one when it is no good", async () => {
    await user.write({ "live.yaml": "log: { level: info }\n" });
    const server = await startServer(user, ["--listen", "127.0.0.1:0", "--root", "live", "--config", "live.yaml"]);
    const digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    const push = async (repository: string): Promise<number> => {
      const path = `/v2/${repository}/blobs/uploads/?digest=${digest}`;
      return (await fetch(server.url + path, { method: "POST", body: "hello" })).status;
    };
    expect(await push("team/a")).toBe(201);
    await user.write({ "live.yaml": "quota: { team: { bytes: 5 } }\n" });
    server.signal("SIGHUP");
    await expect.poll(async () => push("team/b"), { timeout: 20_000 }).toBe(403);
    await user.write({ "live.yaml": "qouta: {}\n" });
    server.signal("SIGHUP");
    await expect.poll(() => server.log(), { timeout: 20_000 }).toContain("the old one stays in force");
    expect(server.log()).toContain("qouta");
    expect(await push("team/c")).toBe(403);
    expect((await server.end()).status).toBe(143);
  });
  it.each(["SIGHUP", "a new start"])(
    "still knows after %s who took a skill to testing, so that nobody else may publish it",
    async (after) => {
      const root = after.replaceAll(" ", "-");
      const access = { htpasswd: "two.users", grants: { "": { author: ["@users"], approver: ["@users"] } } };
      await user.write({
        "two.yaml": JSON.stringify({ access, admission: { rules: { "two-people": true } } }),
        "two.users": `ada:${await hash("pw-ada", 4)}\nbob:${await hash("pw-bob", 4)}\n`,
      });
      const start = async () => startServer(user, ["--listen", "127.0.0.1:0", "--root", root, "--config", "two.yaml"]);
      let server = await start();
      const as = async (name: string, ...args: readonly string[]) => {
        const auth = Buffer.from(`${name}:pw-${name}`).toString("base64");
        await user.write({ [`${name}.json`]: JSON.stringify({ auths: { [server.host]: { auth } } }) });
        return user.run([...args, "--auth-file", `${name}.json`]);
      };
      const skill = (): string => `${server.host}/examples/hello`;
      await as("ada", "push", "examples/hello:1.0.0-draft", skill());
      expect((await as("ada", "promote", `${skill()}:1.0.0-draft`, "--to", "testing")).status).toBe(0);
      if (after === "SIGHUP") {
        server.signal("SIGHUP");
        await expect.poll(() => server.log(), { timeout: 20_000 }).toContain("took the configuration into use");
      } else {
        await server.end();
        server = await start();
      }
      const byAda = await as("ada", "promote", `${skill()}:1.0.0-testing`, "--to", "published");
      expect(byAda.stderr).toContain('"ada" took examples/hello 1.0.0 to testing, and may not publish it as well');
      const byBob = await as("bob", "promote", `${skill()}:1.0.0-testing`, "--to", "published");
      expect(byBob.status, byBob.stderr).toBe(0);
      const { steps } = (await user.json("history", `${skill()}:1.0.0`, "--auth-file", "bob.json")) as {
        readonly steps: readonly { readonly actor: string }[];
      };
      expect(steps.map(({ actor }) => actor)).toEqual(["bob", "ada"]);
      await server.end();
    },
  );

  it("has a skill promoted by whoever has no credentials that can be read, where none are wanted", async () => {
    const server = await startServer(user, ["--listen", "127.0.0.1:0", "--root", "no-credentials"]);
    const env = { REGISTRY_AUTH_FILE: user.path("absent.json") };
    await user.json("push", "examples/hello:1.0.0-draft", `${server.host}/examples/hello`);
    const promoted = await user.run(["promote", `${server.host}/examples/hello:1.0.0-draft`, "--to", "testing"], {
      env,
    });
    expect(promoted.status, promoted.stderr).toBe(0);
    await server.end();
  });

  it("started anew, says how a skill goes on of which it does not know who took it to testing", async () => {
    const access = { htpasswd: "anew.users", grants: { "": { author: ["@users"], approver: ["@users"] } } };
    await user.write({
      "anew.yaml": JSON.stringify({ access, admission: { rules: { "two-people": true } } }),
      "anew.users": `ada:${await hash("pw-ada", 4)}\nbob:${await hash("pw-bob", 4)}\n`,
    });
    const start = async () => startServer(user, ["--listen", "127.0.0.1:0", "--root", "anew", "--config", "anew.yaml"]);
    let server = await start();
    const as = async (name: string, verb: string, tag: string, ...args: readonly string[]) => {
      const auth = Buffer.from(`${name}:pw-${name}`).toString("base64");
      await user.write({ [`${name}.json`]: JSON.stringify({ auths: { [server.host]: { auth } } }) });
      const skill = `${server.host}/examples/hello${tag}`;
      const names = verb === "push" ? ["examples/hello:1.0.0-draft", skill] : [skill];
      return user.run([verb, ...names, ...args, "--auth-file", `${name}.json`]);
    };
    const publish = async (name: string) => as(name, "promote", ":1.0.0-testing", "--to", "published");
    await as("ada", "push", "");
    const tested = await as("ada", "promote", ":1.0.0-draft", "--to", "testing", "--actor", "frank");
    expect([tested.status, tested.stderr]).toEqual([0, expect.stringContaining("the promotion is not recorded")]);
    await server.end();
    server = await start();
    const stuck = await publish("bob");
    expect(stuck.stderr).toContain("it is not known who took examples/hello 1.0.0 to testing");
    expect(stuck.stderr).toContain("Push its draft once more and take it to testing");
    expect((await as("ada", "push", "")).status).toBe(0);
    const again = await as("ada", "promote", ":1.0.0-draft", "--to", "testing");
    expect([again.status, again.stderr]).toEqual([0, expect.not.stringContaining("not recorded")]);
    await server.end();
    server = await start();
    expect((await publish("ada")).stderr).toContain('"ada" took examples/hello 1.0.0 to testing');
    const byBob = await publish("bob");
    expect(byBob.status, byBob.stderr).toBe(0);
    await server.end();
  });

  it("ends in order when SIGHUP comes while it ends", async () => {
    const server = await startServer(user, ["--listen", "127.0.0.1:0", "--root", "ending"]);
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    onTestFinished(() => void socket.destroy());
    const digest = `sha256:${"0".repeat(64)}`;
    socket.write(`POST /v2/team/a/blobs/uploads/?digest=${digest} HTTP/1.1\r\nHost: 127.0.0.1\r\n`);
    socket.write("Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    // It waits for the body, which it asked for.
    await once(socket, "data");
    const ended = server.end();
    await expect.poll(() => server.log(), { timeout: 20_000 }).toContain('"ending"');
    server.signal("SIGHUP");
    socket.destroy();
    expect((await ended).status).toBe(143);
    expect(server.log()).toContain('"ended"');
  });
  it("does not open a registry to everybody by mistake", async () => {
    const { status, stderr } = await user.run(["serve", "--listen", "0.0.0.0:0", "--root", "open"]);
    expect(status).toBe(2);
    expect(stderr).toContain("--allow-anonymous-public");
  });
  it("says where a configuration is wrong", async () => {
    await user.write({ "wrong.yaml": "listen: 127.0.0.1:0\nlimts:\n  blobSize: 1MiB\n" });
    const { status, stderr } = await user.run(["serve", "--config", "wrong.yaml"]);
    expect(status).toBe(2);
    expect(stderr).toContain('wrong.yaml:2:1: the key "limts" is not known');
    expect(stderr).toContain("Did you mean limits?");
  });
  it("gives each problem of a configuration a line, and not an escape", async () => {
    await user.write({ "two.yaml": "listen: 5000\nlimts: {}\n" });
    const { stderr } = await user.run(["serve", "--config", "two.yaml"]);
    expect(stderr.split("\n")).toEqual([
      expect.stringMatching(/^error: .*two\.yaml is not valid:$/),
      expect.stringMatching(/^ {2}\S*two\.yaml:1:9: listen must be text\. Put numbers in quotes\.$/),
      expect.stringMatching(/^ {2}\S*two\.yaml:2:1: the key "limts" is not known\. Did you mean limits\?$/),
      "",
    ]);
  });
  it("says why a configuration cannot be read", async () => {
    const { status, stderr } = await user.run(["serve", "--config", "absent.yaml"]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/^error: cannot read \S*absent\.yaml: there is no such file or directory\nhint: Check /),
    ]);
  });
  it("lets no second server have the same content", async () => {
    const { end } = await serve("--root", "one");
    const { status, stderr } = await user.run(["serve", "--listen", "127.0.0.1:0", "--root", "one"]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/lock/i);
    await end("SIGTERM");
  });
});
