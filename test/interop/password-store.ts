/** A password store that `docker-credential-pass` keeps credentials in: encrypted files below the workspace's home. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Workspace } from "./workspace.ts";

/** A password store in a workspace. */
export interface PasswordStore {
  /** Hands the credential helper what to answer for `server`, as `docker login` would. */
  remember(server: string, username: string, secret: string): Promise<void>;
  /** Ends the agent that holds the key; without it, it would outlive the workspace. */
  close(): Promise<void>;
}

/** Makes an empty store, with a key that needs no passphrase. */
export async function createPasswordStore(workspace: Workspace): Promise<PasswordStore> {
  const user = "tests@localhost";
  const key = ["--quick-generate-key", user, "default", "default", "never"];
  mkdirSync(join(workspace.directory, ".gnupg"), { mode: 0o700 });
  await workspace.output("gpg", "--batch", "--quiet", "--passphrase", "", ...key);
  await workspace.output("pass", "init", user);
  return {
    remember: async (server, username, secret) => {
      const file = workspace.write(
        "credential.json",
        JSON.stringify({ ServerURL: server, Username: username, Secret: secret }),
      );
      await workspace.output("sh", "-c", 'docker-credential-pass store <"$1"', "sh", file);
    },
    close: async () => {
      await workspace.output("gpgconf", "--kill", "gpg-agent");
    },
  };
}
