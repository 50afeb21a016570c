/** A git repository of skills, made for a test: with history, branches and clones, and none of the settings of whoever runs it. */
import { cp, rename, rm } from "node:fs/promises";

import type { Result, Workspace } from "./skillctl.ts";

const IDENTITY = {
  GIT_AUTHOR_NAME: "An Author",
  GIT_AUTHOR_EMAIL: "author@example.com",
  GIT_COMMITTER_NAME: "An Author",
  GIT_COMMITTER_EMAIL: "author@example.com",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};

/** The variables by which a pipeline would be recognised, where the tests themselves run in one. */
const NO_PIPELINE = { GITHUB_ACTIONS: "", GITLAB_CI: "" };

export class SkillRepository {
  readonly workspace: Workspace;
  readonly name: string;

  private constructor(workspace: Workspace, name: string) {
    this.workspace = workspace;
    this.name = name;
  }

  /** An empty repository in the workspace, on the branch `main`. */
  static async create(workspace: Workspace, name = "repo"): Promise<SkillRepository> {
    await workspace.write({ [`${name}/README.md`]: "# Skills\n" });
    const repository = new SkillRepository(workspace, name);
    await repository.git("init", "--quiet", "--initial-branch=main");
    return repository;
  }

  /** The same repository in another workspace. */
  async copyTo(workspace: Workspace): Promise<SkillRepository> {
    await cp(this.workspace.path(this.name), workspace.path(this.name), { recursive: true });
    return new SkillRepository(workspace, this.name);
  }

  /** Runs git in it; resolves to what it prints. */
  async git(...args: readonly string[]): Promise<string> {
    const result = await this.workspace.shell("git", ["-C", this.name, ...args], { env: IDENTITY });
    if (result.status !== 0) throw new Error(`git ${args.join(" ")}: ${result.stderr}`);
    return result.stdout.trim();
  }

  /** Commits all that is there; resolves to the commit. */
  async commit(message = "A change"): Promise<string> {
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", "--message", message);
    return this.git("rev-parse", "HEAD");
  }

  /** Writes `skills/<name>`; the same again, with another text or version, changes it. */
  async skill(name: string, text = "Do it.", version = "1.0.0"): Promise<void> {
    const body = `# ${name}\n\n${text}\n`;
    await this.workspace.skill(`${this.name}/skills/${name}`, { name, version }, { "SKILL.md": body });
  }

  async move(from: string, to: string): Promise<void> {
    const path = (name: string): string => this.workspace.path(this.name, "skills", name);
    await rename(path(from), path(to));
  }

  async remove(name: string): Promise<void> {
    await rm(this.workspace.path(this.name, "skills", name), { recursive: true });
  }

  /** Runs `skillctl ci` in it. */
  async ci(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Result> {
    return this.workspace.run(["ci", ...args], {
      cwd: this.workspace.path(this.name),
      env: { ...IDENTITY, ...NO_PIPELINE, HOME: this.workspace.directory, ...env },
    });
  }

  /** Runs it, and reads its report, whatever became of the skills. */
  async report(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Report> {
    const { status, stdout, stderr } = await this.ci([...args, "--json"], env);
    if (stdout === "") throw new Error(`skillctl ci ${args.join(" ")} exited with ${status}: ${stderr}`);
    return { ...(JSON.parse(stdout) as Report), status };
  }

  /** A clone beside it, with the branches of this one as those of its origin. */
  async clone(name: string, ...options: readonly string[]): Promise<SkillRepository> {
    const from = `file://${this.workspace.path(this.name)}`;
    await this.workspace.shell("git", ["clone", "--quiet", ...options, "--", from, name], { env: IDENTITY });
    return new SkillRepository(this.workspace, name);
  }
}

/** What `skillctl ci --json` prints, and its exit status. */
export interface Report {
  readonly status: number | null;
  readonly stage: string;
  readonly head: string;
  readonly base?: string;
  readonly source?: string;
  readonly ok: boolean;
  readonly skills: readonly {
    readonly directory: string;
    readonly change: string;
    readonly previous?: string;
    readonly outcome: string;
    readonly reference?: string;
    readonly digest?: string;
    readonly status?: string;
    readonly commit?: string;
    readonly warnings: readonly string[];
    readonly issues: readonly { readonly file: string; readonly line: number }[];
    readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
  }[];
}

/** Each skill's directory with what became of it: `skills/a added valid`. */
export function outcomes({ skills }: Report): string[] {
  return skills.map(({ directory, change, outcome }) => `${directory} ${change} ${outcome}`);
}
