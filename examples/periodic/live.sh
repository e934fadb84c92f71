#!/usr/bin/env bash
# The reports of reports.yaml on an embedded cluster: each is written of the numbers of its own time.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/periodic

up 1 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]'
start=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
say "Every 2 seconds from $start, three times, numbers and a report of them"
mkdir "$work/files"
sed "s|START|$start|; s|DIR|$work/files|" "$here/groups/reports.yaml" >"$work/reports.yaml"
"$fairlead" submit "$work/reports.yaml"
"$fairlead" ps
"$fairlead" wait nightly/collect nightly/report
say "Three reports, each after its numbers"
cat "$work/files/report"
"$fairlead" describe nightly/report
[ "$(grep -c 'numbers of' "$work/files/report")" = 3 ]
