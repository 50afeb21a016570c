/** The flags of the commands that may go to a registry. Their defaults are what podman and docker have set up on this machine. */
import type { OptionSpec } from "./command.ts";
import { count, oneOf, text } from "./values.ts";

export interface RegistryFlags {
  readonly tlsVerify?: boolean;
  readonly caFile?: string;
  readonly certDir?: string;
  readonly authFile?: string;
  readonly concurrency?: number;
}

const TITLE = "Registry options:";
const BOOLEANS = ["true", "false"] as const;

const CONNECTION: readonly OptionSpec[] = [
  {
    flags: "--tls-verify <bool>",
    summary: "false accepts any certificate, and plain http (default: as registries.conf says, else true)",
    completes: BOOLEANS,
    parse: (given) => oneOf("boolean", BOOLEANS)(given) === "true",
  },
  {
    flags: "--ca-file <file>",
    summary: "certificates to trust beside the system's, as PEM",
    completes: "file",
    parse: text("file"),
  },
  {
    flags: "--cert-dir <directory>",
    summary: "*.crt to trust, *.cert and *.key to show, before those of certs.d",
    completes: "directory",
    parse: text("directory"),
  },
];

const AUTH_FILE: OptionSpec = {
  flags: "--auth-file <file>",
  summary: "the credentials (default: $REGISTRY_AUTH_FILE, else those of podman and docker)",
  completes: "file",
  parse: text("file"),
};

/**
 * Connections for many small images. A request of theirs is little but the way there and back, which more of them at a time
 * save; package managers open 15 to 50.
 */
export const FOR_MANY = 16;

function concurrency(usual: string): OptionSpec {
  return {
    flags: "--concurrency <number>",
    summary: `how many requests are under way at once (default: ${usual})`,
    parse: count(1, 64),
  };
}

/** Where credentials are. */
export const AUTH_OPTIONS = inGroup([AUTH_FILE]);

/** How to reach a registry, and as whom. */
export const REGISTRY_OPTIONS = inGroup([...CONNECTION, AUTH_FILE]);

/** The same for commands that move content. */
export const TRANSFER_OPTIONS = transferOptions("6");

/** The same, `usual` being what the help calls the default of `--concurrency`. */
export function transferOptions(usual: string): readonly OptionSpec[] {
  return inGroup([...CONNECTION, AUTH_FILE, concurrency(usual)]);
}

function inGroup(options: readonly OptionSpec[]): readonly OptionSpec[] {
  return options.map((option) => ({ ...option, group: TITLE }));
}
