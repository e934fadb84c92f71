#!/usr/bin/env bash
# The DRF paper's example with real processes: starts an embedded cluster and a
# scheduler, lets two frameworks share 9 CPUs and 18 GB, ends one task, shows
# who is served next, and takes everything down again.
set -euo pipefail

. "$(dirname "$0")/../live.bash"
groups=$root/examples/paper/groups

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi; }

# Not grep -q, which leaves before it has read everything: then what it reads from fails.
ended() { "$fairlead" events --format json | grep '"instance.finished"'; }

say "1. An embedded cluster of one agent with 9 CPUs and 18 GB, and a scheduler"
up 1 'cpus:9;mem:18432;disk:16384;ports:[31000-31999]'
grep -i 'on top' "$work/up.log" || true
"$fairlead" agents

say "2. A asks for ten times <1 CPU, 4 GB>, B for ten times <3 CPUs, 1 GB>"
"$fairlead" submit "$groups/a.yaml" "$groups/b.yaml"
until_true 20 "three of A and two of B to run" runs A 3 B 2
"$fairlead" ps
say "3. Dominant Resource Fairness gave A three and B two: a share of 2/3 each"
"$fairlead" shares
"$fairlead" explain B/b

say "4. Copy 0 of A ends by itself. A is below B now, so A is served next"
until_true 30 "the first copy of A to end" ended
until_true 20 "A to run three copies again" runs A 3 B 2
"$fairlead" events | grep -E 'instance\.(finished|launched)' | tail -n 2
"$fairlead" ps
"$fairlead" shares

say "5. Taking everything down"
"$fairlead" kill A/a
"$fairlead" kill B/b
until_true 20 "all copies to end" runs A 0 B 0
kill -TERM "$up_pid"
wait "$up_pid"
up_pid=
echo "done: nothing is left running"
