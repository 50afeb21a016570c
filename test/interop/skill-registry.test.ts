/** The rules and the logins of a registry for skills, as skopeo, crane, oras and podman meet them. */
import { afterAll, beforeAll, expect, it } from "vitest";

import { passwordOf, startSkillRegistry, type SkillRegistry, type User } from "../fixtures/skill-registry.ts";
import { crane, describeWith, oras, podman, skopeo } from "../tools.ts";
import { packSkill, REFERENCE } from "./skill.ts";
import { createWorkspace, type Outcome } from "./workspace.ts";

const NAME = REFERENCE.replace(/:.*/, "");
/** The states to which the skill is taken in the local store, with the tags that it has there. */
const LOCAL = { draft: "1.0.0-draft", testing: "1.0.0-testing", published: "1.0.0" } as const;

describeWith([skopeo, crane, oras, podman], "a registry for skills", () => {
  const workspace = createWorkspace();
  let registry: SkillRegistry;
  let closed: SkillRegistry;

  beforeAll(async () => {
    registry = await startSkillRegistry();
    closed = await startSkillRegistry({ anonymousPull: false });
    await packSkill(workspace);
    // Each state keeps a tag of its own in a layout, as whoever forges one would have it.
    const image = (tag: string) => `oci:${workspace.store}:${NAME}:${tag}`;
    await workspace.output("skopeo", "copy", "-q", image(LOCAL.draft), `oci:${workspace.directory}/images:draft`);
    for (const [from, to] of [
      ["draft", "testing"],
      ["testing", "published"],
    ] as const) {
      await workspace.output("skillctl", "promote", `${NAME}:${LOCAL[from]}`, "--to", to, "--local");
      await workspace.output("skopeo", "copy", "-q", image(LOCAL[to]), `oci:${workspace.directory}/images:${to}`);
    }
  });
  afterAll(async () => {
    await registry.close();
    await closed.close();
    workspace.remove();
  });

  /** Copies a state of the skill to a tag, as skopeo does it. */
  const copy = async (
    user: User,
    state: keyof typeof LOCAL,
    repository: string,
    tag: string = LOCAL[state],
  ): Promise<Outcome> =>
    workspace.run(
      ...(["skopeo", "copy", "-q", "--dest-tls-verify=false", "--dest-creds", `${user}:${passwordOf(user)}`] as const),
      `oci:${workspace.directory}/images:${state}`,
      `docker://${registry.host}/${repository}:${tag}`,
    );
  const tags = async (repository: string): Promise<string[]> =>
    (await workspace.output("crane", "ls", `${registry.host}/${repository}`)).split("\n").filter((line) => line !== "");
  const said = ({ stderr }: Outcome): string => stderr.replaceAll('\\"', '"');

  it("refuses a forged published by skopeo, says what to do, and gets no other form of the image instead", async () => {
    for (const user of ["author", "approver", "admin"] as const) {
      const outcome = await copy(user, "published", "forged/greeter");
      expect(outcome.status).not.toBe(0);
      expect(said(outcome)).toContain("nothing in forged/greeter is testing as 1.0.0-testing");
      expect(said(outcome)).toContain("skillctl promote");
    }
    expect((await workspace.run("crane", "ls", `${registry.host}/forged/greeter`)).stdout).toBe("");
  });

  it("refuses it by crane and by oras, too, and their users read why", async () => {
    expect(await copy("mirror", "published", "elsewhere/greeter")).toMatchObject({ status: 0 });
    await workspace.output("crane", "auth", "login", registry.host, "-u", "admin", "-p", passwordOf("admin"));
    const source = `${registry.host}/elsewhere/greeter`;
    const byCrane = await workspace.run("crane", "copy", `${source}:1.0.0`, `${registry.host}/crane/greeter:1.0.0`);
    const into = ["--to-plain-http", "--to-username", "admin", "--to-password", passwordOf("admin")];
    const layout = ["--from-oci-layout", `${workspace.directory}/images:published`];
    const byOras = await workspace.run("oras", "cp", ...into, ...layout, `${registry.host}/oras/greeter:1.0.0`);
    for (const [outcome, name] of [
      [byCrane, "crane"],
      [byOras, "oras"],
    ] as const) {
      expect(outcome.status).not.toBe(0);
      expect(said(outcome)).toContain(`nothing in ${name}/greeter is testing as 1.0.0-testing`);
    }
    // An index of it under the tag of another version.
    const target = `${source}:1.1.0`;
    const byIndex = await workspace.run("crane", "index", "append", "-m", `${source}:1.0.0`, "-t", target);
    expect(byIndex.status).not.toBe(0);
    expect(said(byIndex)).toContain("is not a tag for version 1.0.0 that is published");
    expect(await tags("elsewhere/greeter")).toEqual(["1.0.0"]);
  });

  it("takes no record of a promotion that somebody makes up", async () => {
    expect(await copy("mirror", "published", "records/greeter")).toMatchObject({ status: 0 });
    const key = "io.skillimage.promotion";
    const told = [`${key}.from=testing`, `${key}.to=published`, `${key}.actor=approver`];
    const annotations = told.flatMap((each) => ["--annotation", each]);
    const type = ["--artifact-type", "application/vnd.skillimage.promotion.v1+json"];
    const login = ["--plain-http", "-u", "author", "-p", passwordOf("author")];
    const image = `${registry.host}/records/greeter:1.0.0`;
    const forged = await workspace.run("oras", "attach", ...login, ...type, ...annotations, image);
    expect(forged.status).not.toBe(0);
    expect(said(forged)).toContain("not the record of a promotion that took place here");
  });

  it("lets skopeo promote step by step, by people who may, and keeps what is published", async () => {
    const repository = "steps/greeter";
    expect(await copy("author", "draft", repository)).toMatchObject({ status: 0 });
    expect(await copy("author", "testing", repository)).toMatchObject({ status: 0 });
    expect(said(await copy("author", "published", repository))).toContain(
      "may not take steps/greeter 1.0.0 from testing to published",
    );
    expect(await copy("approver", "published", repository)).toMatchObject({ status: 0 });
    expect(await copy("approver", "published", repository, "latest")).toMatchObject({ status: 0 });
    expect(await tags(repository)).toEqual(["1.0.0", "1.0.0-draft", "1.0.0-testing", "latest"]);

    // In Docker's format there are no annotations: it is another image, and still does not take the version's place.
    await workspace.output("podman", "pull", "-q", `oci:${workspace.directory}/images:published`);
    const id = (await workspace.output("podman", "images", "-q", "--no-trunc")).trim();
    const push = async (user: User, tag: string) =>
      workspace.run(
        ...(["podman", "push", "-q", "--tls-verify=false", "--format", "v2s2", "--creds"] as const),
        `${user}:${passwordOf(user)}`,
        id,
        `docker://${registry.host}/${repository}:${tag}`,
      );
    expect(said(await push("approver", "1.0.0"))).toContain(
      "steps/greeter:1.0.0 is published already. A published version never changes.",
    );
    expect(said(await push("author", "1.1.0"))).toContain("steps/greeter:1.1.0 is for a skill");
    expect(await push("author", "plain")).toMatchObject({ status: 0 });
  });

  it("takes what was published elsewhere from a mirror", async () => {
    expect(await copy("mirror", "published", "mirrored/greeter")).toMatchObject({ status: 0 });
    expect(await tags("mirrored/greeter")).toEqual(["1.0.0"]);
  });

  it("is logged in to and asked by crane, podman and skopeo, with the right password only", async () => {
    const { host } = closed;
    for (const [command, ...args] of [
      ["crane", "auth", "login", "-u", "author", "-p"],
      ["podman", "login", "--tls-verify=false", "-u", "author", "-p"],
      ["skopeo", "login", "--tls-verify=false", "-u", "author", "-p"],
    ] as const) {
      const wrong = await workspace.run(command, ...args, "wrong", host);
      // crane only writes down what it is told.
      if (command !== "crane") expect(wrong.status, wrong.stderr).not.toBe(0);
      await workspace.output(command, ...args, passwordOf("author"), host);
    }
    const target = `${host}/private/greeter:1.0.0-draft`;
    const source = `oci:${workspace.directory}/images:draft`;
    await workspace.output("skopeo", "copy", "-q", "--dest-tls-verify=false", source, `docker://${target}`);
    expect(await workspace.output("crane", "manifest", target)).toContain('"io.skillimage.status":"draft"');
    await workspace.output("podman", "pull", "-q", "--tls-verify=false", target);
    expect((await workspace.output("crane", "catalog", host)).trim()).toBe("private/greeter");
    await workspace.output("crane", "copy", target, `${host}/private/copy:1.0.0-draft`);
    await workspace.output("crane", "delete", `${host}/private/copy:1.0.0-draft`);

    const stranger = await workspace.run("skopeo", "inspect", "--no-creds", "--tls-verify=false", `docker://${target}`);
    expect([stranger.status === 0, stranger.stderr]).toEqual([
      false,
      expect.stringMatching(/unauthorized|authentication required/i),
    ]);
  });
});
