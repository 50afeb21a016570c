/**
 * What a token is asked for, and what it is good for: `repository:myorg/hello:pull,push`, `registry:catalog:*`.
 * Distribution project, "Token Scope Documentation".
 */
import { isRepositoryPath } from "../../oci/index.ts";
import type { Action } from "../hooks.ts";

/** One thing that a token is good for, as its claim `access` holds it. */
export interface Scope {
  readonly type: "repository" | "registry";
  readonly name: string;
  readonly actions: readonly string[];
}

/** More than a client that mounts from many repositories asks for. */
const MAX_SCOPES = 100;
const ACTIONS: readonly Action[] = ["pull", "push", "delete"];
const SCOPE = /^([a-z]+)(?:\([^()]*\))?:(.+):([^:]*)$/;

/**
 * Reads scopes, several to a value or several values. What is not understood is left out, as a token may be good for less than
 * was asked for. `undefined` when there are more than 100.
 */
export function parseScopes(values: readonly string[]): readonly Scope[] | undefined {
  const texts = values.flatMap((value) => value.split(" ", MAX_SCOPES + 1)).filter((text) => text !== "");
  if (texts.length > MAX_SCOPES) return undefined;
  const scopes = new Map<string, Scope>();
  for (const scope of texts.flatMap(parseScope)) {
    const key = `${scope.type}:${scope.name}`;
    const known = scopes.get(key)?.actions ?? [];
    scopes.set(key, { ...scope, actions: [...new Set([...known, ...scope.actions])] });
  }
  return [...scopes.values()];
}

/** Writes what a client has to ask for to do this. */
export function formatScope(repository: string, action: Action): string {
  // Who pushes looks first at what is there, and who deletes too.
  const actions = action === "pull" ? "pull" : action === "push" ? "pull,push" : "pull,delete";
  return `repository:${repository}:${actions}`;
}

function parseScope(text: string): Scope[] {
  const [, type, name = "", wanted = ""] = SCOPE.exec(text) ?? [];
  if (type === "registry" && name === "catalog" && wanted === "*") return [{ type, name, actions: ["*"] }];
  if (type !== "repository" || !isRepositoryPath(name)) return [];
  const list = wanted.split(",");
  const actions = list.includes("*") ? ACTIONS : ACTIONS.filter((action) => list.includes(action));
  return actions.length === 0 ? [] : [{ type, name, actions }];
}
