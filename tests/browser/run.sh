#!/usr/bin/env bash
# Opens HTML pages of planguard in a headless Chromium: filters, keys, dependencies, no script, nothing loaded, accessibility.
#
#   tests/browser/run.sh [PLANGUARD] [SCREENSHOTS]
#
# Without node, npm or chromium nothing is tested, and one line says so.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
planguard="${1:-$here/../../target/debug/planguard}"
screenshots="${2:-}"

chromium="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
for program in node npm python3; do
    if ! command -v "$program" >/dev/null; then
        echo "skipped: the HTML page was not tested in a browser, for want of $program"
        exit 0
    fi
done
if [ -z "$chromium" ]; then
    echo "skipped: the HTML page was not tested in a browser, for want of chromium (apt-get install chromium)"
    exit 0
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$work/"
if ! npm install --prefix "$work" --no-audit --no-fund --silent; then
    echo "skipped: the HTML page was not tested in a browser, because npm could not install playwright-core and axe-core"
    exit 0
fi

# Exit code 1 is what is expected: the plans have findings that deny.
pages() {
    "$planguard" check "$1" --cost --benchmark cis-aws-5.0 --format html --output "$2" >/dev/null || [ $? -eq 1 ]
}
for resources in 20 500 5000; do
    python3 "$here/plan.py" "$resources" >"$work/plan-$resources.json"
    pages "$work/plan-$resources.json" "$work/page-$resources.html"
done
"$planguard" check "$work/plan-20.json" --cost --benchmark cis-aws-5.0 --format json --output "$work/report-20.json" >/dev/null || [ $? -eq 1 ]
"$planguard" check "$work/plan-500.json" --cost --benchmark cis-aws-5.0 --format json --output "$work/report-500.json" >/dev/null || [ $? -eq 1 ]
"$planguard" merge "$work/report-20.json" "$work/report-500.json" --format html --output "$work/index.html" >/dev/null || [ $? -eq 1 ]
cp "$here/page.mjs" "$work/"
CHROMIUM="$chromium" node "$work/page.mjs" "$work" "$screenshots"
