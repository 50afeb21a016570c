#!/bin/sh
# Prints the commits between two points of a git history as JSON Lines. Reads the repository, changes nothing.
#
# Usage: collect-commits.sh [FROM [TO]]
#   FROM  a tag, branch or commit; default: the newest tag before TO, or the whole history when there is none
#   TO    default: HEAD
set -eu

case "${1-}" in
  -h | --help)
    sed -n '2,6s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
esac

fail() {
  printf 'collect-commits: %s\n' "$1" >&2
  exit 1
}

git rev-parse --git-dir >/dev/null 2>&1 || fail "this is not a git repository"

to=${2:-HEAD}
git rev-parse --quiet --verify --end-of-options "$to^{commit}" >/dev/null || fail "no such commit: $to"

if [ $# -ge 1 ]; then
  from=$1
  git rev-parse --quiet --verify --end-of-options "$from^{commit}" >/dev/null || fail "no such commit: $from"
else
  # The tag of TO itself would give an empty list, so the search begins at its parent.
  from=$(git describe --tags --abbrev=0 "$to^" 2>/dev/null) || from=
fi

range=$to
[ -z "$from" ] || range="$from..$to"

# Fields are divided by unit separators and commits by record separators: neither occurs in commit messages.
git log --no-merges --no-color --date=short --format='%h%x1f%ad%x1f%an%x1f%s%x1f%b%x1e' --end-of-options "$range" |
  python3 -c '
import json, sys

fields = ("hash", "date", "author", "subject", "body")
for record in sys.stdin.buffer.read().decode("utf-8", "replace").split("\x1e"):
    if record.strip():
        values = [value.strip() for value in record.split("\x1f", 4)]
        print(json.dumps(dict(zip(fields, values)), ensure_ascii=False))
'
