#!/bin/sh
# Plans all units of a Terragrunt directory, and checks them as one run with one verdict.
set -eu
plans="$(mktemp -d)"
# The plans contain secrets in clear text.
trap 'rm -rf "$plans"' EXIT
terragrunt run --all --non-interactive --json-out-dir "$plans" -- plan -input=false
planguard check "$plans" "$@"
