import { quote } from "../../../text/index.ts";
import { findPredecessor } from "../promotion.ts";
import { isPublication } from "../publication.ts";
import { nameOf, notAllowed, refused, type Rule } from "../rule.ts";
import type { Steps } from "../steps.ts";
import { whoTook } from "../who-took.ts";

/** Where nobody can tell who took a skill to testing, nobody publishes it. */
export function twoPeople(steps: Steps): Rule {
  return {
    name: "two-people",
    doc: "Who publishes a skill is not who took it to testing. Off by default.",
    async put(change, context) {
      const { skill, repository, identity } = change;
      if (skill === undefined || !(await isPublication(change, skill, context))) return;
      const before = await findPredecessor(skill, context);
      const tester =
        before === undefined ? undefined : await whoTook(change, before.held.descriptor.digest, context, steps);
      if (tester !== undefined && identity.name !== undefined && tester !== identity.name) return;
      const version = `${repository} ${skill.version}`;
      if (tester === undefined || identity.name === undefined) {
        throw refused(
          `it is not known who took ${version} to testing, so nobody can publish it`,
          "Push its draft once more and take it to testing, skillctl promote records who does; somebody else may publish it then.",
        );
      }
      throw notAllowed(
        `${quote(nameOf(identity))} took ${version} to testing, and may not publish it as well`,
        "Ask somebody else with the role approver there to promote it.",
      );
    },
  };
}
