#!/usr/bin/env bash
# Packs a binary as a release has it:
#
#   scripts/package-release.sh TARGET BINARY DIRECTORY
#
# writes planguard-vVERSION-TARGET.tar.gz to DIRECTORY (.zip for Windows) and prints its name. Inside is one directory of
# that name, with the binary, licences, completions and pages for man. `BINARY` must run on this machine.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=$1 binary=$2
mkdir -p "$3"
to=$(cd "$3" && pwd)
top=$(cd "$(dirname "$0")/.." && pwd)

version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' "$top/Cargo.toml")
said=$("$binary" --version)
case "$said" in
"planguard $version"*) ;;
*)
    echo "package-release: $binary says \"$said\", and Cargo.toml says $version" >&2
    exit 2
    ;;
esac

name="planguard-v$version-$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name/completions" "$work/$name/man"
cp "$top/LICENSE" "$top/README.md" "$top/CHANGELOG.md" "$work/$name/"
# Written by cargo-about in the release workflow: the licences of what is linked into the binary.
[ ! -f "$top/THIRD-PARTY-LICENSES.html" ] || cp "$top/THIRD-PARTY-LICENSES.html" "$work/$name/"
for shell in bash zsh fish elvish powershell; do
    "$binary" completions "$shell" >"$work/$name/completions/planguard.$shell"
done
"$binary" man "$work/$name/man" >/dev/null

case "$target" in
*-windows-*)
    cp "$binary" "$work/$name/planguard.exe"
    (cd "$work" && 7z a -tzip -bso0 "$to/$name.zip" "$name")
    echo "$name.zip"
    ;;
*)
    install -m 755 "$binary" "$work/$name/planguard"
    tar -czf "$to/$name.tar.gz" -C "$work" "$name"
    echo "$name.tar.gz"
    ;;
esac
