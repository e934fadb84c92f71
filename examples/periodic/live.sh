#!/usr/bin/env bash
# The reports of reports.yaml on an embedded cluster: each is written of the numbers of its own time.
set -euo pipefail
. "$(dirname "$0")/../live.bash"
here=$root/examples/periodic

up 1 'cpus:4;mem:4096;disk:4096;ports:[31000-31099]'
say "Every 2 seconds numbers, and a report of them, until there are three"
mkdir "$work/files"
sed "s|DIR|$work/files|" "$here/groups/reports.yaml" >"$work/reports.yaml"
"$fairlead" submit "$work/reports.yaml"
"$fairlead" ps
three() { [ "$(grep -c 'numbers of' "$work/files/report")" -ge 3 ]; }
until_true 30 "three reports" three
say "Three reports, each after its numbers"
cat "$work/files/report"
"$fairlead" describe nightly/report
"$fairlead" kill nightly/collect
"$fairlead" kill nightly/report
