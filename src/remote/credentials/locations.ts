/** Where credentials are kept on a machine. Nothing here asks the process: whoever calls says what surrounds it. */
import { isAbsolute, join } from "node:path";

/** What surrounds a search for credentials. */
export interface CredentialEnvironment {
  /** The environment variables; helpers see them too. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. Default: the variable `HOME`; without either, nothing is looked for in a home. */
  readonly home?: string | undefined;
  /** The user's number, which names a directory below /run. Default: not looked for there. */
  readonly uid?: number | undefined;
  /** Default: this one. */
  readonly platform?: NodeJS.Platform | undefined;
  /** The one file to use, as `--authfile` of podman names it. */
  readonly authFile?: string | undefined;
}

export interface AuthFileLocation {
  readonly path: string;
  /** Whether somebody named this very file: then it must be there and readable. */
  readonly required: boolean;
}

/**
 * The files that may hold credentials, in the order in which they are asked; the first that has one for a repository wins.
 *
 * A file that somebody names is the only one: `authFile`, else `$REGISTRY_AUTH_FILE`. Otherwise `$DOCKER_CONFIG/config.json`
 * if that is set, which podman and docker both prefer to all others (or `.dockerconfigjson` or `.dockercfg` in that directory,
 * as Kubernetes mounts them); `$XDG_RUNTIME_DIR/containers/auth.json`, else `/run/containers/$UID/auth.json`; below the home
 * directory `.config/containers/auth.json` (`$XDG_CONFIG_HOME`), `.docker/config.json` unless `$DOCKER_CONFIG` is set, and
 * `.dockercfg`. Implements containers-auth.json(5).
 */
export function authFileLocations(environment: CredentialEnvironment): readonly AuthFileLocation[] {
  const named = namedFile(environment);
  if (named !== undefined) return [{ path: named, required: true }];
  const dockerConfig = set(environment.variables["DOCKER_CONFIG"]);
  const paths = [
    ...(dockerConfig === undefined ? [] : DOCKER_CONFIG_NAMES.map((name) => join(dockerConfig, name))),
    runtimeFile(environment),
    userConfigFile(environment),
    dockerConfig === undefined ? inHome(environment, ".docker", "config.json") : undefined,
    inHome(environment, ".dockercfg"),
  ];
  const known = new Set(paths.filter((path) => path !== undefined));
  return [...known].map((path) => ({ path, required: false }));
}

/**
 * The file to which a login goes: the one that is named, else `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`, which
 * is the only one that docker and podman both read unasked. `undefined` without any of them.
 */
export function loginLocation(environment: CredentialEnvironment): string | undefined {
  const dockerConfig = set(environment.variables["DOCKER_CONFIG"]);
  const inDockerConfig = dockerConfig === undefined ? undefined : join(dockerConfig, "config.json");
  return namedFile(environment) ?? inDockerConfig ?? inHome(environment, ".docker", "config.json");
}

const DOCKER_CONFIG_NAMES = ["config.json", ".dockerconfigjson", ".dockercfg"];

function namedFile({ authFile, variables }: CredentialEnvironment): string | undefined {
  return authFile ?? set(variables["REGISTRY_AUTH_FILE"]);
}

/** Where podman keeps what is to be forgotten when the user's session ends; other systems have no such place. */
function runtimeFile(environment: CredentialEnvironment): string | undefined {
  const { variables, uid, platform = process.platform } = environment;
  if (platform === "win32" || platform === "darwin") return inHome(environment, ".config", "containers", "auth.json");
  const runtime = set(variables["XDG_RUNTIME_DIR"]);
  if (runtime !== undefined) return join(runtime, "containers", "auth.json");
  return uid === undefined ? undefined : `/run/containers/${uid}/auth.json`;
}

function userConfigFile(environment: CredentialEnvironment): string | undefined {
  const config = set(environment.variables["XDG_CONFIG_HOME"]);
  if (config !== undefined && isAbsolute(config)) return join(config, "containers", "auth.json");
  return inHome(environment, ".config", "containers", "auth.json");
}

function inHome(
  { variables, home = variables["HOME"] }: CredentialEnvironment,
  ...names: string[]
): string | undefined {
  return home !== undefined && isAbsolute(home) ? join(home, ...names) : undefined;
}

/** A variable that is set to nothing is not set. */
function set(variable: string | undefined): string | undefined {
  return variable === "" ? undefined : variable;
}
