import { join } from "node:path";

import { SkillError } from "../../errors.ts";
import type { NewRobotToken, RobotToken, RobotTokens } from "../../registry/access/robots.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import { registryPlace, ROOT_OPTIONS, withRegistry, type RootFlags } from "../registry-root.ts";
import { table } from "../table.ts";
import { duration, oneOf, text } from "../values.ts";

const ACTIONS = ["create", "list", "revoke"] as const;
type Action = (typeof ACTIONS)[number];

const DAY = 86_400_000;
const DEFAULT_EXPIRY = 90 * DAY;

interface Flags extends RootFlags {
  readonly expires?: number;
}

interface Call {
  readonly context: Context;
  readonly tokens: RobotTokens;
  readonly name: string;
  readonly flags: Flags;
}

/** `skillctl robot`: passwords for programs that use a registry. */
export const robotCommand: CommandDefinition<[action: Action, name: string | undefined], Flags> = {
  description:
    "A robot token is a password for a program, with a name and an end. It logs in as robot+NAME and may do what the " +
    "server's configuration grants that name. create prints it, once: the registry keeps only its hash, in " +
    "access/robots.json below its root, or where its configuration says. A running server knows of every change within a second, if its configuration has a " +
    "section access.",
  arguments: [
    { syntax: "<action>", summary: ACTIONS.join(", "), completes: ACTIONS, parse: oneOf("action", ACTIONS) },
    { syntax: "[name]", summary: "lower-case letters, digits and dashes", parse: text("name") },
  ],
  options: [
    ...ROOT_OPTIONS,
    {
      flags: "--expires <time>",
      summary: "for how long a new token is good, as in 12h or 30d (default: 90d)",
      parse: duration,
    },
  ],
  examples: [
    { title: "A password for a program", command: "skillctl robot create ci --expires 30d" },
    { title: "Only the password", command: "skillctl robot create ci --root registry --quiet > password" },
    { title: "Which there are, and until when", command: "skillctl robot list" },
    { title: "End one at once", command: "skillctl robot revoke sync" },
  ],
  async run(context, [action, name], flags) {
    if ((name === undefined) !== (action === "list")) throw usage(action);
    if (flags.expires !== undefined && action !== "create") {
      throw new SkillError("USAGE", `--expires says nothing to robot ${action}`, {
        hint: "It is for skillctl robot create.",
      });
    }
    const place = await registryPlace(context, flags);
    // Whoever names another registry by mistake makes tokens that are good nowhere.
    await withRegistry(context, place, async () => undefined);
    const now = (): number => context.environment.now().getTime();
    const { RobotTokens } = await import("../../registry/access/robots.ts");
    const tokens = new RobotTokens(place.config.access?.robots ?? join(place.root, "access", "robots.json"), { now });
    await ACTION[action]({ context, tokens, name: name ?? "", flags });
    return ExitStatus.ok;
  },
};

const ACTION: Readonly<Record<Action, (call: Call) => Promise<void>>> = {
  create: async ({ context: { environment, output }, tokens, name, flags: { expires = DEFAULT_EXPIRY } }) => {
    const { user } = environment;
    const until = environment.now().getTime() + expires;
    const token = await tokens.create(name, until, user === undefined ? {} : { createdBy: user });
    await output.result(token, describe, ({ secret }) => `${secret}\n`);
    await output.remark("The password is not shown again.\n");
  },
  list: async ({ context: { environment, output }, tokens }) => {
    await output.result(
      await tokens.list(),
      (all) =>
        table(
          all,
          [
            { title: "NAME", value: ({ name }) => name },
            { title: "STATE", value: (token) => stateOf(token, environment.now()) },
            { title: "EXPIRES", value: ({ expires }) => expires },
            { title: "CREATED BY", value: ({ createdBy }) => createdBy ?? "-" },
          ],
          output.style,
        ),
      (all) => all.map(({ name }) => `${name}\n`).join(""),
    );
  },
  revoke: async ({ context: { output }, tokens, name }) => {
    if (!(await tokens.revoke(name))) {
      throw new SkillError("NOT_FOUND", `there is no good token ${name}`, {
        hint: "See which there are: skillctl robot list.",
      });
    }
    const revoked = (await tokens.list()).find((token) => token.name === name || token.name === `robot+${name}`);
    await output.result(
      revoked,
      (token) => `revoked ${token?.name ?? name}\n`,
      () => "",
    );
  },
};

function describe({ name, secret, expires }: NewRobotToken): string {
  return `user      ${name}\npassword  ${secret}\nuntil     ${expires}\n`;
}

function stateOf({ revoked, expires }: RobotToken, now: Date): string {
  if (revoked !== undefined) return "revoked";
  return Date.parse(expires) > now.getTime() ? "good" : "expired";
}

function usage(action: Action): SkillError {
  const forms = { create: "create <name>", list: "list", revoke: "revoke <name>" };
  return new SkillError("USAGE", `robot ${action} takes other arguments`, {
    hint: `Write skillctl robot ${forms[action]}`,
  });
}
