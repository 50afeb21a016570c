/** docs/how-to/run-a-registry.md, run as it stands, with directories and a port of its own. */
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, it } from "vitest";

import { describeWith, htpasswd, KUBERNETES_SCHEMAS, kustomize, openssl, ROUTE_DEFINITION } from "../tools.ts";
import { readManifests, violations } from "./kubernetes.ts";
import { perform, readBlocks, readPage, reworded } from "./page.ts";
import { freePort } from "./registries.ts";
import { createWorkspace } from "./workspace.ts";

const PAGE = "run-a-registry.md";

describeWith(
  [...KUBERNETES_SCHEMAS, ROUTE_DEFINITION, kustomize, htpasswd, openssl],
  "the how-to on running a registry",
  () => {
    it("holds from top to bottom", async () => {
      const workspace = createWorkspace({ PASSWORD: "it's a: secret%" });
      const port = await freePort();
      const places = ["/etc/skillctl", "/var/lib/skillctl", "/backup"];
      for (const place of places) mkdirSync(join(workspace.directory, place), { recursive: true });
      symlinkSync(fileURLToPath(new URL("../../deploy", import.meta.url)), join(workspace.directory, "deploy"));
      const here = (text: string): string =>
        places
          .reduce((changed, place) => changed.replaceAll(place, workspace.directory + place), text)
          .replaceAll("0.0.0.0:443", `127.0.0.1:${port}`)
          .replaceAll("DNS:registry.example.com", "DNS:localhost")
          .replaceAll(/registry\.example\.com(?!\/tools)/g, `localhost:${port}`);
      try {
        const [configuration = ""] = readBlocks(PAGE, "yaml");
        workspace.write("etc/skillctl/registry.yaml", here(configuration));
        for (const steps of Object.values(readPage(PAGE))) {
          await perform(workspace, reworded(steps, here));
        }
        const manifests = readManifests(readFileSync(join(workspace.directory, "skills.yaml"), "utf8"));
        expect(manifests.flatMap(violations)).toEqual([]);
      } finally {
        const file = join(workspace.directory, "server.pid");
        if (existsSync(file)) await workspace.run("kill", readFileSync(file, "utf8").trim());
        workspace.remove();
      }
    });
  },
);
