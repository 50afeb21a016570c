/** docs/how-to/openshift.md, run as it stands: the developer's commands as a developer, the pod's in a pod. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";
import { parse } from "yaml";

import { dockerRegistry, htpasswd, KUBERNETES_SCHEMAS, openssl } from "../tools.ts";
import { makeCertificates } from "./certificates.ts";
import { readManifests, violations } from "./kubernetes.ts";
import { nameRegistries } from "./named-registries.ts";
import { perform, readBlocks, readPage, readText } from "./page.ts";
import { createPod, describeInPod, mountEmptyVolume, mountRegistrySecret } from "./pod.ts";
import { startDockerRegistry } from "./registries.ts";
import { skillctlJson } from "./skill.ts";
import { createWorkspace } from "./workspace.ts";

const PAGE = "openshift.md";
const OUTSIDE = "Push it from outside the cluster";
const ROUTE = "default-route-openshift-image-registry.apps.example.com";
const SERVICE = "image-registry.openshift-image-registry.svc";
/** What the page calls them, and the secret of this test's session. */
const [DEVELOPER, ACCOUNT, TOKEN] = ["developer", "skills", "sha256~of-a-session"];

describeInPod([...KUBERNETES_SCHEMAS, dockerRegistry, htpasswd, openssl], "the how-to on OpenShift", () => {
  it("holds from top to bottom", async () => {
    const node = createWorkspace();
    const certificates = makeCertificates(join(node.directory, "certificates"), [ROUTE, SERVICE]);
    const users = { [DEVELOPER]: TOKEN, [ACCOUNT]: TOKEN };
    const registry = await startDockerRegistry({ tls: certificates.server, users });
    const named = await nameRegistries({ [`${ROUTE}:443`]: registry, [`${SERVICE}:5000`]: registry }, certificates);
    const developer = createWorkspace({ ...named.variables, TOKEN });
    try {
      const { [OUTSIDE]: outside = [], ...inside } = readPage(PAGE);
      await perform(developer, outside);
      const { digest } = await skillctlJson<{ digest: string }>(developer, "inspect", "examples/hello-world");

      node.write("account/service-ca.crt", readFileSync(certificates.authority, "utf8"));
      const volumes: Readonly<Record<string, string>> = {
        "/etc/registry-login": mountRegistrySecret(node, "registry-login", `${SERVICE}:5000`, TOKEN),
        "/skills": mountEmptyVolume(node, "skills"),
        "/var/run/secrets/kubernetes.io/serviceaccount": join(node.directory, "account"),
      };
      const inPod = (line: string): string =>
        Object.entries(volumes).reduce((changed, [path, directory]) => changed.replaceAll(path, directory), line);
      // A path that is printed for another pod is not this one's.
      const here = (text: string): string => text.replaceAll(/^(?!.*mountPath:).*$/gm, inPod);
      const variables = readVariables().map(({ name, value }) => [name, here(value)] as const);
      const { SSL_CERT_FILE: _, ...proxies } = named.variables;
      const pod = createPod(node, { variables: { ...proxies, ...Object.fromEntries(variables), DIGEST: digest } });
      const steps = Object.values(inside).flat();
      expect(steps).toHaveLength(4);
      await perform(
        pod,
        steps.map(({ script, prints = "…" }) => ({ script: here(script), prints: here(prints) })),
      );
    } finally {
      await named.close();
      await registry.close();
      for (const workspace of [node, developer]) workspace.remove();
    }
  });

  it("shows manifests that an API server takes", () => {
    const shown = [...readBlocks(PAGE, "yaml"), ...readBlocks(PAGE, "text")].filter((each) =>
      /^apiVersion/m.test(each),
    );
    expect(shown).toHaveLength(2);
    for (const text of shown) expect(readManifests(text).flatMap(violations)).toEqual([]);
  });
});

/** The variables that the page's manifest gives its container. */
function readVariables(): readonly { readonly name: string; readonly value: string }[] {
  const manifest = /^```yaml\n(apiVersion.*?)^```/ms.exec(readText(PAGE))?.[1] ?? "";
  const { spec } = parse(manifest) as { spec: { containers: [{ env: { name: string; value: string }[] }] } };
  return spec.containers[0].env;
}
