/** Single fields of a card to be, judged by the library's own rules as soon as they are known. */
import { SkillError } from "../errors.ts";
import { serializeSkillCard } from "../skillcard/serialize.ts";
import { SKILLCARD_API_VERSION, SKILLCARD_KIND, type SkillCardMetadata } from "../skillcard/types.ts";
import { validateSkillCard } from "../skillcard/validate.ts";

/** A field that is one line of text. */
export type CardField = "name" | "namespace" | "version" | "description" | "license";

/** What the other fields are while one is judged. */
const SOUND: SkillCardMetadata = { name: "a", namespace: "a", version: "1.0.0", description: "a" };

/** What is wrong with `text` as that field, or doubtful as a license, and what to write instead; `undefined` when nothing is. */
export function problemOf(field: CardField, text: string): string | undefined {
  const issue = issueOf(field, text);
  return issue === undefined ? undefined : [issue.message, issue.hint].filter(Boolean).join(". ");
}

/** The text of a flag as that field. Throws `USAGE`. */
export function cardField(field: CardField): (text: string) => string {
  return (text) => {
    const issue = issueOf(field, text);
    if (issue === undefined) return text;
    throw new SkillError("USAGE", issue.message, issue.hint === undefined ? {} : { hint: issue.hint });
  };
}

function issueOf(field: CardField, text: string): ReturnType<typeof validateSkillCard>["issues"][number] | undefined {
  const metadata = { ...SOUND, [field]: text };
  const card = serializeSkillCard({ apiVersion: SKILLCARD_API_VERSION, kind: SKILLCARD_KIND, metadata });
  return validateSkillCard(card).issues.find(
    (issue) => issue.severity === "error" || issue.path === "metadata.license",
  );
}
