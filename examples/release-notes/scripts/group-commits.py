#!/usr/bin/env python3
"""Groups commits by their Conventional Commits prefix and prints them as Markdown.

Reads JSON Lines from standard input, as collect-commits.sh prints them.
"""

import argparse
import json
import re
import sys

GROUPS = {
    "breaking": "Breaking changes",
    "feat": "Features",
    "fix": "Fixes",
    "perf": "Performance",
    "docs": "Documentation",
    "other": "Other changes",
}

SUBJECT = re.compile(r"^(?P<kind>[a-z]+)(?:\((?P<scope>[^()]+)\))?(?P<bang>!)?: (?P<text>.+)$")


def classify(commit):
    """Returns the group of a commit and the text to list it by."""
    match = SUBJECT.match(commit["subject"])
    text = match["text"] if match else commit["subject"]
    if match and match["scope"]:
        text = f"**{match['scope']}:** {text}"
    if (match and match["bang"]) or "BREAKING CHANGE:" in commit.get("body", ""):
        return "breaking", text
    kind = match["kind"] if match else "other"
    return (kind if kind in GROUPS else "other"), text


def read_commits(lines):
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            commit = json.loads(line)
            yield {"hash": str(commit["hash"]), "subject": str(commit["subject"]), "body": str(commit.get("body", ""))}
        except (ValueError, KeyError, TypeError) as error:
            sys.exit(f"group-commits: line {number} is not a commit in JSON: {error}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--title", default="Changes", help="the heading (default: %(default)s)")
    options = parser.parse_args()

    groups = {name: [] for name in GROUPS}
    for commit in read_commits(sys.stdin):
        name, text = classify(commit)
        groups[name].append(f"- {text} ({commit['hash']})")

    print(f"# {options.title}")
    for name, entries in groups.items():
        if entries:
            print(f"\n## {GROUPS[name]}\n")
            print("\n".join(entries))


if __name__ == "__main__":
    main()
