import { join, resolve } from "node:path";

import type { ServerConfig } from "../../server/config/schema.ts";
import type { RunningServer } from "../../server/serve.ts";
import type { CommandDefinition } from "../command.ts";
import { dataDirectory, type Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { formatLogLine } from "../log-line.ts";
import { oneOf, text } from "../values.ts";

interface Flags {
  readonly config?: string;
  readonly listen?: string;
  readonly root?: string;
  readonly allowAnonymousPublic?: boolean;
  readonly logFormat?: LogFormat;
}

const LOG_FORMATS = ["text", "json"] as const;
type LogFormat = (typeof LOG_FORMATS)[number];

/** `skillctl serve`: a registry until somebody ends it. */
export const serveCommand: CommandDefinition<[], Flags> = {
  description:
    "Runs an OCI registry for skills, which podman, docker, skopeo, oras and cosign can use as well. Without any flag it listens " +
    "on 127.0.0.1:5000, keeps its content in the user's data directory, and lets this machine's users do all that the rules for skills allow. A " +
    "configuration file says who may do what, which rules hold, and all else. Published versions cannot be overwritten. " +
    "Ctrl-C or SIGTERM ends it once running requests are done; SIGHUP makes it read its configuration and certificate again, " +
    "without dropping a request. Logs go to stderr, as lines of JSON; on a terminal, as text.",
  options: [
    { flags: "-c, --config <file>", summary: "the configuration, in YAML", completes: "file", parse: text("file") },
    {
      flags: "--listen <address>",
      summary: "host and port; port 0: any (default: 127.0.0.1:5000)",
      parse: text("address"),
    },
    {
      flags: "--root <directory>",
      summary: "where the registry keeps its content",
      completes: "directory",
      parse: text("directory"),
    },
    { flags: "--allow-anonymous-public", summary: "let everybody who reaches it do everything" },
    {
      flags: "--log-format <format>",
      summary: "json or text (default: text on a terminal, else json)",
      completes: LOG_FORMATS,
      parse: oneOf("log format", LOG_FORMATS),
    },
  ],
  examples: [
    { title: "On this machine, for this machine", command: "skillctl serve" },
    { title: "For a team", command: "skillctl serve --config registry.yaml --listen 0.0.0.0:443 --root /srv/registry" },
  ],
  exitStatus: {
    0: "it never ends with this status: whoever ends it does so by a signal (130, 143)",
    1: "it could not begin, or failed",
    2: "wrong usage, or a configuration that is not valid",
  },
  async run(context, _, flags) {
    const { output, signal, environment } = context;
    const config = await configure(flags);
    // Loaded here, so that no other command loads any of it.
    const { createLog } = await import("../../server/log.ts");
    const { serve } = await import("../../server/serve.ts");
    const isText = (flags.logFormat ?? (environment.stderr.isTTY === true ? "text" : "json")) === "text";
    const log = createLog({
      ...(config.log?.level === undefined ? {} : { level: config.log.level }),
      write: (line) => void environment.stderr.write(isText ? formatLogLine(line, output.remarkStyle) : line),
    });
    const root = config.root ?? join(dataDirectory(environment.variables, "the registry"), "registry");
    const starting = serve(config, { root, log, allowAnonymousPublic: flags.allowAnonymousPublic === true });
    // Read one after the other, so that the last one read is the one in force.
    let reloading: Promise<unknown> = starting;
    const reload = (): void => {
      reloading = reloading
        .then(async () => (await starting).reload(await configure(flags)))
        .catch((err: unknown) => log.error({ err }, "the configuration is no good; the old one stays in force"));
    };
    // Unheard, the signal would end the process: also while it begins, or ends.
    process.on("SIGHUP", reload);
    try {
      const server = await starting;
      try {
        await output.line(
          describe(server),
          (facts) => announce(facts, context),
          ({ url }) => `${url}\n`,
        );
        await aborted(signal);
      } finally {
        await server.close();
      }
    } finally {
      process.off("SIGHUP", reload);
    }
    return ExitStatus.ok;
  },
};

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((end) => {
    if (signal.aborted) end();
    else signal.addEventListener("abort", () => end(), { once: true });
  });
}

/** Flags count before the file. */
async function configure({ config: file, listen, root }: Flags): Promise<ServerConfig> {
  const { readServerConfig } = await import("../../server/config/read.ts");
  return {
    ...(file === undefined ? {} : await readServerConfig(file)),
    ...(listen === undefined ? {} : { listen }),
    ...(root === undefined ? {} : { root: resolve(root) }),
  };
}

type Facts = Pick<RunningServer, "url" | "host" | "root" | "isEncrypted" | "hasAccess">;

function describe({ url, host, root, isEncrypted, hasAccess }: RunningServer): Facts {
  return { url, host, root, isEncrypted, hasAccess };
}

function announce({ url, host, root, hasAccess }: Facts, { output }: Context): string {
  const { green, dim } = output.style;
  const login = hasAccess
    ? `skillctl login ${host}`
    : "not needed: everybody who reaches it may do all that the rules for skills allow";
  return [
    `${green("serving")} ${url} from ${root}`,
    `${dim("log in")}  ${login}`,
    `${dim("push")}    skillctl push examples/hello:1.0.0-draft ${host}/examples/hello:1.0.0-draft`,
    `${dim("end")}     Ctrl-C`,
    "",
  ].join("\n");
}
