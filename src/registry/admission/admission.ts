/** The rules of a registry for skills, as it asks for them: all that are on, one after the other, the first objection counts. */
import type { ArchiveLimits } from "../../archive/index.ts";
import { SkillError } from "../../errors.ts";
import { quote, suggest } from "../../text/index.ts";
import type { Admission, AdmissionContext, HeldManifest, ManifestChange } from "../hooks.ts";
import { OutVersions } from "./out.ts";
import type { Rule } from "./rule.ts";
import { consistentAnnotations } from "./rules/consistent-annotations.ts";
import { immutableVersions } from "./rules/immutable-versions.ts";
import { latest } from "./rules/latest.ts";
import { lifecycle } from "./rules/lifecycle.ts";
import { plainImages } from "./rules/plain-images.ts";
import { promotionRecords } from "./rules/promotion-records.ts";
import { referrerTags } from "./rules/referrer-tags.ts";
import { removal } from "./rules/removal.ts";
import { requiredReferrers } from "./rules/required-referrers.ts";
import { twoPeople } from "./rules/two-people.ts";
import { validCard } from "./rules/valid-card.ts";
import { versionTags } from "./rules/version-tags.ts";
import { readSkill, type Skill } from "./skill.ts";
import { Steps } from "./steps.ts";

/** The section `admission` of a configuration. */
export interface AdmissionConfig {
  /** Turns rules on or off by their names. Default: all on but `plain-images` and `two-people`. */
  readonly rules?: Readonly<Record<string, boolean>>;
  /** What must refer to an image in testing before it is published: `signature`, `scan`, `promotion`, or artifact types. Default: nothing. */
  readonly requiredReferrers?: readonly string[];
  /** What a skill's layers may ask, beside the defaults: 32 MiB packed, 64 MiB unpacked, 10,000 entries, 16 MiB a file. */
  readonly limits?: Partial<ArchiveLimits>;
}

const OFF_BY_DEFAULT = new Set(["plain-images", "two-people"]);

/** All rules with their settings, in the order in which they are asked: what costs little, and what explains most, first. */
export function allRules(config: AdmissionConfig = {}, steps = new Steps()): readonly Rule[] {
  const out = new OutVersions();
  return [
    plainImages,
    consistentAnnotations,
    immutableVersions(out),
    lifecycle(steps),
    latest(out),
    versionTags(),
    removal(out),
    twoPeople(steps),
    promotionRecords(steps, out, config.rules?.["two-people"]),
    referrerTags(out),
    requiredReferrers(config.requiredReferrers ?? []),
    validCard(config.limits ?? {}),
  ];
}

/**
 * Makes the rules of a configuration; `steps` is what those before them have seen. Throws `CONFIG_INVALID` for a rule that
 * there is not, or a limit that is none.
 */
export function createAdmission(config: AdmissionConfig = {}, steps = new Steps()): Admission {
  const all = allRules(config, steps);
  checkConfig(config, all);
  const rules = all.filter(({ name }) => config.rules?.[name] ?? !OFF_BY_DEFAULT.has(name));
  return { review: async (change, context) => review(rules, change, context) };
}

async function review(rules: readonly Rule[], change: ManifestChange, context: AdmissionContext): Promise<void> {
  const currentSkill = await skillOf(change.current, context);
  if (change.kind !== "put") {
    for (const rule of rules) await rule.remove?.({ ...change, currentSkill }, context);
    return;
  }
  const skill = await skillOf(change.manifest, context);
  for (const rule of rules) await rule.put?.({ ...change, skill, currentSkill }, context);
}

async function skillOf(held: HeldManifest | undefined, context: AdmissionContext): Promise<Skill | undefined> {
  return held === undefined ? undefined : readSkill(held, context);
}

/** Throws `CONFIG_INVALID` unless it is the name of a rule. */
export function checkRule(name: string, all: readonly Rule[] = allRules()): void {
  const names = all.map((rule) => rule.name);
  if (names.includes(name)) return;
  const meant = suggest(name, names);
  throw new SkillError("CONFIG_INVALID", `${quote(name)} is not a rule`, {
    hint: meant === undefined ? `The rules are ${names.join(", ")}.` : `Did you mean ${meant}?`,
  });
}

function checkConfig({ rules = {}, limits = {} }: AdmissionConfig, all: readonly Rule[]): void {
  for (const name of Object.keys(rules)) checkRule(name, all);
  for (const [name, limit] of Object.entries(limits)) {
    if (limit > 0) continue;
    throw new SkillError("CONFIG_INVALID", `${limit} is not a limit for ${quote(name)}`, {
      hint: "Limits are above 0.",
    });
  }
}
