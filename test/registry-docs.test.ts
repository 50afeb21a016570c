/** The configurations that the how-tos show are ones that the server takes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { describe, expect, it } from "vitest";

import { GrantTable } from "../src/registry/access/grants.ts";
import { clientAddressBehind } from "../src/registry/access/client-address.ts";
import { OidcVerifier } from "../src/registry/access/oidc.ts";
import { createAdmission } from "../src/registry/admission/index.ts";
import { parseServerConfig } from "../src/server/config/read.ts";

const DOCS = fileURLToPath(new URL("../docs/how-to/", import.meta.url));
const blocks = ["registry-access.md", "registry-rules.md", "registry-on-s3.md", "run-a-registry.md"].flatMap((file) => {
  const text = readFileSync(join(DOCS, file), "utf8");
  return [...text.matchAll(/^```yaml\n(.*?)^```/gms)].map((match) => [file, match[1] ?? ""] as const);
});

describe("the configurations in the how-tos", () => {
  it.each(blocks)("%s: %s", (_, text) => {
    const { access = {}, admission = {} } = parseServerConfig(text, "server.yaml");
    createAdmission(admission);
    expect(new GrantTable(access.grants ?? {}, { anonymous: false })).toBeDefined();
    expect(new OidcVerifier(access.oidc ?? [], { fetch, now: Date.now })).toBeDefined();
    expect(clientAddressBehind(access.trustedProxies ?? [])).toBeDefined();
  });
});
