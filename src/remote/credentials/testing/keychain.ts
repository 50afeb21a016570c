/** A credential helper in memory, as the programs `docker-credential-*` behave, and what was asked of it. */
import type { ProgramResult, RunProgram } from "../run-program.ts";

interface Secret {
  readonly Username: string;
  readonly Secret: string;
}

export class Keychain {
  /** By server. */
  readonly secrets = new Map<string, Secret>();
  /** `docker-credential-test get quay.io`, in order. */
  readonly asked: string[] = [];
  /** Of the only helper that is installed. Default: `test`. */
  readonly program: string;
  /** Whether its list leaves out all that it has. */
  listsNothing = false;

  constructor(name = "test") {
    this.program = `docker-credential-${name}`;
  }

  readonly run: RunProgram = async (program, action, input) => {
    const isStore = action === "store";
    const { ServerURL: server, ...secret } = isStore
      ? (JSON.parse(input) as Secret & { ServerURL: string })
      : { ServerURL: input };
    this.asked.push(`${program} ${action} ${server}`);
    if (program !== this.program) return { status: "absent", stdout: "", stderr: "" };
    if (isStore) this.secrets.set(server, secret as Secret);
    if (action === "list") {
      if (this.listsNothing) return done({});
      return done(Object.fromEntries([...this.secrets].map(([each, { Username }]) => [each, Username])));
    }
    const found = this.secrets.get(server);
    if (found === undefined) return { status: 1, stdout: "credentials not found in native keychain\n", stderr: "" };
    if (action === "erase") this.secrets.delete(server);
    return action === "get" ? done({ ServerURL: server, ...found }) : done();
  };
}

function done(answer?: object): ProgramResult {
  return { status: 0, stdout: answer === undefined ? "" : JSON.stringify(answer), stderr: "" };
}
