/**
 * One skill that is packed, promoted, tagged and untagged, version after version, by real commands of which some are
 * killed; and the tags that the store must hold because of what was acknowledged.
 */
import { finished, type Workspace } from "../e2e/skillctl.ts";
import type { Killer } from "./killer.ts";

/** A command, and what it does to the tags of the skill: all of it or nothing. */
interface Step {
  readonly args: readonly string[];
  readonly sets: readonly string[];
  readonly removes: readonly string[];
}

/** The part of a result that tells the digest of the image that was acknowledged. */
interface Acknowledgement {
  readonly digest: string;
}

interface Listed extends Acknowledgement {
  readonly tag: string;
}

export class SkillLife {
  readonly name: string;
  /** What every tag must name. */
  readonly tags = new Map<string, string>();
  /** What was found wrong. */
  readonly violations: string[] = [];
  kills = 0;
  acknowledged = 0;
  readonly #user: Workspace;
  readonly #killer: Killer;
  readonly #random: () => number;
  #version = 0;
  #contents = 0;

  constructor(user: Workspace, name: string, killer: Killer, random: () => number) {
    this.#user = user;
    this.name = name;
    this.#killer = killer;
    this.#random = random;
  }

  /** Runs the next command of this life, and checks what it left behind when it was killed. */
  async live(): Promise<void> {
    const step = await this.#next();
    const child = this.#user.start([...step.args, "--json"]);
    this.#killer.stalk(child);
    const { status, stdout, stderr } = await finished(child);
    if (status === 0) return this.#acknowledge(step, stdout);
    if (status !== null) this.violations.push(`${step.args.join(" ")} ended with ${status}: ${stderr}`);
    else this.kills += 1;
    await this.#lookFor(step);
  }

  /** The tags that the store holds, with their digests. */
  async stored(): Promise<Map<string, string>> {
    const listed = (await this.#user.json("list", `examples/${this.name}`)) as readonly Listed[];
    return new Map(listed.map(({ tag, digest }) => [tag, digest]));
  }

  /** What to do follows from the tags, so it does not matter whether a killed command had its effect. */
  async #next(): Promise<Step> {
    const repository = `examples/${this.name}`;
    const version = `1.0.${this.#version}`;
    const kept = `kept-${this.#version}`;
    const previous = `kept-${this.#version - 1}`;
    if (this.#random() < 0.1) return { args: ["prune", "--grace", "1m"], sets: [], removes: [] };
    if (this.tags.has(`${version}-testing`))
      return this.#promotion(`${version}-testing`, "published", [version, "latest"]);
    if (!this.tags.has(version)) {
      const draft = `${version}-draft`;
      if (this.tags.has(draft) && this.#random() < 0.7)
        return this.#promotion(draft, "testing", [`${version}-testing`]);
      return this.#pack(version);
    }
    if (!this.tags.has(kept)) {
      return { args: ["tag", `${repository}:${version}`, `${repository}:${kept}`], sets: [kept], removes: [] };
    }
    this.#version += 1;
    if (!this.tags.has(previous)) return this.#next();
    return { args: ["rm", "--force", `${repository}:${previous}`], sets: [], removes: [previous] };
  }

  async #pack(version: string): Promise<Step> {
    this.#contents += 1;
    const text = `content ${this.#contents} of ${this.name}\n`.repeat(1 + Math.floor(this.#random() * 5000));
    await this.#user.skill(this.name, { version }, { "references/text.md": text });
    return { args: ["pack", this.name], sets: [`${version}-draft`], removes: [] };
  }

  #promotion(tag: string, to: string, sets: readonly string[]): Step {
    return { args: ["promote", `examples/${this.name}:${tag}`, "--to", to, "--local"], sets, removes: [tag] };
  }

  #acknowledge({ sets, removes }: Step, stdout: string): void {
    this.acknowledged += 1;
    for (const tag of removes) this.tags.delete(tag);
    for (const tag of sets) this.tags.set(tag, digestIn(stdout));
  }

  /** After a command that was not acknowledged, the tags are as before or as after it; nothing in between. */
  async #lookFor({ args, sets, removes }: Step): Promise<void> {
    const before = new Map(this.tags);
    const found = await this.stored();
    const isDone = sets.some((tag) => found.get(tag) !== before.get(tag)) || removes.some((tag) => !found.has(tag));
    if (isDone) {
      for (const tag of removes) before.delete(tag);
      for (const tag of sets) before.set(tag, found.get(sets[0] ?? "") ?? "nothing");
    }
    const differing = [...new Set([...before.keys(), ...found.keys()])].filter(
      (tag) => before.get(tag) !== found.get(tag),
    );
    for (const tag of differing) {
      this.violations.push(`after ${args.join(" ")}: ${tag} is ${found.get(tag)}, not ${before.get(tag)}`);
    }
    this.tags.clear();
    for (const [tag, digest] of found) this.tags.set(tag, digest);
  }
}

/** The digest in the result of a command that sets tags. */
function digestIn(stdout: string): string {
  const result = JSON.parse(stdout) as Acknowledgement | readonly [Acknowledgement];
  return "digest" in result ? result.digest : result[0].digest;
}
