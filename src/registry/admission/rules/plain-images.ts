import { refused, type Rule } from "../rule.ts";

/** Tags that tools give to what refers to an image, where a registry has no list of referrers. */
const REFERRER_TAG = /^sha(?:256-[0-9a-f]{64}|512-[0-9a-f]{128})(?:\.[a-z]+)?$/;

export const plainImages: Rule = {
  name: "plain-images",
  doc: "Images that are no skills are not stored; signatures and other referrers are. Off by default.",
  put({ skill, manifest, tag, repository }) {
    if (skill !== undefined || manifest.parsed.subject !== undefined) return;
    if (tag !== undefined && REFERRER_TAG.test(tag)) return;
    throw refused(
      `${repository} takes only skills, and this image does not say that it is one`,
      "Pack it with skillctl pack, and copy it in the OCI format: Docker's has no annotations.",
    );
  },
};
