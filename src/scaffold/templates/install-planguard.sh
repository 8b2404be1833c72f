#!/bin/sh
# Installs planguard in $HOME/.planguard/bin, for the pipeline. Linux and macOS.
#
# No release of planguard is published yet: name a commit to build. Once there are releases, name the archive of one.
# Write the values between `:-` and `}`, or set the variables in the CI system. The pipeline fails while all are empty.
set -eu

# A release: the address of its archive for the runner's system (.tar.gz), and the SHA-256 that the release states.
archive_url="${INSTALL_ARCHIVE_URL:-}"
archive_sha256="${INSTALL_ARCHIVE_SHA256:-}"

# Or a commit, built with cargo (some minutes): the repository, and the full id of the commit. A branch or a tag can move.
git_url="${INSTALL_GIT_URL:-}"
git_rev="${INSTALL_GIT_REV:-}"

root="${INSTALL_ROOT:-$HOME/.planguard}"

fail() {
    echo "install-planguard: $1" >&2
    exit 2
}

# Whether a text is this number of hexadecimal digits.
is_hexadecimal() {
    [ "${#1}" -eq "$2" ] && [ -z "$(printf %s "$1" | tr -d 0-9a-fA-F)" ]
}

install_archive() {
    is_hexadecimal "$archive_sha256" 64 ||
        fail "archive_sha256 must be the SHA-256 of $archive_url: 64 hexadecimal digits"
    work="$(mktemp -d)"
    trap 'rm -rf "$work"' EXIT
    curl --fail --silent --show-error --location --proto '=https,file' --proto-redir '=https' --retry 3 --max-time 300 \
        --output "$work/planguard.tar.gz" -- "$archive_url" || fail "cannot download $archive_url"
    if command -v sha256sum >/dev/null; then
        sha256() { sha256sum "$@"; }
    else
        sha256() { shasum -a 256 "$@"; }
    fi
    if ! printf '%s  %s\n' "$archive_sha256" "$work/planguard.tar.gz" | sha256 -c - >/dev/null; then
        fail "$archive_url is not the file that archive_sha256 names; nothing was installed"
    fi
    mkdir "$work/files"
    tar -xzf "$work/planguard.tar.gz" -C "$work/files"
    found="$(find "$work/files" -type f -name planguard)"
    [ -f "$found" ] || fail "$archive_url must contain exactly one file named planguard"
    mkdir -p "$root/bin"
    chmod 755 "$found"
    mv -f "$found" "$root/bin/planguard"
}

install_commit() {
    is_hexadecimal "$git_rev" 40 || fail "git_rev must be the full id of a commit: 40 hexadecimal digits"
    command -v cargo >/dev/null || fail "cargo is needed to build planguard: https://rustup.rs"
    cargo install --locked --git "$git_url" --rev "$git_rev" --root "$root" planguard
}

case "${archive_url:+archive}${git_url:+commit}" in
archive) install_archive ;;
commit) install_commit ;;
'') fail "no release of planguard is published yet; set git_url and git_rev in $0 to a commit to build, or archive_url and archive_sha256 to a release" ;;
*) fail "$0 names a release and a commit; leave one of archive_url and git_url empty" ;;
esac

"$root/bin/planguard" --version
# Later steps find it by name.
if [ -n "${GITHUB_PATH:-}" ]; then
    echo "$root/bin" >>"$GITHUB_PATH"
fi
