/** Where configuration is looked for. Nothing here knows of the process: whoever calls says what surrounds it. */
import { isAbsolute, join } from "node:path";

export type Variables = Readonly<Record<string, string | undefined>>;

export interface Places {
  /** The environment variables. */
  readonly variables: Variables;
  /** The user's home directory. Default: the variable `HOME`; without either, nothing is looked for in a home. */
  readonly home?: string | undefined;
  /** Where the system keeps its configuration. Default: `/etc`. */
  readonly etc?: string | undefined;
}

/** A path below the system's configuration. */
export function systemPath({ etc = "/etc" }: Places, ...names: readonly string[]): string {
  return join(etc, ...names);
}

/**
 * A path below `~/.config`, where podman and skopeo look whatever `XDG_CONFIG_HOME` says; `undefined` without a home.
 */
export function userPath(
  { variables, home = variables["HOME"] }: Places,
  ...names: readonly string[]
): string | undefined {
  return home !== undefined && isAbsolute(home) ? join(home, ".config", ...names) : undefined;
}
