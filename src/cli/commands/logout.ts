import { SkillError } from "../../errors.ts";
import { quote } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import { credentialEnvironment } from "../credentials.ts";
import { ExitStatus } from "../exit.ts";
import { AUTH_OPTIONS, type RegistryFlags } from "../registry-flags.ts";
import { text } from "../values.ts";

interface Flags extends RegistryFlags {
  readonly all?: boolean;
}

/** `skillctl logout`: credentials are forgotten. */
export const logoutCommand: CommandDefinition<[registry: string | undefined], Flags> = {
  description:
    "Takes a registry's credentials out of every file and credential helper in which skillctl, podman and docker would find " +
    "them. Other registries, and parts of this one that have credentials of their own, keep theirs.",
  arguments: [{ syntax: "[registry]", summary: "its host, as in quay.io, or a part of it", parse: text("registry") }],
  options: [{ flags: "--all", summary: "log out of every registry" }, ...AUTH_OPTIONS],
  examples: [
    { title: "One registry", command: "skillctl logout quay.io" },
    { title: "All of them", command: "skillctl logout --all" },
  ],
  async run(context, [registry], flags) {
    const { output, signal } = context;
    if ((registry === undefined) !== (flags.all === true)) {
      throw new SkillError(
        "USAGE",
        registry === undefined ? "which registry?" : "a registry and --all exclude each other",
        {
          hint: "Name one registry, as in skillctl logout quay.io, or give --all.",
        },
      );
    }
    const environment = credentialEnvironment(context, flags);
    const results =
      registry === undefined
        ? await (await import("../../remote/credentials/logout-all.ts")).logoutAll(environment, { signal })
        : [await (await import("../../remote/credentials/logout.ts")).logout(registry, environment, { signal })];
    const removed = results.filter(({ removedFrom }) => removedFrom.length > 0);
    await output.result(
      removed,
      (all) =>
        all
          .map((each) => `${output.style.green("logged out")} of ${each.registry}: ${each.removedFrom.join(", ")}\n`)
          .join(""),
      () => "",
    );
    if (removed.length === 0)
      await output.remark(
        registry === undefined ? "Nobody was logged in.\n" : `Nobody was logged in to ${quote(registry)}.\n`,
      );
    return ExitStatus.ok;
  },
};
