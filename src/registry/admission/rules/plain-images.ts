import { subjectOfTag } from "../referrer-tags.ts";
import { refused, type Rule } from "../rule.ts";

export const plainImages: Rule = {
  name: "plain-images",
  doc: "Images that are no skills are not stored; signatures and other referrers are. Off by default.",
  put({ skill, manifest, tag, repository }) {
    if (skill !== undefined || manifest.parsed.subject !== undefined) return;
    if (tag !== undefined && subjectOfTag(tag) !== undefined) return;
    throw refused(
      `${repository} takes only skills, and this image does not say that it is one`,
      "Pack it with skillctl pack, and copy it in the OCI format: Docker's has no annotations.",
    );
  },
};
