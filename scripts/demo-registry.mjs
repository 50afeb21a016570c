/**
 * A registry on loopback for the demo: docker-registry (Debian's package of that name), or olareg, whichever is there. The
 * demo shows the way through a registry where one can run, and says what is missing where none can.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const TOOLS = fileURLToPath(new URL("../.tools/bin", import.meta.url));

/** How each program is started on a port, over a directory; the first that is installed is taken. */
const PROGRAMS = {
  olareg: (port, directory) => ["serve", "--addr=127.0.0.1", `--port=${port}`, `--dir=${directory}`],
  "docker-registry": (port, directory) => {
    const configuration = join(directory, "config.yml");
    const storage = { filesystem: { rootdirectory: directory }, delete: { enabled: true } };
    writeFileSync(configuration, JSON.stringify({ version: "0.1", storage, http: { addr: `127.0.0.1:${port}` } }));
    return ["serve", configuration];
  },
};

/** Starts one; `undefined` when none is installed. `{ name, host, stop }`: the program, where it listens, how it ends. */
export async function startRegistry(directory) {
  const name = Object.keys(PROGRAMS).find((each) => find(each) !== undefined);
  if (name === undefined) return undefined;
  mkdirSync(directory, { recursive: true });
  const port = await freePort();
  const child = spawn(find(name), PROGRAMS[name](port, directory), { stdio: "ignore" });
  child.unref();
  const stop = () => void child.kill("SIGKILL");
  const deadline = performance.now() + 10_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      stop();
      return undefined;
    }
    await delay(20);
  }
  return { name, host: `127.0.0.1:${port}`, stop };
}

function find(name) {
  return [...process.env.PATH.split(delimiter), TOOLS].map((each) => join(each, name)).find(isProgram);
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function answers(port) {
  return fetch(`http://127.0.0.1:${port}/v2/`).then(
    (response) => response.ok,
    () => false,
  );
}
