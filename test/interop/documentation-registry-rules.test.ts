/** docs/how-to/registry-rules.md, run as it stands, and what it explains of refusals, provoked. */
import { join } from "node:path";

import { expect, it, onTestFinished } from "vitest";

import { crane, describeWith, htpasswd, olareg, openssl, skopeo } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { startEmbeddedRegistry } from "./embedded.ts";
import { nameRegistries } from "./named-registries.ts";
import { perform, readPage, readSettings, readText } from "./page.ts";
import { runWith } from "./registry-session.ts";
import { startReferrersRegistry, writeUsers } from "./registries.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const PAGE = "registry-rules.md";
const HOST = "registry.example.com";
const ELSEWHERE = "quay.io/myorg";
const PASSWORD = "it's a: secret%";
/** The author may publish, but not below `others`. */
const GRANTS = {
  "": { reader: ["@anyone"], author: ["author"], approver: ["author"], mirror: ["mirror"] },
  others: { author: ["author"] },
};

describeWith([skopeo, crane, olareg, htpasswd, openssl], "the how-to on rules for skills", () => {
  it("holds from top to bottom", async () => {
    const server = createWorkspace();
    onTestFinished(() => server.remove());
    const certificates = makeCertificates(join(server.directory, "certificates"), [HOST, "quay.io"]);
    const users = writeUsers(server.directory, { author: PASSWORD, mirror: PASSWORD });
    const access = { htpasswd: users, anonymousPull: true, grants: GRANTS };
    const registry = await startEmbeddedRegistry({ tls: certificates.server, config: { access } });
    onTestFinished(async () => registry.close());
    const quay = await startReferrersRegistry({ tls: certificates.server });
    onTestFinished(async () => quay.close());
    const named = await nameRegistries({ [`${HOST}:443`]: registry, "quay.io:443": quay }, certificates);
    onTestFinished(async () => named.close());
    const user = createWorkspace(named.variables);
    onTestFinished(() => user.remove());

    const { "Publish a skill": publish, "Bring in what was published elsewhere": bringIn, ...others } = readPage(PAGE);
    expect(others).toEqual({});
    await logIn(user, "author");
    await perform(user, publish ?? []);
    await publishElsewhere(user);
    const refusals = { ...(await provoke(user)), ...(await configured()) };
    const explained = Array.from(readText(PAGE).matchAll(/^- \*(.*?)\*/gm), ([, message = ""]) => message);
    expect(Object.keys(refusals).toSorted()).toEqual(explained.toSorted());
    for (const [message, said] of Object.entries(refusals)) {
      for (const part of message.split("…")) expect(said).toContain(part);
    }
    await logIn(user, "mirror");
    await perform(user, bringIn ?? []);
  });
});

async function logIn(user: Workspace, name: string): Promise<void> {
  const login = ["skillctl", "login", HOST, "--username", name, "--password-stdin"];
  expect(await runWith(user, [], login, PASSWORD)).toMatchObject({ status: 0 });
}

/**
 * Publishes the page's skill in another registry, and other content of that version in the store `changed` and in that
 * registry. The same content may be the same image to the byte, when both are published within one second.
 */
async function publishElsewhere(user: Workspace): Promise<void> {
  await user.output("sh", "-c", "cp -r examples/hello-world changed-skill && echo changed >> changed-skill/SKILL.md");
  for (const [directory, store] of [
    ["examples/hello-world", "same"],
    ["changed-skill", "changed"],
  ] as const) {
    const options = ["--store", store];
    await user.output("skillctl", "pack", directory, ...options);
    for (const [from, to] of [
      ["draft", "testing"],
      ["testing", "published"],
    ] as const) {
      await user.output("skillctl", "promote", "--local", `examples/hello-world:1.0.0-${from}`, "--to", to, ...options);
    }
  }
  await user.output(
    "skillctl",
    "push",
    "examples/hello-world:1.0.0",
    `${ELSEWHERE}/hello-world:1.0.0`,
    "--store",
    "same",
  );
  await user.output(
    "skillctl",
    "push",
    "examples/hello-world:1.0.0",
    `${ELSEWHERE}/changed:1.0.0`,
    "--store",
    "changed",
  );
}

/** What is said to an author who does what the rules refuse, by how the page names it. */
async function provoke(user: Workspace): Promise<Readonly<Record<string, string>>> {
  const refused = async (program: string, ...args: readonly string[]): Promise<string> => {
    const { status, stderr } = await user.run(program, ...args);
    expect([program, args, status]).toEqual([program, args, 1]);
    return stderr.replaceAll('\\"', '"');
  };
  const copy = async (from: string, to: string): Promise<string> =>
    refused(
      "skopeo",
      "copy",
      "--preserve-digests",
      `docker://${ELSEWHERE}/${from}:1.0.0`,
      `docker://${HOST}/${to}:1.0.0`,
    );
  const push = async (to: string, store: string, ...options: readonly string[]): Promise<string> =>
    refused("skillctl", "push", "examples/hello-world:1.0.0", `${HOST}/${to}`, "--store", store, ...options);
  const append = await appendPlain(user);
  const others = `${HOST}/others/hello-world`;
  await user.output("skillctl", "push", "examples/hello-world:1.0.0-draft", others);
  await user.output("skillctl", "promote", `${others}:1.0.0-draft`, "--to", "testing");
  return {
    "nothing in … is testing as 1.0.0-testing": await copy("hello-world", "myorg/hello-world"),
    "became published elsewhere": await push("myorg/hello-world:1.0.0", "same"),
    "is for a skill, and this image does not say that it is one": await refused(
      "crane",
      ...append,
      `${HOST}/examples/hello-world:1.1.0`,
    ),
    "is not what …:1.0.0-testing names": await push("others/hello-world:1.0.0", "changed", "--no-referrers"),
    "is published already": await copy("changed", "examples/hello-world"),
    "went on to archived": await comeBack(user, `${HOST}/examples/archived`, refused),
    "is no skill, and reads like the version of one": await pushAfterPlain(user, append, refused),
    "has the label io.skillimage.status": await appendLabelled(user, refused),
    "may not take … from testing to published": await refused(
      "skillctl",
      "promote",
      `${others}:1.0.0-testing`,
      "--to",
      "published",
    ),
    "cannot just be removed": await refused("skopeo", "delete", `docker://${HOST}/examples/hello-world:1.0.0`),
  };
}

type Refused = (program: string, ...args: readonly string[]) => Promise<string>;

/** Archives a version and gives its published image a tag. */
async function comeBack(user: Workspace, skill: string, refused: Refused): Promise<string> {
  await user.output("skillctl", "push", "examples/hello-world:1.0.0-draft", skill);
  for (const [tag, to] of [
    ["1.0.0-draft", "testing"],
    ["1.0.0-testing", "published"],
  ] as const) {
    await user.output("skillctl", "promote", `${skill}:${tag}`, "--to", to);
  }
  const digest = (await user.output("crane", "digest", `${skill}:1.0.0`)).trim();
  await user.output("skillctl", "promote", `${skill}:1.0.0`, "--to", "deprecated", "--reason", "Old.");
  await user.output("skillctl", "promote", `${skill}:1.0.0`, "--to", "archived");
  return refused("crane", "tag", `${skill}@${digest}`, "fav");
}

async function pushAfterPlain(user: Workspace, append: readonly string[], refused: Refused): Promise<string> {
  const skill = `${HOST}/examples/plain-first`;
  await user.output("crane", ...append, `${skill}:2.0.0`);
  const push = ["skillctl", "push", "examples/hello-world:1.0.0-draft", skill] as const;
  const said = await refused(...push);
  await user.output("crane", "delete", `${skill}:2.0.0`);
  await user.output(...push);
  return said;
}

async function appendLabelled(user: Workspace, refused: Refused): Promise<string> {
  const image = `${HOST}/examples/labelled:1`;
  await user.output("crane", ...(await appendPlain(user)), image);
  return refused("crane", "mutate", image, "--label", "io.skillimage.status=published", "--tag", `${image}.0.0`);
}

/** What crane is to do to push an image that is no skill, but for where to. */
async function appendPlain(user: Workspace): Promise<readonly string[]> {
  user.write("plain/file", "no skill\n");
  await user.output("tar", "-cf", "plain.tar", "-C", "plain", "file");
  return ["append", "--new_layer", "plain.tar", "--new_tag"];
}

/** The page's configuration at work. */
async function configured(): Promise<Readonly<Record<string, string>>> {
  const registry = await startEmbeddedRegistry({ config: readSettings(PAGE) });
  const user = createWorkspace();
  try {
    const skill = `${registry.host}/examples/hello-world`;
    await user.output("skillctl", "pack", "examples/hello-world");
    await user.output("skillctl", "push", "examples/hello-world:1.0.0-draft", skill);
    await user.output("skillctl", "promote", `${skill}:1.0.0-draft`, "--to", "testing");
    const plain = await user.run("crane", ...(await appendPlain(user)), `${registry.host}/plain:1`);
    expect([plain.status, plain.stderr]).toEqual([1, expect.stringContaining("DENIED")]);
    const { status, stderr } = await user.run("skillctl", "promote", `${skill}:1.0.0-testing`, "--to", "published");
    expect([status, stderr]).toEqual([1, expect.stringContaining("application/vnd.example.review")]);
    return { 'lacks "signature"': stderr.replaceAll('\\"', '"') };
  } finally {
    await registry.close();
    user.remove();
  }
}
