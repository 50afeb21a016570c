import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates } from "node:tls";

import { expect, it, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../../test/fixtures/temporary-directory.ts";
import { systemRoots } from "./roots.ts";
import { createAuthority } from "./testing/certificates.ts";

it("trusts what Node trusts, and what the environment names for OpenSSL and Node", async () => {
  const { path, remove } = await temporaryDirectory();
  onTestFinished(remove);
  const [bundled, first, second, extra] = await Promise.all(
    Array.from({ length: 4 }, async () => (await createAuthority()).cert),
  );
  const at = (name: string): string => join(path, name);
  await mkdir(at("dir"));
  await Promise.all([
    writeFile(at("bundle.pem"), `# comment\n${bundled}\n-----BEGIN CERTIFICATE-----\nnot one\n`),
    writeFile(at("dir/1.pem"), `${first}${bundled}`),
    writeFile(at("dir/2.pem"), second ?? ""),
    writeFile(at("dir/README"), "nothing"),
    writeFile(at("extra.pem"), (extra ?? "").replaceAll("\n", "\r\n")),
  ]);
  const roots = await systemRoots({
    SSL_CERT_FILE: at("bundle.pem"),
    SSL_CERT_DIR: `${at("absent")}:${at("dir")}`,
    NODE_EXTRA_CA_CERTS: at("extra.pem"),
  });
  const plain = (texts: readonly (string | undefined)[]): string[] =>
    texts.map((text) => (text ?? "").replaceAll(/\s/g, "")).toSorted();
  expect(plain(roots)).toEqual(plain([...rootCertificates, bundled, first, second, extra]));
});

it("trusts what Node trusts where nothing that is named can be read", async () => {
  const absent = "/absent/file";
  const roots = await systemRoots({ SSL_CERT_FILE: absent, SSL_CERT_DIR: absent, NODE_EXTRA_CA_CERTS: absent });
  expect(roots).toEqual([...rootCertificates]);
});

it("counts the distribution's bundle, where there is one, and no certificate twice", async () => {
  const roots = await systemRoots({});
  expect(roots.length).toBeGreaterThanOrEqual(rootCertificates.length);
  expect(new Set(roots).size).toBe(roots.length);
});
