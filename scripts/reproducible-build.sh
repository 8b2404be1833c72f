#!/usr/bin/env bash
# Builds the committed state twice, in two directories of different names, and compares the binaries:
#
#   scripts/reproducible-build.sh [PROFILE]
#
# PROFILE is `release` by default; `dev` is quicker and shows paths and times just as well. What leaves a path in a binary is
# mapped away: the directory of the sources, that of cargo, and that of the compiler's own library. scripts/release-flags.sh
# has the flags, which the release workflow uses as well.
set -euo pipefail
profile=${1:-release}
top=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for side in one a-much-longer-name; do
    mkdir "$work/$side"
    git -C "$top" archive HEAD | tar -x -C "$work/$side"
    (
        cd "$work/$side"
        # shellcheck source=scripts/release-flags.sh
        . scripts/release-flags.sh
        SOURCE_DATE_EPOCH=$(git -C "$top" log -1 --format=%ct)
        export SOURCE_DATE_EPOCH
        cargo build --locked --quiet --profile "$profile" --bin planguard
    )
done

directory=$profile
[ "$profile" != dev ] || directory=debug
one="$work/one/target/$directory/planguard" other="$work/a-much-longer-name/target/$directory/planguard"
sha256sum "$one" "$other" | sed "s|$work/||"
if cmp -s "$one" "$other"; then
    echo "the same bytes"
else
    echo "reproducible-build: the two builds differ" >&2
    exit 1
fi
