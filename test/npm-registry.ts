/** An npm registry on loopback, with packages of ours, and what they depend on as it is installed here: nothing is asked of the network. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

export interface NpmRegistry {
  readonly url: string;
  close(): Promise<void>;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
}

/**
 * Starts it. `ours` are archives by name; any other package is packed when it is asked for: from node_modules, or what
 * is built here.
 */
export async function startNpmRegistry(ours: Readonly<Record<string, string>> = {}): Promise<NpmRegistry> {
  const tarballs = new Map<string, Promise<Buffer>>();
  /** The tarball of a package; made once, however often it is asked for. */
  const packed = async (name: string): Promise<Buffer> => {
    const archive = ours[name];
    const tarball = tarballs.get(name) ?? (archive === undefined ? pack(name) : readFile(archive));
    tarballs.set(name, tarball);
    return tarball;
  };
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "").slice(1));
    const [name = "", file] = path.split("/-/");
    const url = `http://${request.headers.host}`;
    const answer = async (): Promise<string | Buffer> =>
      file === undefined ? describe(manifestOf(name, ours[name]), await packed(name), url) : packed(name);
    void answer().then(
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

/** What is built here. */
const OURS = "skillimage";

function directoryOf(name: string): string {
  return name === OURS ? ROOT : join(ROOT, "node_modules", name);
}

function manifestOf(name: string, archive: string | undefined): Manifest {
  const text =
    archive === undefined
      ? readFileSync(join(directoryOf(name), "package.json"), "utf8")
      : execFileSync("tar", ["-xOzf", archive, "package/package.json"], { encoding: "utf8" });
  return JSON.parse(text) as Manifest;
}

/** The document of a package, with its one version. */
function describe(manifest: Manifest, tarball: Buffer, url: string): string {
  const { name, version } = manifest;
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;
  const dist = { integrity, tarball: `${url}/${name}/-/${version}.tgz` };
  return JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } });
}

/** Without types and maps, which no program needs to run, and which are most of the files. */
async function pack(name: string): Promise<Buffer> {
  const excluded = ["./node_modules", "*.d.ts", "*.map"].map((pattern) => `--exclude=${pattern}`);
  const flags = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", ...excluded];
  const members = name === OURS ? ["./package.json", "./dist", "./schemas"] : ["."];
  const args = ["-C", directoryOf(name), ...flags, "--transform=s,^\\.,package,", "-cz", ...members];
  const child = spawn("tar", args, { stdio: ["ignore", "pipe", "ignore"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [status] = (await once(child, "close")) as [number];
  if (status !== 0) throw new Error(`${name} is not installed here`);
  return Buffer.concat(chunks);
}
