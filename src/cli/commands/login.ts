import { SkillError } from "../../errors.ts";
import type { LoginResult } from "../../remote/credentials/login.ts";
import type { Credential } from "../../remote/credentials/types.ts";
import { visibleLine } from "../../text/index.ts";
import type { CommandDefinition } from "../command.ts";
import type { Context } from "../context.ts";
import { credentialEnvironment, readPassword } from "../credentials.ts";
import { ExitStatus } from "../exit.ts";
import { REGISTRY_OPTIONS, type RegistryFlags } from "../registry-flags.ts";
import { openRegistries } from "../remote.ts";
import { text } from "../values.ts";
import { remarkWarnings } from "../words.ts";

interface Flags extends RegistryFlags {
  readonly username?: string;
  readonly passwordStdin?: boolean;
  readonly getLogin?: boolean;
}

/** `skillctl login`: credentials that the registry takes, where podman and docker find them too. */
export const loginCommand: CommandDefinition<[registry: string], Flags> = {
  description:
    "Asks the registry first, and keeps nothing that it does not take. Credentials go where podman and docker look too: " +
    "$REGISTRY_AUTH_FILE, else config.json in $DOCKER_CONFIG, else ~/.docker/config.json, or the credential helper that this " +
    "file names. On a terminal, asks for what is not given.",
  arguments: [
    {
      syntax: "<registry>",
      summary: "its host, as in quay.io, or a part of it, as in quay.io/myorg",
      parse: text("registry"),
    },
  ],
  options: [
    { flags: "-u, --username <name>", summary: "the user, or what the registry calls its robots", parse: text("name") },
    { flags: "--password-stdin", summary: "read the password or token from stdin" },
    { flags: "--get-login", summary: "print who is logged in, and ask nobody" },
    ...REGISTRY_OPTIONS,
  ],
  examples: [
    { title: "On a terminal", command: "skillctl login quay.io" },
    {
      title: "In a pipeline",
      command: 'echo "$TOKEN" | skillctl login quay.io --username myorg+robot --password-stdin',
    },
  ],
  exitStatus: { 1: "the registry does not take them, or cannot be asked; with --get-login: nobody is logged in" },
  async run(context, [registry], flags) {
    if (flags.getLogin === true) return printLogin(context, registry, flags);
    const { output, signal } = context;
    const { username, password } = await obtain(context, flags);
    const { login } = await import("../../remote/credentials/login.ts");
    const { registryKey } = await import("../../remote/credentials/registry-key.ts");
    let host = "";
    const verify = async (credential: Credential): Promise<void> => {
      const credentials = { find: async () => credential, isBeingTried: true };
      const store = await openRegistries(context, flags, { credentials });
      host = registryKey(await store.ping(registry, { signal }));
    };
    const result = await login({ registry, username, password, verify, signal }, credentialEnvironment(context, flags));
    await output.result(
      result,
      (done) => `${output.style.green("logged in")} to ${done.registry} as ${done.username}\n`,
      () => "",
    );
    const { storedIn, renewedIn } = result;
    await output.remark(`Kept in ${visibleLine([storedIn, ...renewedIn].join(", "))}\n`);
    await remarkWarnings(output, warningsOf(result, host));
    return ExitStatus.ok;
  },
};

/** What the person should know; `host` is where the credentials were tried. */
function warningsOf({ registry, isPlaintext }: LoginResult, host: string): readonly string[] {
  const [named] = registry.split("/");
  return [
    ...(isPlaintext
      ? ["whoever may read that file may read the password; a credential helper (credsStore) would keep it"]
      : []),
    // Each host is shown its own credentials only, as podman does, wherever a configuration leads.
    ...(named === host ? [] : [`registries.conf leads from ${registry} to ${host}: skillctl login ${host}`]),
  ];
}

/** From the flags, else from the person. */
async function obtain(
  context: Context,
  flags: Flags,
): Promise<{ readonly username: string; readonly password: string }> {
  const { environment, signal, isInteractive } = context;
  if (flags.passwordStdin === true) {
    if (flags.username === undefined) throw incomplete("--password-stdin needs --username");
    return { username: flags.username, password: await readPassword(environment.stdin, signal) };
  }
  if (!isInteractive) throw incomplete("there is no terminal on which to ask for the password");
  const { ask, askForSecret } = await import("../questions.ts");
  const username = flags.username ?? (await ask(environment, { message: "User name" }));
  return { username, password: await askForSecret(environment, "Password or token") };
}

function incomplete(problem: string): SkillError {
  return new SkillError("USAGE", problem, {
    hint: "Pipe the password in, as in skillctl login quay.io --username ada --password-stdin < password.txt",
  });
}

async function printLogin(context: Context, given: string, flags: Flags): Promise<ExitStatus> {
  const { fileCredentials } = await import("../../remote/credentials/files.ts");
  const { registryKey } = await import("../../remote/credentials/registry-key.ts");
  const registry = registryKey(given);
  const found = await fileCredentials(credentialEnvironment(context, flags)).find(registry, { signal: context.signal });
  if (found === undefined) {
    throw new SkillError("NOT_FOUND", `nobody is logged in to ${registry}`, {
      hint: `Log in: skillctl login ${registry}`,
    });
  }
  const username = found.kind === "basic" ? found.username : "<token>";
  await context.output.result({ registry, username }, () => `${visibleLine(username)}\n`);
  return ExitStatus.ok;
}
