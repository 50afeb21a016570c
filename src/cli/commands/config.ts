import { SkillError } from "../../errors.ts";
import type { CommandDefinition } from "../command.ts";
import { listConfig, setConfig, unsetConfig, type Config, type ConfigEntry } from "../config/config.ts";
import { CONFIG_KEY_NAMES, CONFIG_KEYS, configKey, type ConfigKey } from "../config/keys.ts";
import type { Context } from "../context.ts";
import { ExitStatus } from "../exit.ts";
import type { GlobalFlags } from "../flags.ts";
import { table } from "../table.ts";
import { oneOf, text } from "../values.ts";

const ACTIONS = ["get", "set", "unset", "list"] as const;
type Action = (typeof ACTIONS)[number];

const SETTINGS = CONFIG_KEY_NAMES.map((key) => `${key} is ${CONFIG_KEYS[key].summary}`).join("; ");

/** `skillctl config`: what this user has settled for all calls. */
export const configCommand: CommandDefinition<
  [action: Action, key: string | undefined, value: string | undefined],
  GlobalFlags
> = {
  description:
    `Settings are kept in skillctl/config.yaml below $XDG_CONFIG_HOME (default: ~/.config), or in the file that ` +
    `$SKILLCTL_CONFIG names. An environment variable counts before the file, a flag before both. The settings: ${SETTINGS}.`,
  arguments: [
    { syntax: "<action>", summary: ACTIONS.join(", "), completes: ACTIONS, parse: oneOf("action", ACTIONS) },
    { syntax: "[key]", summary: "the setting", completes: CONFIG_KEY_NAMES, parse: text("setting") },
    { syntax: "[value]", summary: "what it shall be from now on", parse: text("value") },
  ],
  examples: [
    { title: "Where short names lead", command: "skillctl config set registry quay.io/myorg" },
    { title: "Every setting, and where it is from", command: "skillctl config list" },
  ],
  exitStatus: { 1: "the setting has no value, or the work failed" },
  async run(context, [action, key, value], { store }) {
    const expected = { get: 1, set: 2, unset: 1, list: 0 }[action];
    if ([key, value].filter((each) => each !== undefined).length !== expected) throw usage(action);
    const flags = store === undefined ? {} : { store };
    if (action === "list" || key === undefined) return list(context, flags);
    return ON_KEY[action](context, configKey(key), { value: value ?? "", flags });
  },
};

interface Given {
  readonly value: string;
  readonly flags: Config;
}

const ON_KEY: Readonly<
  Record<Exclude<Action, "list">, (context: Context, key: ConfigKey, given: Given) => Promise<ExitStatus>>
> = {
  get: async (context, key, { flags }) => {
    const entry = await entryOf(context, key, flags);
    if (entry?.value === undefined) {
      throw new SkillError("NOT_FOUND", `${key} has no value`, {
        hint: `Give it one: skillctl config set ${key} <value>`,
      });
    }
    await context.output.result(entry, (found) => `${found.value ?? ""}\n`);
    return ExitStatus.ok;
  },
  set: async (context, key, { value }) => {
    await setConfig(context.environment.variables, key, value);
    return settled(context, key);
  },
  unset: async (context, key) => {
    await unsetConfig(context.environment.variables, key);
    return settled(context, key);
  },
};

async function list({ environment, output }: Context, flags: Config): Promise<ExitStatus> {
  await output.result(
    await listConfig(environment.variables, flags),
    (entries) =>
      table(
        entries,
        [
          { title: "SETTING", value: (entry) => entry.key },
          { title: "VALUE", value: (entry) => entry.value ?? "-" },
          { title: "FROM", value: (entry) => entry.from ?? entry.source },
        ],
        output.style,
      ),
    (entries) => entries.map((entry) => `${entry.key}=${entry.value ?? ""}\n`).join(""),
  );
  return ExitStatus.ok;
}

/** Says what holds now, which need not be what the file says. */
async function settled(context: Context, key: ConfigKey): Promise<ExitStatus> {
  const { output } = context;
  const entry = await entryOf(context, key);
  await output.result(
    entry,
    (found) => `${key} ${found?.value === undefined ? "has no value" : `is ${found.value}`}\n`,
    () => "",
  );
  if (entry?.source === "environment") await output.remark(`The variable ${entry.from} counts before the file.\n`);
  return ExitStatus.ok;
}

async function entryOf({ environment }: Context, key: ConfigKey, flags?: Config): Promise<ConfigEntry | undefined> {
  return (await listConfig(environment.variables, flags)).find((entry) => entry.key === key);
}

function usage(action: Action): SkillError {
  const forms = { get: "get <key>", set: "set <key> <value>", unset: "unset <key>", list: "list" };
  return new SkillError("USAGE", `config ${action} takes other arguments`, {
    hint: `Write skillctl config ${forms[action]}`,
  });
}
