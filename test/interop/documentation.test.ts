/** Pages of docs/how-to, run as they stand: what they say is done, and what they show is printed. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  busybox,
  crane,
  describeWith,
  dockerRegistry,
  htpasswd,
  olareg,
  podman,
  runc,
  skopeo,
  umoci,
} from "../tools.ts";
import { buildBusybox } from "./container.ts";
import { perform, readPage, reworded } from "./page.ts";
import { startDockerRegistry, startReferrersRegistry, type Registry } from "./registries.ts";
import { createWorkspace, type Workspace } from "./workspace.ts";

const PREPARATION = "Before you begin";
const TOKEN = "it's a: secret%";

describeWith([skopeo, umoci, podman, runc, busybox], "the how-to on container tools", () => {
  const { [PREPARATION]: preparation = [], ...others } = readPage("use-with-container-tools.md");

  it("tells the tools where the store really is", () =>
    inWorkspace(async (workspace) => {
      const exported = preparation.map((step) => /^export .*$/m.exec(step.script)?.[0]).join("");
      expect(await workspace.output("sh", "-c", `${exported}\nprintf %s "$STORE"`)).toBe(workspace.store);
    }));

  it.each(Object.entries(others))("%s", (_, steps) =>
    inWorkspace(async (workspace) => {
      await buildBusybox(workspace);
      await perform(workspace, preparation);
      await perform(workspace, steps);
    }),
  );
});

describeWith([skopeo, podman, crane, dockerRegistry, htpasswd, olareg], "the how-to on registries", () => {
  const users = { "myorg+robot": TOKEN };

  // Each section goes on where the one before it ended, so the page is one test.
  describe.each<[what: string, start: () => Promise<Registry>]>([
    ["that removes tags and lists referrers", () => startReferrersRegistry()],
    ["that does neither, and asks for a password", () => startDockerRegistry({ users })],
  ])("with a registry %s", (_, start) => {
    let registries: readonly Registry[];
    beforeAll(async () => {
      registries = await Promise.all([start(), startReferrersRegistry()]);
    });
    afterAll(() => Promise.all(registries.map((each) => each.close())));

    it("holds from top to bottom", () =>
      inWorkspace(async (workspace) => {
        // crane and podman speak plain http with this name of the loopback interface; skopeo has to be told.
        const hosts = registries.map(({ host }) => host.replace("127.0.0.1", "localhost"));
        const rules = hosts.map((host) => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`);
        workspace.write(".config/containers/registries.conf", rules.join("\n"));
        const [quay = "", example = ""] = hosts;
        const here = (text: string): string =>
          text
            .replaceAll("quay.io", quay)
            .replaceAll("registry.example.com", example)
            .replaceAll('"$TOKEN"', `"${TOKEN}"`);
        for (const steps of Object.values(readPage("share-through-a-registry.md"))) {
          await perform(workspace, reworded(steps, here));
        }
      }));
  });
});

/** Gives every test a store of its own, so that it holds whatever the others do. */
async function inWorkspace(work: (workspace: Workspace) => Promise<void>): Promise<void> {
  const workspace = createWorkspace();
  try {
    await work(workspace);
  } finally {
    workspace.remove();
  }
}
