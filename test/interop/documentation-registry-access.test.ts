/**
 * docs/how-to/registry-access.md, run as it stands: behind a proxy that speaks TLS, with an identity provider on loopback.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";

import { OAuth2Server } from "oauth2-mock-server";
import { expect, it, onTestFinished } from "vitest";

import { crane, describeWith, docker, htpasswd, openssl, podman, skopeo } from "../tools.ts";
import { makeCertificates, type KeyPair } from "./certificates.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import { nameRegistries } from "./named-registries.ts";
import { merge, perform, readPage, readSettings, readText, reworded, type Settings } from "./page.ts";
import { runWith } from "./registry-session.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const PAGE = "registry-access.md";
const HOST = "registry.example.com";
const PASSWORD = "it's a: secret%";
const ISSUER = "https://token.actions.githubusercontent.com";
/** From where clients come, as the proxy has it. */
const CLIENT = "203.0.113.7";

describeWith([htpasswd, openssl, podman, skopeo, crane, docker], "the how-to on who may do what", () => {
  it("holds from top to bottom", async () => {
    const server = createWorkspace();
    onTestFinished(() => server.remove());
    const certificates = makeCertificates(join(server.directory, "certificates"), [HOST]);
    const provider = new OAuth2Server();
    await provider.issuer.keys.generate("RS256");
    await provider.start(0, "127.0.0.1");
    onTestFinished(async () => provider.stop());
    const { Users: [makeUsers, ...logIn] = [], Programs: [createRobot, revokeRobot] = [], ...others } = readPage(PAGE);
    if (makeUsers === undefined || createRobot === undefined || revokeRobot === undefined) {
      throw new Error(`${PAGE} has other blocks`);
    }
    const administrator = createWorkspace({ PASSWORD });
    onTestFinished(() => administrator.remove());
    await perform(administrator, [makeUsers]);
    const users = join(administrator.directory, "users.htpasswd");
    for (const name of ["bob", "carol"]) await administrator.output("htpasswd", "-bB", users, name, PASSWORD);

    const audit = join(server.directory, "audit.jsonl");
    const registry = await startEmbeddedRegistry({
      config: settingsHere({ htpasswd: users, audit, issuer: provider.issuer.url ?? "" }),
    });
    onTestFinished(async () => registry.close());
    const front = await startFront(registry.url, certificates.server);
    onTestFinished(async () => front.close());
    const named = await nameRegistries({ [`${HOST}:443`]: front }, certificates);
    onTestFinished(async () => named.close());
    const here = (text: string): string => text.replaceAll("/var/lib/skillctl/registry", registry.directory);

    const token = await tokenOfJob(provider);
    const user = createWorkspace({ ...named.variables, PASSWORD, TOKEN: token });
    onTestFinished(() => user.remove());
    await perform(user, logIn);
    await everyToolLogsIn(user);

    const robot = await perform(administrator, reworded([createRobot], here));
    const secret = /^password {2}(\S+)$/m.exec(robot)?.[1] ?? "";
    await rolesHold(user, { alice: PASSWORD, bob: PASSWORD, carol: PASSWORD, "robot+sync": secret });
    await perform(administrator, reworded([revokeRobot], here));
    const logInAgain = async (): Promise<number> => (await logInAs(user, "robot+sync", secret)).status;
    await expect.poll(logInAgain, { timeout: 20_000 }).toBe(1);

    for (const steps of Object.values(others)) await perform(user, steps);

    const record = readFileSync(audit, "utf8");
    for (const hidden of [PASSWORD, secret, token]) expect(record).not.toContain(hidden);
    const lines = record.trim().split("\n");
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ address: CLIENT });
    const actors = new Set(lines.map((line) => (JSON.parse(line) as { readonly actor?: string }).actor));
    expect([...actors]).toEqual(expect.arrayContaining(["alice", "bob", "carol", "robot+sync", `github+${SUBJECT}`]));
  });
});

/** What the page's settings are together, with places of this machine. */
function settingsHere({ htpasswd: file, audit, issuer }: Readonly<Record<"htpasswd" | "audit" | "issuer", string>>) {
  const settings = readSettings(PAGE) as { readonly access: { readonly oidc: readonly Settings[] } };
  const oidc = settings.access.oidc.map((each) => (each["issuer"] === ISSUER ? { ...each, issuer } : each));
  return merge(settings, { access: { htpasswd: file, oidc }, audit: { file: audit } });
}

const SUBJECT = "repo:myorg/skills:ref:refs/heads/main";

/** What the page's job has. */
async function tokenOfJob(provider: OAuth2Server): Promise<string> {
  const claims = { sub: SUBJECT, aud: HOST, repository: "myorg/skills", ref: "refs/heads/main" };
  return provider.issuer.buildToken({ scopesOrTransform: (_, payload) => Object.assign(payload, claims) });
}

/** A proxy that speaks TLS for a server, and says from where a request comes. */
async function startFront(server: string, { certificate, key }: KeyPair) {
  const { port } = new URL(server);
  const pair = { cert: readFileSync(certificate), key: readFileSync(key) };
  const front = createServer(pair, (incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const onward = { port, method, path, headers: { ...headers, "x-forwarded-for": CLIENT } };
    const asked = request(onward, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on("error", () => outgoing.destroy());
    incoming.pipe(asked);
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    url: `https://127.0.0.1:${(front.address() as AddressInfo).port}`,
    close: async () => {
      front.close();
      front.closeAllConnections();
      await once(front, "close");
    },
  };
}

/** The tools that the page names: each logs in, by a file of its own, and not with another password. */
async function everyToolLogsIn(user: Workspace): Promise<void> {
  const commands = Array.from(readText(PAGE).matchAll(/`(\w+(?: \w+)? login)`/g), ([, command = ""]) => command);
  expect(commands).toEqual(["docker login", "podman login", "skopeo login", "crane auth login"]);
  for (const command of commands) {
    const [program = "", ...words] = command.split(" ");
    const path = program === "docker" ? (docker.path ?? program) : program;
    // Where docker keeps passwords already, it looks for no other place.
    const file = user.write(`of-${program}/config.json`, '{"auths":{"other.example.com":{}}}');
    const variables = [`REGISTRY_AUTH_FILE=${file}`, `DOCKER_CONFIG=${dirname(file)}`];
    const succeeds = async (line: readonly string[], password = ""): Promise<boolean> =>
      (await runWith(user, variables, line, password)).status === 0;
    // crane only keeps the password; the registry sees it with the next request.
    const isIn = async (password: string): Promise<boolean> =>
      (await succeeds([path, ...words, "-u", "alice", "--password-stdin", HOST], password)) &&
      (program !== "crane" || (await succeeds(["crane", "catalog", HOST])));
    expect([command, await isIn("wrong"), await isIn(PASSWORD)]).toEqual([command, false, true]);
  }
}

function logInAs(user: Workspace, name: string, password: string) {
  const login = ["skillctl", "login", HOST, "--username", name, "--password-stdin"];
  return runWith(user, [`REGISTRY_AUTH_FILE=${authFile(user, name)}`], login, password);
}

function authFile(user: Workspace, name: string): string {
  return join(user.directory, `${name}.json`);
}

/** The roles of the page's grants: each may what the table says, and no more. */
async function rolesHold(user: Workspace, passwords: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, password] of Object.entries(passwords)) {
    user.write(`${name}.json`, "{}");
    expect(await logInAs(user, name, password)).toMatchObject({ status: 0 });
  }
  user.write("nobody.json", "{}");
  const run = async (name: string, ...command: readonly string[]): Promise<number> =>
    (await runWith(user, [`REGISTRY_AUTH_FILE=${authFile(user, name)}`], command)).status;
  const as = async (name: string, ...args: readonly string[]): Promise<number> => run(name, "skillctl", ...args);
  const [ok, refused] = [0, 1];
  await user.output("skillctl", "pack", "examples/hello-world");
  const draft = "examples/hello-world:1.0.0-draft";
  const team = `${HOST}/team/hello-world`;
  const own = `${HOST}/myorg/greeter`;
  // Of all namespaces that a repository lies in, the longest decides.
  expect(await as("bob", "push", draft, `${team}:1.0.0-draft`)).toBe(ok);
  expect(await as("bob", "push", draft, `${own}:1.0.0-draft`)).toBe(refused);
  expect(await as("nobody", "push", draft, `${team}:mine`)).toBe(refused);
  expect(await as("nobody", "inspect", "--remote", `${team}:1.0.0-draft`)).toBe(ok);
  expect(await as("alice", "push", draft, `${own}:1.0.0-draft`)).toBe(ok);
  expect(await as("nobody", "inspect", "--remote", `${own}:1.0.0-draft`)).toBe(refused);
  expect(await as("alice", "promote", `${own}:1.0.0-draft`, "--to", "testing")).toBe(ok);
  expect(await as("alice", "promote", `${own}:1.0.0-testing`, "--to", "published")).toBe(refused);
  expect(await as("bob", "promote", `${own}:1.0.0-testing`, "--to", "published")).toBe(ok);
  const elsewhere = ["--store", "elsewhere"];
  await user.output("skillctl", "pack", "examples/hello-world", ...elsewhere);
  const testing = draft.replace("draft", "testing");
  await user.output("skillctl", "promote", "--local", draft, "--to", "testing", ...elsewhere);
  await user.output("skillctl", "promote", "--local", testing, "--to", "published", ...elsewhere);
  const mirrored = ["push", draft.replace("-draft", ""), `${HOST}/myorg/mirrored:1.0.0`, ...elsewhere];
  expect(await as("bob", ...mirrored)).toBe(refused);
  expect(await as("robot+sync", ...mirrored)).toBe(ok);
  expect(await run("bob", "skopeo", "delete", `docker://${own}:1.0.0`)).toBe(refused);
  expect(await run("carol", "skopeo", "delete", `docker://${own}:1.0.0`)).toBe(ok);
}
