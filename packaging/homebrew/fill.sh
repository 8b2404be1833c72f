#!/bin/sh
# Prints the formula of a release: packaging/homebrew/fill.sh REPOSITORY VERSION SHA256SUMS
set -eu
[ $# -eq 3 ] || { sed -n '2s/^# //p' "$0" >&2; exit 2; }
repository=$1 version=$2 sums=$3
formula=$(sed -e "s|REPOSITORY|$repository|g" -e "s|VERSION|$version|g" -e '/^# /d' "$(dirname "$0")/planguard.rb")
for target in $(printf '%s\n' "$formula" | sed -n 's/.*"SHA256-\(.*\)".*/\1/p'); do
    archive="planguard-v$version-$target.tar.gz"
    sum=$(sed -n "s|^\([0-9a-f]\{64\}\)  $archive\$|\1|p" "$sums")
    [ -n "$sum" ] || { echo "fill: $sums has no $archive" >&2; exit 2; }
    formula=$(printf '%s\n' "$formula" | sed "s|SHA256-$target|$sum|")
done
printf '%s\n' "$formula"
