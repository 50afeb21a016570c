/** The configuration file of a server: YAML, every problem with its line and column. */
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

import { SkillError } from "../../errors.ts";
import { toIssues, type Problem } from "../../skillcard/problem.ts";
import { Source } from "../../skillcard/source.ts";
import { locate, readYaml, valueAt, type YamlDocument } from "../../skillcard/yaml-document.ts";
import { visibleLine } from "../../text/index.ts";
import { ServerConfigError } from "./error.ts";
import { serverConfigShape, type ServerConfig } from "./schema.ts";

/** Reads a file. Throws `FILE_UNREADABLE`, and `CONFIG_INVALID` with the first problems as `file:line:column`. */
export async function readServerConfig(file: string): Promise<ServerConfig> {
  const path = resolve(file);
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (cause) {
    throw new SkillError("FILE_UNREADABLE", `cannot read ${visibleLine(path)}: ${(cause as Error).message}`, {
      hint: "Check the path, and that you may read the file.",
      cause,
    });
  }
  return parseServerConfig(content, path);
}

/** {@link readServerConfig} for text; `file` is its name in messages, and where relative paths begin. */
export function parseServerConfig(content: string, file: string): ServerConfig {
  const source = new Source(content, file);
  const document = readYaml(source);
  const problems = [...document.problems];
  let config: ServerConfig | undefined = {};
  if (document.value !== undefined && document.value !== null && problems.length === 0) {
    config = serverConfigShape(document.value, {
      pointer: "",
      directory: dirname(resolve(file)),
      report: (pointer, message, hint) => problems.push(problemAt(document, pointer, message, hint)),
    });
  }
  if (problems.length === 0 && config !== undefined) return config;
  throw new ServerConfigError(file, toIssues(source, problems));
}

function problemAt(document: YamlDocument, pointer: string, message: string, hint: string | undefined): Problem {
  const place = locate(document, pointer);
  const isThere = valueAt(document, pointer) !== undefined;
  const isAboutKey = message.startsWith("the key ");
  return {
    severity: "error",
    path: place.path,
    message: isAboutKey ? message : `${place.path === "" ? "the file" : place.path} ${message}`,
    ...(hint === undefined ? {} : { hint }),
    span: isAboutKey && isThere ? (place.key ?? place.value) : place.value,
  };
}
