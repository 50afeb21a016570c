import { basename, join, resolve } from "node:path";

import { SkillError } from "../../errors.ts";
import { initSkill, type InitAnswers } from "../../skill/init.ts";
import { parseAuthor } from "../../skillcard/author.ts";
import { DEFAULT_NAMESPACE, DEFAULT_VERSION } from "../../skillcard/skill-markdown.ts";
import type { SkillCardAuthor } from "../../skillcard/types.ts";
import { quote } from "../../text/index.ts";
import { cardField, problemOf, type CardField } from "../card-fields.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import type { Environment } from "../environment.ts";
import { ExitStatus } from "../exit.ts";
import { shellWord } from "../shell-word.ts";
import { text } from "../values.ts";

interface Flags {
  readonly name?: string;
  readonly namespace?: string;
  readonly version?: string;
  readonly description?: string;
  readonly license?: string;
  readonly author?: SkillCardAuthor;
}

/** `skillctl init`: the first files of a new skill. */
export const initCommand: CommandDefinition<[directory: string | undefined], Flags> = {
  description:
    "Writes a skill.yaml and a SKILL.md that pack as they are. Files that exist are not touched. " +
    "On a terminal, without --description, asks for name, namespace, version, description and license, as far as the flags leave them open, " +
    "and checks each answer; a license may be left out. Authors are not asked for. Elsewhere --description is required.",
  arguments: [
    {
      syntax: "[directory]",
      summary: "the skill's directory (default: the current one)",
      completes: "directory",
      parse: text("directory"),
    },
  ],
  options: [
    {
      flags: "--name <name>",
      summary: "lower-case letters, digits and hyphens (default: the directory's name)",
      parse: cardField("name"),
    },
    {
      flags: "--namespace <namespace>",
      summary: `whose skill it is, as in acme or acme/tools (default: ${DEFAULT_NAMESPACE})`,
      parse: cardField("namespace"),
    },
    {
      flags: "--version <version>",
      summary: `a semantic version (default: ${DEFAULT_VERSION})`,
      parse: cardField("version"),
    },
    {
      flags: "--description <text>",
      summary: "what it does, and when an agent should use it",
      parse: cardField("description"),
    },
    { flags: "--license <expression>", summary: "an SPDX expression, as in Apache-2.0", parse: text("license") },
    { flags: "--author <author>", summary: "as in 'Ada Lovelace <ada@example.com>'", parse: author },
  ],
  examples: [
    { title: "Answering questions", command: "skillctl init my-skill" },
    { title: "With flags", command: "skillctl init my-skill --namespace acme --description 'Reviews pull requests.'" },
  ],
  exitStatus: { 1: "a file exists already, or the answers do not make a valid skill" },
  async run(context, [directory = "."], flags) {
    const { output } = context;
    const answers = await complete(flags, basename(resolve(directory)), context);
    const result = await initSkill(directory, answers);
    await output.result(
      result,
      (made) => made.files.map((file) => `${output.style.green("created")} ${join(made.directory, file)}\n`).join(""),
      (made) => `${made.directory}\n`,
    );
    await output.remark(`Next: skillctl pack ${shellWord(directory)}${context.storeOption}\n`);
    return ExitStatus.ok;
  },
};

/** The answers that the flags give; the person is asked for those that they leave open. */
async function complete(
  flags: Flags,
  directoryName: string,
  { isInteractive, environment }: Context,
): Promise<InitAnswers> {
  const { name = directoryName, description, ...rest } = flags;
  if (description !== undefined) return { ...rest, name, description };
  if (!isInteractive) {
    throw new SkillError("USAGE", "the skill needs a description, and there is no terminal to ask on", {
      hint: "Give --description 'What it does, and when an agent should use it.'",
    });
  }
  const { ask } = await import("../questions.ts");
  const answer = async (field: CardField, message: string, initial?: string): Promise<string> =>
    flags[field] ??
    ask(environment, {
      message,
      check: (text) => problemOf(field, text),
      ...(initial === undefined ? {} : { initial }),
    });
  const answers = {
    ...rest,
    name: await answer("name", "Name of the skill", directoryName),
    namespace: await answer("namespace", "Namespace (whose skill it is)", DEFAULT_NAMESPACE),
    version: await answer("version", "Version", DEFAULT_VERSION),
    description: await answer("description", "What does it do, and when should an agent use it?"),
  };
  const license = flags.license ?? (await askForLicense(environment));
  return license === "" ? answers : { ...answers, license };
}

/** Empty where the person does not want to say. */
async function askForLicense(environment: Environment): Promise<string> {
  const { ask } = await import("../questions.ts");
  return ask(environment, {
    message: "License, as an SPDX expression (Enter for none)",
    example: "Apache-2.0",
    check: (text) => (text === "" ? undefined : problemOf("license", text)),
  });
}

function author(given: string): SkillCardAuthor {
  const parsed = parseAuthor(given);
  if (parsed !== undefined) return parsed;
  throw new SkillError("USAGE", `${quote(given)} is not an author`, {
    hint: "Write a name, or Name <email>.",
  });
}
