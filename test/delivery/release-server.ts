/** A loopback server of releases, laid out as the project's own: `latest/download/<file>` and `download/v<version>/<file>`. */
import { once } from "node:events";
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export interface ReleaseServer {
  readonly url: string;
  /** The paths that were asked for. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

/**
 * Serves the files of `directory` as the release `version`. `change` may answer with other bytes for a file: what a bad mirror
 * does. `cut` names a file of which half is sent before the connection ends.
 */
export async function startReleaseServer(
  directory: string,
  version: string,
  { change = {}, cut }: { readonly change?: Readonly<Record<string, string | Buffer>>; readonly cut?: string } = {},
): Promise<ReleaseServer> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const [, release, name = ""] = /^\/(latest\/download|download\/v[^/]+)\/([\w.+-]+)$/.exec(path) ?? [];
    const known = release === "latest/download" || release === `download/v${version}`;
    const file = join(directory, name);
    if (!known || name === "" || !existsSync(file)) {
      response.writeHead(404).end("<html>not here</html>");
    } else if (name === cut) {
      response.writeHead(200, { "content-length": 100_000 });
      response.write(Buffer.alloc(50_000), () => response.destroy());
    } else if (change[name] !== undefined) {
      response.end(change[name]);
    } else {
      void pipeline(createReadStream(file), response).catch(() => response.destroy());
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
