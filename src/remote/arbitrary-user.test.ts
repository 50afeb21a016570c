/** A pod of OpenShift: a user id that no file knows, a home that is somebody else's and read-only, credentials that are mounted. */
import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it, onTestFinished } from "vitest";

import { temporaryDirectory } from "../../test/fixtures/temporary-directory.ts";
import { createAuthority } from "./http/testing/certificates.ts";
import { serve } from "./http/testing/servers.ts";

/** Only root can become another user; anybody else is one already, whom the files below refuse as well. */
const SOMEBODY = process.getuid?.() === 0 ? { uid: 1_000_650_000, gid: 0 } : {};

const PROGRAM = `
import { openRemote } from "./remote.mjs";
const { HOST, CA, ...variables } = process.env;
const environment = { variables, home: variables.HOME, uid: process.getuid(), etc: variables.ETC };
const store = await openRemote(environment, CA === undefined ? { verifyTls: false } : { caFile: CA });
for await (const tag of store.repository(HOST + "/team/skill").tags()) console.log(tag);
await store.close();
`;

it("a user without a home of his own reads from a registry, with credentials and an authority that are mounted", async () => {
  const directory = await temporaryDirectory();
  onTestFinished(directory.remove);
  const at = (name: string): string => join(directory.path, name);
  const write = async (name: string, text: string, mode: number): Promise<void> => {
    await mkdir(dirname(at(name)), { recursive: true });
    await writeFile(at(name), text);
    await chmod(at(name), mode);
  };
  const authority = await createAuthority();
  const { host } = await serve(
    ({ headers, url = "" }, response) => {
      const isWelcome = headers.authorization === `Basic ${Buffer.from("sa:token").toString("base64")}`;
      response.writeHead(isWelcome ? 200 : 401, { "www-authenticate": 'Basic realm="x"' });
      response.end(isWelcome && url.includes("/tags/list") ? '{"tags":["1.0.0"]}' : "");
    },
    await authority.server(),
  );
  const auth = { auths: { [host]: { auth: Buffer.from("sa:token").toString("base64") } } };
  await write("secret/.dockerconfigjson", JSON.stringify(auth), 0o644);
  await write("ca.pem", authority.cert, 0o644);
  // Nobody but their owner may read these; whoever tripped over one of them would fail.
  await write("home/.config/containers/registries.conf", "not for you", 0o000);
  await write("home/.docker/config.json", "not for you", 0o000);
  await write("etc/containers/registries.conf", "not for you", 0o000);
  await mkdir(at(`etc/containers/certs.d/${host}`), { recursive: true });
  for (const closed of ["home", "etc/containers"]) await chmod(at(closed), 0o000);
  await write("program.mjs", PROGRAM, 0o644);
  const entryPoints = [fileURLToPath(new URL("environment.ts", import.meta.url))];
  await build({
    entryPoints,
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: at("remote.mjs"),
    external: ["https-proxy-agent"],
  });
  await chmod(directory.path, 0o755);
  onTestFinished(async () => {
    for (const closed of ["home", "etc/containers"]) await chmod(at(closed), 0o755);
  });

  const variables = { HOST: host, DOCKER_CONFIG: at("secret"), HOME: at("home"), ETC: at("etc") };
  for (const extra of [{}, { CA: at("ca.pem") }, { HOME: "/" }, { HOME: "" }]) {
    const env = { ...variables, ...extra };
    const { stdout } = await promisify(execFile)(process.execPath, [at("program.mjs")], { ...SOMEBODY, env, cwd: "/" });
    expect(stdout).toBe("1.0.0\n");
  }
});
