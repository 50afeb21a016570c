/** The registries of the registry cases, on loopback, each over a directory of the bench's own. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

import { endsWithUs } from "./leave-nothing.mjs";

const SKILLCTL = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));

/** How each is started, and a request as it logs it. */
const PROGRAMS = {
  "docker-registry": {
    request: /"(?:GET|HEAD|PUT|POST|PATCH|DELETE) \/v2\//g,
    args: (port, directory, tls) => {
      const configuration = join(directory, "config.yml");
      const storage = { filesystem: { rootdirectory: join(directory, "content") }, delete: { enabled: true } };
      const http = { addr: `127.0.0.1:${port}`, secret: "loopback", ...(tls && { tls }) };
      writeFileSync(configuration, JSON.stringify({ version: "0.1", log: { level: "error" }, storage, http }));
      return ["serve", configuration];
    },
  },
  "skillctl serve": {
    request: /"msg":"request"/g,
    args: (port, directory) => {
      const content = join(directory, "content");
      return [SKILLCTL, "serve", "--root", content, "--listen", `127.0.0.1:${port}`];
    },
  },
  olareg: {
    request: / msg=ServeHTTP /g,
    args: (port, directory) => {
      const content = join(directory, "content");
      return [
        "serve",
        "--addr=127.0.0.1",
        `--port=${port}`,
        `--dir=${content}`,
        "--api-delete=true",
        "--verbosity=trace",
      ];
    },
  },
};

/**
 * Starts a registry, `{ name, path }`. Resolves to `{ host, url, pid, requests, empty, close }`: `requests` counts those since its last
 * call, which costs the measured programs nothing, as the registry writes its log for everybody; `empty` takes all that it
 * holds away from it, so that nobody can have it take content over from another repository. `isEncrypted`: with TLS, and a
 * certificate that nobody knows; docker-registry only.
 */
export async function startRegistry({ name, path }, directory, { isEncrypted = false } = {}) {
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const { args, request } = PROGRAMS[name];
  const log = join(directory, "log");
  const output = openSync(log, "a");
  const tls = isEncrypted ? makeCertificate(directory) : undefined;
  const child = spawn(path, args(port, directory, tls), { stdio: ["ignore", output, output] });
  endsWithUs(child);
  closeSync(output);
  const close = async () => {
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
  };
  const url = `${isEncrypted ? "https" : "http"}://127.0.0.1:${port}`;
  while (!(await answers(url))) {
    if (child.exitCode !== null) throw new Error(`the registry did not start:\n${readFileSync(log, "utf8")}`);
    await delay(20);
  }
  let seen = 0;
  const requests = () => {
    const all = readFileSync(log, "latin1").match(request)?.length ?? 0;
    const since = all - seen;
    seen = all;
    return since;
  };
  requests();
  const empty = () => rmSync(join(directory, "content"), { recursive: true, force: true });
  return { host: `127.0.0.1:${port}`, url, pid: child.pid, requests, empty, close };
}

/** A port that nobody listens on now. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Whether a registry answers there, whoever it is. */
function answers(url) {
  const { get } = url.startsWith("https:") ? https : http;
  return new Promise((resolve) => {
    get(`${url}/v2/`, { rejectUnauthorized: false, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on("error", () => resolve(false));
  });
}

function makeCertificate(directory) {
  const [certificate, key] = [join(directory, "certificate.pem"), join(directory, "key.pem")];
  const subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
  const options = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", ...subject];
  const { status, stderr } = spawnSync("openssl", ["req", ...options, "-keyout", key, "-out", certificate], {
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`openssl made no certificate:\n${stderr}`);
  return { certificate, key };
}
