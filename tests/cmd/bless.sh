#!/bin/sh
# Regenerates the output in tests/cmd, and restores the wildcards for text that changes with guardrails or releases.
# Review the diff before committing it.
set -eu
cd "$(dirname "$0")/../.."
TRYCMD=overwrite cargo test --quiet --test suite commands_answer_as_written >/dev/null 2>&1
sed -i -E \
    -e 's/[0-9]+ of [0-9]+ rules? apply to this plan/[..] rules apply to this plan/' \
    -e 's/"(rules|rules_matching_nothing|passed)": [0-9]+,/"\1": [..],/' \
    -e 's/"sha256": "[0-9a-f]{64}"/"sha256": "[..]"/' \
    -e 's/"rules_sha256": "[0-9a-f]{64}"/"rules_sha256": "[..]"/' \
    -e 's/"settings_sha256": "[0-9a-f]{64}"/"settings_sha256": "[..]"/' \
    -e 's/"planguard_version": "[^"]+"/"planguard_version": "[..]"/' \
    -e 's/: No such file or directory \(os error 2\)/: [..]/' \
    -e 's/^planguard [0-9.]+$/planguard [..]/' \
    -e 's/ \([0-9]+\.[0-9]+ s\)$/ ([..] s)/' \
    tests/cmd/*.trycmd tests/cmd/*.toml
git diff --stat -- tests/cmd
