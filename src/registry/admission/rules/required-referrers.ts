import { MediaType, type Digest } from "../../../oci/index.ts";
import { quote } from "../../../text/index.ts";
import type { AdmissionContext } from "../../hooks.ts";
import { findPredecessor } from "../promotion.ts";
import { isPublication } from "../publication.ts";
import { KINDS, whatIsWrong } from "../referrer-content.ts";
import { signatureTagOf } from "../referrer-tags.ts";
import { refused, type Rule } from "../rule.ts";
import type { Skill } from "../skill.ts";

/** How many referrers are looked into for one push: somebody may attach any number. */
const MAX_LOOKED = 1000;
/** Of how many it is remembered what is wrong with them. */
const MAX_KNOWN = 50_000;

/** `required`: `signature`, `scan`, `promotion`, or artifact types. */
export function requiredReferrers(required: readonly string[]): Rule {
  /** What is wrong with referrers that were looked into, so that the next push goes on where this one had enough. */
  const known = new Map<string, string>();

  return {
    name: "required-referrers",
    doc: "Before a skill is published, its image in testing has what is required: a signature, a scan, that speaks of this image. Whose it is, is not asked.",
    async put(change, context) {
      const { skill, repository } = change;
      if (required.length === 0 || skill === undefined || !(await isPublication(change, skill, context))) return;
      const before = await findPredecessor(skill, context);
      if (before === undefined) {
        throw refused(
          `${repository} ${skill.version} lacks ${required.join(" and ")} before it may be published`,
          "Promote the image in testing, with what is attached to it.",
        );
      }
      const { missing, isCutShort } = await search(required, before, context, known);
      if (missing.length === 0) return;
      const place = `${repository}@${before.held.descriptor.digest}, the image in testing`;
      throw refused(
        `${repository} ${skill.version} lacks ${missing.join(" and ")} before it may be published`,
        isCutShort
          ? `More is attached to ${place}, than is looked into at once. Promote again, to have the rest looked into.`
          : `Attach it to ${place}, and promote again.`,
      );
    },
  };
}

interface Found {
  /** Names of what is missing, with why what is there does not do. */
  readonly missing: readonly string[];
  /** Whether something was not looked into. */
  readonly isCutShort: boolean;
}

async function search(
  required: readonly string[],
  { held: { descriptor: subject } }: Skill,
  context: AdmissionContext,
  known: Map<string, string>,
): Promise<Found> {
  /** With the first problem of each. */
  const missing = new Map(required.map((name): [string, string | undefined] => [name, undefined]));
  let looked = 0;
  for await (const { type, digest } of referrersOf(subject.digest, context)) {
    for (const name of [...missing.keys()].filter((each) => typesOf(each).includes(type))) {
      const key = `${name} ${subject.digest} ${digest}`;
      let problem = known.get(key);
      if (problem === undefined) {
        if (++looked > MAX_LOOKED) break;
        const referrer = await context.manifest(digest);
        if (referrer === undefined) continue;
        problem = await whatIsWrong(name, type, referrer, subject, context);
        if (problem === undefined) {
          missing.delete(name);
          continue;
        }
        if (known.size >= MAX_KNOWN) known.clear();
        known.set(key, problem);
      }
      missing.set(name, missing.get(name) ?? `${digest}: ${problem}`);
    }
    if (missing.size === 0 || looked > MAX_LOOKED) break;
  }
  return {
    missing: [...missing].map(([name, problem]) =>
      problem === undefined ? quote(name) : `${quote(name)} (${problem})`,
    ),
    isCutShort: looked > MAX_LOOKED,
  };
}

function typesOf(name: string): readonly string[] {
  return KINDS[name]?.types ?? [name];
}

/** What refers to an image, by a tag, as cosign's older signatures do, or by its subject. */
async function* referrersOf(
  subject: Digest,
  context: AdmissionContext,
): AsyncGenerator<{ readonly type: string; readonly digest: Digest }, void, undefined> {
  const tagged = await context.tag(signatureTagOf(subject));
  const signature = tagged === undefined ? undefined : await context.manifest(tagged);
  if (signature !== undefined && signature.parsed.subject === undefined)
    yield { type: MediaType.cosignSignature, digest: signature.descriptor.digest };
  for await (const { descriptor } of context.referrers(subject)) {
    const { artifactType: type, digest } = descriptor;
    if (type !== undefined) yield { type, digest };
  }
}
