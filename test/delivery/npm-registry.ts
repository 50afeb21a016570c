/** An npm registry on loopback, with the release's packages and what they depend on as it is installed here: nothing is asked of the network. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { output, RELEASE, ROOT, VERSION } from "./release.ts";

export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/** Starts it. A package other than the release's is packed when it is asked for, from node_modules. */
export async function startNpmRegistry(): Promise<NpmRegistry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    const [name = "", file] = path.split("/-/");
    const host = request.headers.host ?? "";
    void (file === undefined ? describe(name, `http://${host}`) : packed(name)).then(
      (body) => response.end(body),
      () => response.writeHead(404).end("{}"),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

const OURS = new Set(["skillimage", "skillctl"]);

/** The document of a package, with its one version. */
async function describe(name: string, url: string): Promise<string> {
  const tarball = await packed(name);
  const manifest = OURS.has(name)
    ? (JSON.parse(await output("tar", ["-xOzf", archiveOf(name), "package/package.json"])) as Manifest)
    : (JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8")) as Manifest);
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const { version } = manifest;
  const dist = { integrity, tarball: `${url}/${name}/-/${version}.tgz` };
  return JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } });
}

const archiveOf = (name: string): string => join(RELEASE, `${name}-${VERSION}.tgz`);

const tarballs = new Map<string, Promise<Buffer>>();

/** The tarball of a package; made once, however often it is asked for. */
function packed(name: string): Promise<Buffer> {
  const known = tarballs.get(name) ?? pack(name);
  tarballs.set(name, known);
  return known;
}

async function pack(name: string): Promise<Buffer> {
  if (OURS.has(name)) return readFileSync(archiveOf(name));
  const flags = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--exclude=./node_modules"];
  const args = ["-C", join(ROOT, "node_modules", name), ...flags, "--transform=s,^\\.,package,", "-cz", "."];
  const child = spawn("tar", args, { stdio: ["ignore", "pipe", "ignore"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [status] = (await once(child, "close")) as [number];
  if (status !== 0) throw new Error(`${name} is not installed here`);
  return Buffer.concat(chunks);
}
